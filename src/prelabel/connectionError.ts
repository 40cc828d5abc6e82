/**
 * The place that images come from or results go to does not answer as a whole; no single image is to blame.
 * 'unreachable' (network, 5xx, 429): the run waits and tries again by itself.
 * 'refused' (token, rights, project gone): a person has to act; the run ends and can be started again.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: 'unreachable' | 'refused';

  constructor(code: 'unreachable' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
