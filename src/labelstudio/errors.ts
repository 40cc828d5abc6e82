/**
 * What can go wrong between us and Label Studio. A message has two sentences: what happened, and what
 * to do. It never holds a token: messages are built from the address, the status and Label Studio's
 * own words, never from what was sent.
 */
export const labelStudioErrorCodes = [
  'bad-address',
  'bad-token',
  'unreachable',
  'cors',
  'timeout',
  'unauthorized',
  'legacy-token-disabled',
  'forbidden',
  'not-found',
  'bad-request',
  'too-many-requests',
  'server-error',
  'not-label-studio',
  'unexpected-answer',
  'label-config',
  'no-rectangle-labels',
  'no-match',
  'model-version-refused',
] as const;

export type LabelStudioErrorCode = (typeof labelStudioErrorCodes)[number];

interface ErrorFacts {
  readonly status?: number;
  readonly retryAfter?: number | null;
  readonly cause?: unknown;
}

/** Any failure of a call to Label Studio, or of reading what it said. */
export class LabelStudioError extends Error {
  override readonly name: string = 'LabelStudioError';
  readonly code: LabelStudioErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | null;
  /** Milliseconds after which the server wants to be asked again (Retry-After), when it says so. */
  readonly retryAfter: number | null;

  constructor(code: LabelStudioErrorCode, message: string, options: ErrorFacts = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? null;
    this.retryAfter = options.retryAfter ?? null;
  }
}

/** No class of the model has a label in the project: both lists are for the message's reader. */
export class NoMatchError extends LabelStudioError {
  override readonly name = 'NoMatchError';
  readonly classes: readonly string[];
  readonly labels: readonly string[];

  constructor(classes: readonly string[], labels: readonly string[]) {
    super(
      'no-match',
      `No class of the model has a label in the project (classes: ${list(classes)}; labels: ${list(labels)}). ` +
        'Map a class to a label by hand, or add predicted_values="..." to a Label in the labeling interface.',
    );
    this.classes = classes;
    this.labels = labels;
  }
}

export const imageFetchErrorCodes = [
  'image-field-missing',
  'image-not-found',
  'image-not-allowed',
  'image-cors',
  'image-unreachable',
  'image-timeout',
  'image-not-an-image',
  'image-unsupported-address',
  'image-server-error',
] as const;

export type ImageFetchErrorCode = (typeof imageFetchErrorCodes)[number];

/** The bytes of one task's image could not be had. */
export class ImageFetchError extends Error {
  override readonly name = 'ImageFetchError';
  readonly code: ImageFetchErrorCode;
  readonly status: number | null;
  readonly retryAfter: number | null;

  constructor(code: ImageFetchErrorCode, message: string, options: ErrorFacts = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? null;
    this.retryAfter = options.retryAfter ?? null;
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
