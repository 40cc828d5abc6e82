import * as v from 'valibot';
import { manifestSchema } from '../../detector/manifest.ts';

/** One entry of `GET /models`, as the relay serves it. */
const listedModelSchema = v.object({
  name: v.string(),
  version: v.string(),
  origin: v.picklist(['bundled', 'own', 'folder']),
  /** Folder of its files, with a slash at the end. */
  url: v.string(),
  manifest: manifestSchema,
});

const modelListSchema = v.object({
  models: v.array(listedModelSchema),
  problems: v.array(v.string()),
});

export type ListedModel = v.InferOutput<typeof listedModelSchema>;
export type ModelList = v.InferOutput<typeof modelListSchema>;

/** The models that Forelabel's server offers. Throws with what to do when it does not answer. */
export async function fetchModels(signal: AbortSignal): Promise<ModelList> {
  let answer: unknown;
  try {
    const response = await fetch('/models', { signal, headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    answer = await response.json();
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Error(
      'Forelabel’s own server does not answer. Start it again with "npm start" and reload this page.',
      {
        cause,
      },
    );
  }
  const parsed = v.safeParse(modelListSchema, answer);
  if (!parsed.success) {
    throw new Error(
      'The list of models cannot be read. Start the server of this version of Forelabel and reload.',
    );
  }
  return parsed.output;
}
