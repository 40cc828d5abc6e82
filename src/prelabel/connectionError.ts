/**
 * The place that images come from or results go to does not answer as a whole; no single image is to blame.
 * 'unreachable' (network, 5xx, 429): the run waits and tries again by itself.
 * 'signed-out' (the token is not accepted any more): the run pauses where somebody can give it another one.
 * 'refused' (rights, project gone): a person has to act; the run ends and can be started again.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: 'unreachable' | 'signed-out' | 'refused';
  /** Milliseconds before which the other side does not want to be asked again; 0 when it did not say. */
  readonly retryAfter: number;

  constructor(
    code: ConnectionError['code'],
    message: string,
    options: ErrorOptions & { readonly retryAfter?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfter = options.retryAfter ?? 0;
  }
}
