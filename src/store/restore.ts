import * as v from 'valibot';
import { MIGRATIONS } from './database.ts';
import type { Database } from './database.ts';
import { resultStore } from './results.ts';
import { runRecords } from './runs.ts';
import { transact } from './transact.ts';
import type { ItemResult } from './types.ts';

/** The file is not an export of ours, or one of a newer Forelabel. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError';
  readonly code: 'not-an-export' | 'newer-export';

  constructor(code: RestoreError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** What was read back. */
export interface Restored {
  readonly results: number;
  /** Results that were here already, as new or newer. */
  readonly older: number;
  readonly runs: number;
  readonly settings: number;
}

const headerSchema = v.object({ forelabel: v.literal('everything'), schema: v.number() });
const text = v.string();
const errorSchema = v.nullable(v.object({ code: text, message: text }));
const resultSchema = v.looseObject({
  sourceId: text,
  key: text,
  name: text,
  taskId: v.nullable(v.number()),
  modelVersion: text,
  state: v.picklist(['done', 'failed']),
  width: v.number(),
  height: v.number(),
  detections: v.array(
    v.looseObject({
      x1: v.number(),
      y1: v.number(),
      x2: v.number(),
      y2: v.number(),
      score: v.number(),
      label: v.number(),
    }),
  ),
  timings: v.nullable(v.record(text, v.number())),
  backend: v.nullable(text),
  error: errorSchema,
  at: v.number(),
});
const runSchema = v.looseObject({
  sourceId: text,
  modelVersion: text,
  title: text,
  startedAt: v.number(),
  updatedAt: v.number(),
  state: v.picklist(['running', 'done', 'cancelled', 'failed']),
});
const rowSchema = v.variant('table', [
  v.object({ table: v.literal('results'), row: resultSchema }),
  v.object({
    table: v.literal('outbox'),
    row: v.object({ sourceId: text, modelVersion: text, key: text }),
  }),
  v.object({ table: v.literal('runs'), row: v.object({ key: v.unknown(), value: runSchema }) }),
  v.object({ table: v.literal('settings'), row: v.object({ key: text, value: v.unknown() }) }),
  v.object({ table: v.literal('models'), row: v.object({ key: text, value: v.unknown() }) }),
  // Only says what there was: the images are fetched again.
  v.object({ table: v.literal('offlineProjects'), row: v.unknown() }),
]);

/**
 * Reads an export (`exportEverything`) back into the database, beside what is there: of two results of one image and
 * model the newer stays, settings become those of the file. Lines are read as they come; what was read before a
 * failure stays. Throws `RestoreError` or `StoreError`.
 */
export async function restoreEverything(database: Database, lines: AsyncIterable<string>): Promise<Restored> {
  const results = resultStore(database);
  const count = { results: 0, older: 0, runs: 0, settings: 0 };
  let first = true;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    if (first) {
      checkHeader(line);
      first = false;
      continue;
    }
    const parsed = v.safeParse(rowSchema, parseJson(line));
    if (!parsed.success) throw notAnExport();
    const { table, row } = parsed.output;
    if (table === 'results') {
      const result = row as unknown as ItemResult;
      const here = await results.get(result.sourceId, result.key, result.modelVersion);
      if (here !== undefined && here.at >= result.at) {
        count.older += 1;
        continue;
      }
      await results.put(result, { queueForPosting: false });
      count.results += 1;
    } else if (table === 'outbox') {
      await results.requeue(row.sourceId, row.modelVersion, [row.key]);
    } else if (table === 'runs') {
      await runRecords(database).save(row.value);
      count.runs += 1;
    } else if (table === 'settings' || table === 'models') {
      await transact(database, [table], 'readwrite', async (transaction) => {
        await transaction.objectStore(table).put(row.value, row.key);
      });
      if (table === 'settings') count.settings += 1;
    }
  }
  if (first) throw notAnExport();
  return count;
}

function checkHeader(line: string): void {
  const header = v.safeParse(headerSchema, parseJson(line));
  if (!header.success) throw notAnExport();
  if (header.output.schema > MIGRATIONS.length) {
    throw new RestoreError(
      'newer-export',
      'This export was made by a newer Forelabel. Update this one, then read the file again.',
    );
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function notAnExport(): RestoreError {
  return new RestoreError(
    'not-an-export',
    'This file is not an export of Forelabel, or it is damaged. Choose a file that "Export everything" has saved.',
  );
}
