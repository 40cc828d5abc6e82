export type RelayErrorCode =
  'port-busy' | 'already-running' | 'address-unavailable' | 'model-not-found' | 'model-invalid';

/** What went wrong outside a request: at start, or when a model is looked up. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  readonly code: RelayErrorCode;

  constructor(code: RelayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
