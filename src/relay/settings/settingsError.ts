export type SettingsErrorCode =
  /** config.json is no JSON object, or holds what it must not. */
  | 'config-invalid'
  /** credentials.json cannot be read. */
  | 'credentials-invalid'
  | 'setting-unknown'
  /** A flag, a variable or a key has a value that it cannot have. */
  | 'setting-invalid'
  /** A secret where everybody could read it. */
  | 'setting-secret';

/** A setting that cannot be used. The message names the file, variable or flag, and never a secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code: SettingsErrorCode;

  constructor(code: SettingsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
