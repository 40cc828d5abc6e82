/** What a shell is told. 0: every image was tried; 1: nothing could be done; 2: wrong usage; 130: Ctrl+C. */
export type ExitCode = 0 | 1 | 2 | 130;

/** The command line itself is wrong. The message says what, `hint` what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export type CommandErrorCode = 'no-images' | 'no-browser' | 'no-native' | 'engine-page';

/** The command line is right, and the work could not be done. The message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
