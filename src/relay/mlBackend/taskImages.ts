import { createLabelStudio } from '../../labelstudio/client.ts';
import type { LabelStudio } from '../../labelstudio/types.ts';
import type { FindAccess } from '../training/contracts.ts';
import { boundedFetch } from '../training/collect/boundedFetch.ts';
import { TrainingError } from '../training/contracts.ts';
import type { PredictTask } from './requests.ts';

/** Encoded bytes of a task's image. Throws `ImageFetchError`, `LabelStudioError`, or `TrainingError` 'no-label-studio'. */
export type FetchTaskImage = (task: PredictTask, field: string, signal: AbortSignal) => Promise<Blob>;

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
      kept = { key, client: createLabelStudio({ ...access, fetch: boundedFetch() }) };
    }
    return kept.client.fetchImage(task, field, signal);
  };
}
