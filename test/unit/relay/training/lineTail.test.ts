import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileTail, LineSplitter, type Line } from '../../../../src/relay/training/lineTail.ts';

/** Any characters but line ends: of one to four bytes. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((line) => line.replaceAll(/[\r\n]/gu, ' '));

/** The same bytes in pieces of any size, an empty one too. */
const pieces = (bytes: Buffer) =>
  fc.array(fc.nat({ max: bytes.length }), { maxLength: 10 }).map((cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
  });

const content = fc.tuple(fc.array(text, { maxLength: 8 }), text).chain(([lines, rest]) =>
  pieces(Buffer.from(lines.map((line) => `${line}\n`).join('') + rest)).map((chunks) => ({
    lines,
    chunks,
  })),
);

describe('lines of a file that grows', () => {
  it('are the same however the bytes arrive', () => {
    fc.assert(
      fc.property(content, fc.nat({ max: 1000 }), ({ lines, chunks }, offset) => {
        const splitter = new LineSplitter(offset);
        const found = chunks.flatMap((chunk) => splitter.push(chunk));
        expect(found.map(({ text: line }) => line)).toEqual(lines);
        let end = offset;
        expect(found.map((line) => line.end)).toEqual(
          lines.map((line) => (end += Buffer.byteLength(line) + 1)),
        );
      }),
    );
  });

  describe('on disk', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'forelabel-tail-'));
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('are read once each, also by one who goes on behind any of them', async () => {
      let file = 0;
      await fc.assert(
        fc.asyncProperty(content, fc.nat(), async ({ lines, chunks }, choice) => {
          const path = join(folder, String(file++));
          const tail = new FileTail(path);
          const found: Line[] = [];
          for (const chunk of chunks) {
            await appendFile(path, chunk);
            found.push(...(await tail.read()));
          }
          expect(found.map(({ text: line }) => line)).toEqual(lines);
          const known = choice % (lines.length + 1);
          const later = new FileTail(path, known === 0 ? 0 : found[known - 1]?.end);
          expect((await later.read()).map(({ text: line }) => line)).toEqual(lines.slice(known));
        }),
        { numRuns: 40 },
      );
    });

    it('of a file that is not there are none', async () => {
      expect(await new FileTail(join(folder, 'none')).read()).toEqual([]);
    });
  });
});
