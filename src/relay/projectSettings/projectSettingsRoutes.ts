import { Hono } from 'hono';
import * as v from 'valibot';
import { projectSettingsPatchSchema, type ProjectSettings } from '../../training/api.ts';
import { refuse } from '../auth/refusal.ts';
import { findModel, type Catalog } from '../modelCatalog.ts';
import { projectNumber } from './projectNumber.ts';
import type { ProjectSettingsStore } from './projectSettingsTable.ts';

/** GET and PATCH `/projects/:id`, to be mounted at `/api`. */
export function projectSettingsRoutes(settings: ProjectSettingsStore, models: () => Promise<Catalog>): Hono {
  const routes = new Hono();

  routes.get('/projects/:id', async (c) => {
    const project = projectNumber(c.req.param('id'));
    if (project === null) return refuse(c, 404, 'project-unknown', unknownProject);
    return c.json<ProjectSettings>(await settings.get(project));
  });

  routes.patch('/projects/:id', async (c) => {
    const project = projectNumber(c.req.param('id'));
    if (project === null) return refuse(c, 404, 'project-unknown', unknownProject);
    const patch = v.safeParse(projectSettingsPatchSchema, await c.req.json().catch(() => null));
    if (!patch.success) {
      const where = v.getDotPath(patch.issues[0]) ?? 'the body';
      return refuse(
        c,
        400,
        'bad-settings',
        `The settings cannot be read (${where}). Send model, trainEvery, threshold or takeNewModel as GET gives them.`,
      );
    }
    const { model } = patch.output;
    if (model !== undefined && model !== null) {
      const found = findModel((await models()).models, model);
      if (found === undefined) {
        return refuse(
          c,
          422,
          'model-not-found',
          'There is no such model here. Choose one that GET /models lists.',
        );
      }
      // A name may mean another model tomorrow; a version does not.
      return c.json<ProjectSettings>(
        await settings.change(project, { ...patch.output, model: found.version }),
      );
    }
    return c.json<ProjectSettings>(await settings.change(project, patch.output));
  });

  return routes;
}

export const unknownProject =
  'This is no number of a Label Studio project. Take it from the address of the project.';
