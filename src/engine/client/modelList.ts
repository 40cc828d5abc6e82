import * as v from 'valibot';
import { manifestSchema, primaryFile } from '../../detector/manifest.ts';
import { isModelCached, keepList, keptList } from './modelCache.ts';

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
export type ModelList = v.InferOutput<typeof modelListSchema> & {
  /** Forelabel's server did not answer: these are the models whose files are kept here. */
  readonly offline?: boolean;
};

/**
 * The models that Forelabel's server offers; where it does not answer, those of its last answer whose files are kept
 * here, marked as such. Throws with what to do when there is neither.
 */
export async function fetchModels(signal: AbortSignal): Promise<ModelList> {
  let answer: unknown;
  try {
    const response = await fetch('/models', { signal, headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    answer = await response.json();
  } catch (cause) {
    if (signal.aborted) throw cause;
    const kept = await keptModels();
    if (kept.length > 0) return { models: kept, problems: [], offline: true };
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
  await keepList(JSON.stringify(answer));
  return parsed.output;
}

async function keptModels(): Promise<ListedModel[]> {
  const list = await keptList();
  const parsed = v.safeParse(modelListSchema, list === null ? null : JSON.parse(list));
  if (!parsed.success) return [];
  const { models } = parsed.output;
  const cached = await Promise.all(models.map(({ manifest }) => isModelCached(primaryFile(manifest))));
  return models.filter((_, index) => cached[index]);
}
