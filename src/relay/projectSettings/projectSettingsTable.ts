import type { Client, Row } from '@libsql/client';
import type { ProjectSettings, ProjectSettingsPatch } from '../../training/api.ts';
import { labelStudioName } from '../labelStudioName.ts';
import type { FindAccess } from '../training/contracts.ts';

/** What the relay remembers for each project of its Label Studio. */
export interface ProjectSettingsStore {
  /** The defaults where nothing is kept. */
  get(project: number): Promise<ProjectSettings>;
  change(project: number, patch: ProjectSettingsPatch): Promise<ProjectSettings>;
  /** Adds to the annotations since the last training. */
  count(project: number, annotations: number): Promise<ProjectSettings>;
  /** A training has begun: it knows all that there is. */
  resetCount(project: number): Promise<void>;
  /** Projects that train by themselves and have enough annotations for it. */
  due(): Promise<readonly number[]>;
}

export const defaultProjectSettings: ProjectSettings = {
  model: null,
  trainEvery: 0,
  annotations: 0,
  threshold: 0.3,
  takeNewModel: false,
};

/** Projects of a Label Studio whose annotations are counted unasked: events may name projects that do not exist. */
const mostProjects = 10_000;

/** @param threshold of projects for which none was chosen, 0..1 */
export function projectSettingsStore(
  database: Client,
  findAccess: FindAccess,
  threshold: number = defaultProjectSettings.threshold,
  mostCounted: number = mostProjects,
): ProjectSettingsStore {
  const defaults: ProjectSettings = { ...defaultProjectSettings, threshold };
  const nameOf = () => labelStudioName(findAccess);

  async function get(project: number): Promise<ProjectSettings> {
    const { rows } = await database.execute({
      sql: 'SELECT * FROM project_settings WHERE label_studio = ? AND project = ?',
      args: [await nameOf(), project],
    });
    return rows[0] === undefined ? defaults : settingsOf(rows[0], defaults);
  }

  /** Makes the row where there is none and fewer than `mostRows` are, and changes it in the same step. */
  async function write(
    project: number,
    assignment: string,
    args: readonly (string | number | null)[],
    mostRows: number = Number.MAX_SAFE_INTEGER,
  ) {
    const name = await nameOf();
    await database.batch(
      [
        {
          sql: `INSERT INTO project_settings (label_studio, project, model, train_every, annotations, threshold, take_new_model)
                SELECT ?, ?, NULL, ?, 0, NULL, ?
                WHERE (SELECT COUNT(*) FROM project_settings WHERE label_studio = ?) < ?
                ON CONFLICT DO NOTHING`,
          args: [name, project, defaults.trainEvery, Number(defaults.takeNewModel), name, mostRows],
        },
        {
          sql: `UPDATE project_settings SET ${assignment} WHERE label_studio = ? AND project = ?`,
          args: [...args, name, project],
        },
      ],
      'write',
    );
    return get(project);
  }

  return {
    get,
    async change(project, { model, trainEvery, threshold: chosen, takeNewModel }) {
      const columns: [string, string | number | null | undefined][] = [
        ['model', model],
        ['train_every', trainEvery],
        ['threshold', chosen],
        ['take_new_model', takeNewModel === undefined ? undefined : Number(takeNewModel)],
      ];
      const changed = columns.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
      if (changed.length === 0) return get(project);
      return write(
        project,
        changed.map(({ name }) => `${name} = ?`).join(', '),
        changed.map(({ value }) => value),
      );
    },
    count: (project, annotations) =>
      write(project, 'annotations = annotations + ?', [annotations], mostCounted),
    async resetCount(project) {
      await database.execute({
        sql: 'UPDATE project_settings SET annotations = 0 WHERE label_studio = ? AND project = ?',
        args: [await nameOf(), project],
      });
    },
    async due() {
      const { rows } = await database.execute({
        sql: `SELECT project FROM project_settings
              WHERE label_studio = ? AND train_every > 0 AND annotations >= train_every`,
        args: [await nameOf()],
      });
      return rows.map((row) => Number(row.project));
    },
  };
}

function settingsOf(row: Row, defaults: ProjectSettings): ProjectSettings {
  return {
    model: typeof row.model === 'string' ? row.model : null,
    trainEvery: Number(row.train_every),
    annotations: Number(row.annotations),
    // None was chosen: it follows the setting.
    threshold: typeof row.threshold === 'number' ? row.threshold : defaults.threshold,
    takeNewModel: Number(row.take_new_model) === 1,
  };
}
