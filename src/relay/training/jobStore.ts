import type { Client, InStatement, InValue, Row } from '@libsql/client';
import type { JobState } from '../../training/job.ts';
import { newRow, patchColumns, readRow, workingStates, type JobPatch, type JobRecord } from './jobRow.ts';

/** Jobs that wait or are worked on: a project has one of them at most. */
export const activeStates: readonly JobState[] = ['queued', ...workingStates];
export const endedStates: readonly JobState[] = ['done', 'failed', 'cancelled', 'interrupted'];

const active = activeStates.map((state) => `'${state}'`).join(', ');
const nextRevision = 'UPDATE job_revision SET value = value + 1';
const revision = '(SELECT value FROM job_revision)';

/**
 * The jobs' table. Every change is one guarded statement: it names the states in which it is right, so that
 * a cancel and a step forward, from whatever process, cannot overtake each other.
 */
export class JobStore {
  readonly #database: Client;

  constructor(database: Client) {
    this.#database = database;
  }

  /** False: the project has a job already that waits or is worked on. */
  async insert(record: Pick<JobRecord, 'job' | 'queued'>): Promise<boolean> {
    const columns = newRow(record);
    const { rowsAffected } = await this.#write({
      sql: `INSERT INTO jobs (${columns.map(([name]) => name).join(', ')}, revision)
        SELECT ${columns.map(() => '?').join(', ')}, ${revision}
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE label_studio = ? AND project = ? AND state IN (${active}))`,
      args: [...columns.map(([, value]) => value), record.job.labelStudio, record.job.project],
    });
    return rowsAffected === 1;
  }

  /**
   * Changes a job that is in one of the states `from`; undefined where it is not (any more).
   *
   * @param owner whose lease the change needs: a worker that lost it must not write.
   */
  async change(
    id: string,
    from: readonly JobState[],
    patch: JobPatch,
    owner?: string,
  ): Promise<JobRecord | undefined> {
    const columns = patchColumns(patch);
    const lease = "AND EXISTS (SELECT 1 FROM leases WHERE name = 'training' AND owner = ?)";
    const { rows } = await this.#write({
      sql: `UPDATE jobs SET ${columns.map(([name]) => `${name} = ?, `).join('')}revision = ${revision}
        WHERE id = ? AND state IN (${from.map(() => '?').join(', ')}) ${owner === undefined ? '' : lease}
        RETURNING *`,
      args: [...columns.map(([, value]) => value), id, ...from, ...(owner === undefined ? [] : [owner])],
    });
    return rows.map(readRow)[0];
  }

  /** Puts an ended job back into the queue, unless another one of its project is active: then undefined. */
  async queueAgain(id: string, from: readonly JobState[], patch: JobPatch): Promise<JobRecord | undefined> {
    const columns = patchColumns({ ...patch, state: 'queued' });
    const { rows } = await this.#write({
      sql: `UPDATE jobs SET ${columns.map(([name]) => `${name} = ?, `).join('')}revision = ${revision}
        WHERE id = ? AND state IN (${from.map(() => '?').join(', ')})
        AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.label_studio = jobs.label_studio
          AND other.project = jobs.project AND other.state IN (${active}))
        RETURNING *`,
      args: [...columns.map(([, value]) => value), id, ...from],
    });
    return rows.map(readRow)[0];
  }

  async get(id: string): Promise<JobRecord | undefined> {
    return (await this.#read('WHERE id = ? AND removed = 0', [id]))[0];
  }

  /** Newest first. */
  list(): Promise<readonly JobRecord[]> {
    return this.#read('WHERE removed = 0 ORDER BY id DESC');
  }

  /** The one of this project that waits or is worked on. */
  async active(labelStudio: string, project: number): Promise<JobRecord | undefined> {
    const where = `WHERE label_studio = ? AND project = ? AND state IN (${active})`;
    return (await this.#read(where, [labelStudio, project]))[0];
  }

  /** What the project's trainings made, newest first. */
  async models(labelStudio: string, project: number): Promise<readonly string[]> {
    const { rows } = await this.#database.execute({
      sql: `SELECT model FROM jobs WHERE label_studio = ? AND project = ? AND model IS NOT NULL ORDER BY ended DESC`,
      args: [labelStudio, project],
    });
    return rows.map(({ model }) => model as string);
  }

  /** The RectangleLabels tag that was chosen for the project last. */
  async usualControl(labelStudio: string, project: number): Promise<string | undefined> {
    const jobs = await this.#read('WHERE label_studio = ? AND project = ? ORDER BY id DESC', [
      labelStudio,
      project,
    ]);
    return jobs.find(({ job }) => job.request.control !== undefined)?.job.request.control;
  }

  /** What to work on next: first what was begun, then what waits longest. */
  async next(): Promise<JobRecord | undefined> {
    const order = `ORDER BY state = 'queued', queued, id LIMIT 1`;
    return (await this.#read(`WHERE state IN (${active}) ${order}`))[0];
  }

  /** Jobs that nobody works on and that have a step which may still run: cancelled ones of a dead relay. */
  async leftSteps(): Promise<readonly JobRecord[]> {
    const working = workingStates.map((state) => `'${state}'`).join(', ');
    return this.#read(`WHERE step IS NOT NULL AND state NOT IN (${working})`);
  }

  /** Ended jobs but the `keep` newest. */
  endedBefore(keep: number): Promise<readonly JobRecord[]> {
    return this.#read(
      `WHERE removed = 0 AND state NOT IN (${active}) ORDER BY ended DESC, id DESC LIMIT -1 OFFSET ?`,
      [keep],
    );
  }

  /**
   * False: it has not ended, or its step is still being stopped. The row stays, unseen: it says which model
   * belongs to the project.
   */
  async remove(id: string): Promise<boolean> {
    const { rowsAffected } = await this.#write({
      sql: `UPDATE jobs SET removed = 1, revision = ${revision}
        WHERE id = ? AND state NOT IN (${active}) AND step IS NULL AND removed = 0`,
      args: [id],
    });
    return rowsAffected === 1;
  }

  /** Of the last change. */
  async revision(): Promise<number> {
    const { rows } = await this.#database.execute('SELECT value FROM job_revision');
    return Number(rows[0]?.value ?? 0);
  }

  /** What has changed since, oldest change first. */
  changedSince(since: number): Promise<readonly JobRecord[]> {
    return this.#read('WHERE removed = 0 AND revision > ? ORDER BY revision', [since]);
  }

  async #read(clause: string, args: readonly InValue[] = []): Promise<readonly JobRecord[]> {
    const { rows } = await this.#database.execute({ sql: `SELECT * FROM jobs ${clause}`, args: [...args] });
    return rows.map(readRow);
  }

  async #write(
    statement: InStatement,
  ): Promise<{ readonly rows: readonly Row[]; readonly rowsAffected: number }> {
    const results = await this.#database.batch([nextRevision, statement], 'write');
    const result = results[1];
    if (result === undefined) throw new Error('The database gave no answer.');
    return result;
  }
}
