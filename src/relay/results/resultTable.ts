import type { Client } from '@libsql/client';
import * as v from 'valibot';
import type { Detection } from '../../detector/types.ts';
import { storedResultSchema, type StoredResult } from '../../training/api.ts';
import { labelStudioName } from '../labelStudioName.ts';
import type { FindAccess } from '../training/contracts.ts';

/** Raw detections by project, task and model version, so that no image is looked at twice. */
export interface ResultStore {
  /** In place of earlier ones of the same task and version. */
  put(results: readonly StoredResult[]): Promise<void>;
  /** By task; tasks without a result are missing. */
  find(
    project: number,
    modelVersion: string,
    tasks: readonly number[],
  ): Promise<ReadonlyMap<number, ImageResult>>;
}

export interface ImageResult {
  /** Of the upright image, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
}

/** Rows kept, some 100 bytes to a few kB each. Old model versions are the oldest. */
const mostRows = 500_000;
/** Statements a batch, so that the event loop is not blocked for long. */
const chunk = 200;

const detectionsSchema = storedResultSchema.entries.detections;

export function resultStore(database: Client, findAccess: FindAccess, keep: number = mostRows): ResultStore {
  let written = 0;

  async function prune(): Promise<void> {
    // Row ids grow: a replaced row gets a new one.
    await database.execute({
      sql: 'DELETE FROM results WHERE rowid <= (SELECT MAX(rowid) FROM results) - ?',
      args: [keep],
    });
  }

  return {
    async put(results) {
      const name = await labelStudioName(findAccess);
      for (let start = 0; start < results.length; start += chunk) {
        const part = results.slice(start, start + chunk);
        await database.batch(
          part.map(({ project, task, modelVersion, width, height, detections }) => ({
            sql: `INSERT OR REPLACE INTO results (label_studio, project, task, model, width, height, detections)
                  VALUES (?, ?, ?, ?, ?, ?, ?)`,
            args: [name, project, task, modelVersion, width, height, JSON.stringify(detections)],
          })),
          'write',
        );
        written += part.length;
        await breath();
      }
      if (written < Math.min(1000, keep)) return;
      written = 0;
      await prune();
    },

    async find(project, modelVersion, tasks) {
      const found = new Map<number, ImageResult>();
      const name = await labelStudioName(findAccess);
      for (let start = 0; start < tasks.length; start += chunk) {
        const part = tasks.slice(start, start + chunk);
        const { rows } = await database.execute({
          sql: `SELECT task, width, height, detections FROM results
                WHERE label_studio = ? AND project = ? AND model = ? AND task IN (${part.map(() => '?').join()})`,
          args: [name, project, modelVersion, ...part],
        });
        for (const { task, width, height, detections } of rows) {
          found.set(Number(task), {
            width: Number(width),
            height: Number(height),
            detections: v.parse(detectionsSchema, JSON.parse(v.parse(v.string(), detections))),
          });
        }
        await breath();
      }
      return found;
    },
  };
}

/** Other requests have their turn between two chunks. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
