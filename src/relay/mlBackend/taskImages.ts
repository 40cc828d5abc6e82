import { createLabelStudio } from '../../labelstudio/client.ts';
import type { LabelStudio } from '../../labelstudio/types.ts';
import type { FindAccess } from '../training/contracts.ts';
import { TrainingError } from '../training/contracts.ts';
import type { PredictTask } from './requests.ts';

/** Encoded bytes of a task's image. Throws `ImageFetchError`, `LabelStudioError`, or `TrainingError` 'no-label-studio'. */
export type FetchTaskImage = (task: PredictTask, field: string, signal: AbortSignal) => Promise<Blob>;

/** No image that the detector takes is larger. */
const mostBytes = 256 * 1024 * 1024;

/**
 * Images with the token that the user gave the relay. Addresses without a host, and those of the configured Label
 * Studio, are asked for there; others anywhere, without the token.
 */
export function taskImages(findAccess: FindAccess): FetchTaskImage {
  let kept: { readonly key: string; readonly client: LabelStudio } | null = null;
  return async (task, field, signal) => {
    const access = await findAccess();
    if (access === null) {
      throw new TrainingError(
        'no-label-studio',
        'Forelabel has no address and token of Label Studio, so it cannot fetch images. Give it both on the Train page, or with LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.',
      );
    }
    const key = `${access.url} ${access.token}`;
    // Kept, because it holds the access token that the user's token has bought.
    if (kept?.key !== key) {
      kept = { key, client: createLabelStudio({ ...access, fetch: boundedFetch }) };
    }
    return kept.client.fetchImage(task, field, signal);
  };
}

/** `fetch` that stops reading what cannot be an image any more. */
const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (response.body === null) return response;
  let size = 0;
  const bounded = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > mostBytes) controller.error(new Error('The answer is larger than any image.'));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Response(bounded, response);
};
