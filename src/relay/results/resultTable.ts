import { createHash } from 'node:crypto';
import type { Client } from '@libsql/client';
import * as v from 'valibot';
import type { Detection } from '../../detector/types.ts';
import { storedResultSchema, type StoredResult } from '../../training/api.ts';
import { labelStudioName } from '../labelStudioName.ts';
import type { FindAccess } from '../training/contracts.ts';

/** Raw detections by project, task, image and model version, so that no image is looked at twice. */
export interface ResultStore {
  /** In place of earlier ones of the same task, field and version. */
  put(results: readonly KeptResult[]): Promise<void>;
  /** By task; tasks without a result for this very image are missing. */
  find(
    project: number,
    modelVersion: string,
    field: string,
    tasks: readonly TaskImage[],
  ): Promise<ReadonlyMap<number, ImageResult>>;
}

/** A result, and the address of the image where it is known: another one there is another image. */
export type KeptResult = StoredResult & { readonly address?: string };

export interface TaskImage {
  readonly id: number;
  /** What the task has in the field; undefined: nothing that is an address. */
  readonly address: string | undefined;
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

const rowSchema = v.object({
  task: v.number(),
  field: v.string(),
  address: v.string(),
  width: v.number(),
  height: v.number(),
  detections: v.pipe(v.string(), v.parseJson(), storedResultSchema.entries.detections),
});

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
          part.map(({ project, task, modelVersion, field = '', address, width, height, detections }) => ({
            sql: `INSERT OR REPLACE INTO results
                  (label_studio, project, task, model, field, address, width, height, detections)
                  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            args: [
              ...[name, project, task, modelVersion, field, digestOf(address)],
              ...[width, height, JSON.stringify(detections)],
            ],
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

    async find(project, modelVersion, field, tasks) {
      const found = new Map<number, ImageResult>();
      const name = await labelStudioName(findAccess);
      const addresses = new Map(tasks.map(({ id, address }) => [id, digestOf(address)]));
      const ids = [...addresses.keys()];
      for (let start = 0; start < ids.length; start += chunk) {
        const part = ids.slice(start, start + chunk);
        // What names the field comes last, and wins.
        const { rows } = await database.execute({
          sql: `SELECT task, field, address, width, height, detections FROM results
                WHERE label_studio = ? AND project = ? AND model = ? AND field IN ('', ?)
                  AND task IN (${part.map(() => '?').join()})
                ORDER BY field`,
          args: [name, project, modelVersion, field, ...part],
        });
        for (const row of rows) {
          // One that cannot be read is made anew, and costs the others nothing.
          const parsed = v.safeParse(rowSchema, { ...row });
          if (!parsed.success) continue;
          const { task, address, width, height, detections } = parsed.output;
          if (address !== '' && address !== addresses.get(task)) continue;
          found.set(task, { width, height, detections });
        }
        await breath();
      }
      return found;
    },
  };
}

/** Addresses may be megabytes ('data:'), or hold a signature that opens them. '': not known. */
function digestOf(address: string | undefined): string {
  return address === undefined ? '' : createHash('sha256').update(address).digest('base64url');
}

/** Other requests have their turn between two chunks. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
