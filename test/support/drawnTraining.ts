/** A small real training for tests of what runs one: drawn portraits and the bundled model's config. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { StepCommand } from '../../src/relay/training/contracts.ts';

const root = join(import.meta.dirname, '..', '..');

/** Portraits as a COCO set in `folder`; 8 for training make one iteration. */
export async function drawPortraits(folder: string, count: number): Promise<void> {
  const script = join(root, 'scripts', 'portraits', 'dataset.mjs');
  await execa(process.execPath, [script, '--out', folder, '--count', String(count), '--seed', '5'], {
    cwd: root,
  });
}

/** A job of its own in `folder`, which is made: the command to run it. Without validation images. */
export async function trainStep(
  folder: string,
  portraits: string,
  changes: object = {},
): Promise<StepCommand> {
  await mkdir(folder, { recursive: true });
  const jobFile = join(folder, 'train.json');
  const job = {
    kind: 'train',
    name: 'tiny',
    workDir: join(folder, 'work'),
    classes: ['face'],
    epochs: 1,
    batchSize: 8,
    logInterval: 1,
    workers: 0,
    threads: 1,
    device: 'cpu',
    base: { config: join(root, 'models', 'demo-face', 'config.py') },
    data: { train: { annotations: join(portraits, 'coco.json'), images: portraits } },
    ...changes,
  };
  await writeFile(jobFile, JSON.stringify(job));
  return {
    module: 'train',
    jobFile,
    eventsFile: join(folder, 'train.events.jsonl'),
    logFile: join(folder, 'train.log'),
  };
}

/** What the trainer has told so far; whole lines only. */
export async function eventsOf({ eventsFile }: StepCommand): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(eventsFile, 'utf8').catch(() => '');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
}
