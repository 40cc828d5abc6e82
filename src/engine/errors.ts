/** Everything that can go wrong in an engine, by a code that survives the worker's border. */
export type EngineErrorCode =
  | 'image-empty'
  | 'image-not-an-image'
  | 'image-truncated'
  | 'image-too-large'
  | 'image-unsupported'
  | 'model-download'
  | 'model-hash'
  | 'model-invalid'
  | 'self-test'
  | 'backend-unavailable'
  | 'device-lost'
  | 'worker-crashed'
  | 'no-answer'
  | 'relay-failed'
  | 'out-of-memory'
  | 'inference-failed'
  | 'disposed';

/** What happened, and what the user can do about it. */
const sentences: Readonly<Record<EngineErrorCode, readonly [what: string, next: string]>> = {
  'image-empty': ['The image file is empty', 'Upload it again or remove it.'],
  'image-not-an-image': [
    'The file is not an image that can be read',
    'Check that the address gives a JPEG, PNG, WebP, GIF or BMP and not, say, a login page.',
  ],
  'image-truncated': [
    'The image file is damaged or cut off',
    'Upload it again, or save it as an ordinary JPEG or PNG.',
  ],
  'image-too-large': ['The image is too large', 'Scale it down below 300 megapixels and try again.'],
  'image-unsupported': [
    'This kind of image file is not supported here',
    'Convert it to JPEG or PNG and try again.',
  ],
  'model-download': [
    'The model could not be downloaded',
    'Check the connection to the Forelabel server and try again.',
  ],
  'model-hash': [
    'The model file is not the one its manifest names',
    'Download or export the model again; this file was not used.',
  ],
  'model-invalid': ['The model file does not fit its manifest', 'Export the model again.'],
  'self-test': [
    'The model gave wrong numbers in its self-test',
    'Update the graphics driver or the browser, or choose another engine.',
  ],
  'backend-unavailable': ['No engine can run here', 'Use a current browser, or the command line.'],
  'device-lost': [
    'The graphics device was lost',
    'Try the image again; close other programs that use the GPU if it repeats.',
  ],
  'worker-crashed': [
    'The detector stopped unexpectedly',
    'Try the image again; reload the page if it repeats.',
  ],
  'no-answer': ['The detector did not answer in time', 'Try the image again, or choose another engine.'],
  'relay-failed': [
    'Forelabel’s relay could not be used',
    'Check that "forelabel serve" still runs, or choose another engine.',
  ],
  'out-of-memory': ['There was not enough memory', 'Close other tabs or use a smaller image or model.'],
  'inference-failed': ['The detector failed on this image', 'Try it again, or choose another engine.'],
  disposed: ['The engine has been shut down', 'Load the model again.'],
};

/** False for codes of others and of later versions. */
export function isEngineErrorCode(code: string): code is EngineErrorCode {
  return Object.hasOwn(sentences, code);
}

/**
 * A failure of an engine. The message is two sentences: what happened (with `detail`, if any) and
 * what to do next.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** The part of the message that differs from case to case, without a full stop. */
  readonly detail: string | undefined;
  /** The first sentence, without its full stop: what happened, to be used inside other sentences. */
  readonly what: string;

  constructor(code: EngineErrorCode, detail?: string, options?: ErrorOptions) {
    const [happened, next] = sentences[code];
    const plainDetail = detail?.replace(/\s+/gu, ' ').replace(/[\s.:]+$/u, '');
    const what = `${happened}${plainDetail ? ` (${plainDetail})` : ''}`;
    super(`${what}. ${next}`, options);
    this.code = code;
    this.detail = plainDetail;
    this.what = what;
  }
}

/** An `EngineError` stays itself; anything else becomes one with `code` and the error's message as detail. */
export function asEngineError(error: unknown, code: EngineErrorCode): EngineError {
  if (error instanceof EngineError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const memory =
    /out of memory|std::bad_alloc|allocation failed|(?:failed to|could not|cannot) allocate|Array buffer allocation/iu;
  return new EngineError(memory.test(detail) ? 'out-of-memory' : code, detail, { cause: error });
}

/** True for failures of the machinery, where the same image deserves another try elsewhere. */
export function isMachineFailure(error: unknown): error is EngineError {
  return (
    error instanceof EngineError &&
    (error.code === 'device-lost' ||
      error.code === 'worker-crashed' ||
      error.code === 'no-answer' ||
      error.code === 'relay-failed' ||
      error.code === 'out-of-memory' ||
      error.code === 'inference-failed')
  );
}
