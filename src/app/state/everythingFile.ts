/** 'Export everything' and its way back: JSON Lines, compressed with gzip, as a stream in both directions. */
import type { Database } from '../../store/database.ts';
import { exportEverything } from '../../store/everything.ts';
import { restoreEverything, RestoreError } from '../../store/restore.ts';
import type { Restored } from '../../store/restore.ts';

/** 'forelabel-everything-2026-11-22.jsonl.gz' */
export function everythingName(now: Date): string {
  return `forelabel-everything-${now.toISOString().slice(0, 10)}.jsonl.gz`;
}

/** Writes everything to `to` and closes it. Rejects with `StoreError`, or with what the stream did. */
export async function writeEverything(
  database: Database,
  to: WritableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const lines = exportEverything(database);
  const encoder = new TextEncoder();
  const plain = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await lines.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
  await plain.pipeThrough(new CompressionStream('gzip')).pipeTo(to);
}

/** Reads such a file back. Rejects with `RestoreError` or `StoreError`. */
export async function readEverything(database: Database, file: Blob): Promise<Restored> {
  return restoreEverything(database, linesOf(file));
}

async function* linesOf(file: Blob): AsyncGenerator<string> {
  const reader = file
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = '';
  for (;;) {
    const next = await reader.read().catch(() => {
      throw new RestoreError(
        'not-an-export',
        'This file cannot be unpacked: it is damaged, or no export of Forelabel. Choose a file that "Export everything" has saved.',
      );
    });
    if (next.done) break;
    const lines = (rest + next.value).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
