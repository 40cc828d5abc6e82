import { ImageFetchError, LabelStudioError } from '../../../labelstudio/errors.ts';
import { EngineError } from '../../../engine/errors.ts';
import { TrainingError } from '../contracts.ts';

const codes: Readonly<Partial<Record<LabelStudioError['code'], string>>> = {
  unauthorized: 'token-refused',
  'bad-token': 'token-refused',
  'legacy-token-disabled': 'token-refused',
  forbidden: 'token-refused',
  unreachable: 'label-studio-unreachable',
  timeout: 'label-studio-unreachable',
  'not-label-studio': 'label-studio-unreachable',
  'bad-address': 'label-studio-unreachable',
  'no-rectangle-labels': 'no-rectangles',
};

/** Names shown in a message, the rest counted. */
const SHOWN = 5;

/** What collecting may reject with as a `TrainingError`; anything else, aborts included, stays itself. */
export function asTrainingError(error: unknown): unknown {
  if (error instanceof LabelStudioError) {
    return new TrainingError(codes[error.code] ?? `label-studio-${error.code}`, error.message, {
      cause: error,
    });
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TrainingError(
      'disk-full',
      'The disk is full: the images for the training do not fit. Free some space, or set FORELABEL_HOME to a folder on a larger disk.',
      { cause: error },
    );
  }
  return error;
}

/** Whether an error is about one image, not about everything. */
export function isImageProblem(error: unknown): error is ImageFetchError | EngineError {
  if (error instanceof ImageFetchError) return true;
  return error instanceof EngineError && error.code.startsWith('image-');
}

/** What happened, without what to do and without the full stop: to be used inside other sentences. */
export function firstSentence(error: Error): string {
  const text = error instanceof EngineError ? error.what : (error.message.split(/\.\s/u)[0] ?? '');
  return text.replace(/\.$/u, '');
}

/** 'a, b, c and 4 more'. */
export function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** '1 box', '3 boxes'. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
