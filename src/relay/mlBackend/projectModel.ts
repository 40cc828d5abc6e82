import type { Logger } from 'pino';
import { findModel, type Catalog, type CatalogModel } from '../modelCatalog.ts';
import type { ProjectSettingsStore } from '../projectSettings/projectSettingsTable.ts';

/** Model version of the newest training for a project, or null. */
export type NewestModelOf = (project: number) => Promise<string | null>;

export interface ProjectModelSources {
  readonly models: () => Promise<Catalog>;
  readonly settings: Pick<ProjectSettingsStore, 'get'>;
  readonly newestModelOf: NewestModelOf;
  readonly log: Logger;
}

/**
 * The model that predicts for a project: the chosen one, else the newest that was trained for it, else the bundled
 * one. One that is not there (any more) is passed over. Undefined: no model is installed.
 */
export async function projectModel(
  project: number | null,
  { models, settings, newestModelOf, log }: ProjectModelSources,
): Promise<CatalogModel | undefined> {
  const catalog = (await models()).models;
  if (project !== null) {
    const { model: chosen } = await settings.get(project);
    for (const version of [chosen, await newestModelOf(project)]) {
      if (version === null) continue;
      const found = findModel(catalog, version);
      if (found !== undefined) return found;
      log.warn({ project, model: version }, 'a model of this project is missing; the next best one predicts');
    }
  }
  return catalog.find(({ origin }) => origin === 'bundled') ?? catalog[0];
}
