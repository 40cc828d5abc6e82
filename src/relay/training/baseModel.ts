import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findModel, type CatalogModel } from '../modelCatalog.ts';
import { TrainingError } from './contracts.ts';

/** What MMDetection needs of a model to go on from it. */
export interface TrainableModel {
  readonly config: string;
  readonly checkpoint: string;
}

/**
 * The model to start from: the wanted one, else the newest of `own` (what the project's trainings made, newest
 * first), else the one that came with Forelabel. Throws `TrainingError` 'base-unknown'.
 */
export function chooseBase(
  models: readonly CatalogModel[],
  wanted: string | undefined,
  own: readonly string[],
): CatalogModel {
  if (wanted !== undefined) {
    const found = findModel(models, wanted);
    if (found) return found;
    throw new TrainingError(
      'base-unknown',
      `There is no model "${wanted}" to start from. Choose one of: ${models.map(({ version }) => version).join(', ')}.`,
    );
  }
  const byVersion = new Map(models.map((model) => [model.version, model]));
  const newest = own.map((version) => byVersion.get(version)).find((model) => model !== undefined);
  const base = newest ?? models.find(({ origin }) => origin === 'bundled') ?? models[0];
  if (base) return base;
  throw new TrainingError(
    'base-unknown',
    'There is no model to start from. Install Forelabel again: a model comes with it.',
  );
}

/** The base's files for MMDetection. Throws `TrainingError` 'base-not-trainable' where it has none. */
export async function trainableFiles({ folder, version }: CatalogModel): Promise<TrainableModel> {
  const files = { config: join(folder, 'config.py'), checkpoint: join(folder, 'checkpoint.pth') };
  for (const file of Object.values(files)) {
    try {
      await stat(file);
    } catch (cause) {
      throw new TrainingError(
        'base-not-trainable',
        `${version} can detect but cannot be trained further: ${file} is missing. Copy the file there, or start from another model.`,
        { cause },
      );
    }
  }
  return files;
}
