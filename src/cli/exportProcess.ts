import { execa } from 'execa';
import * as v from 'valibot';
import { trainerEnvironment } from '../relay/training/executors/local.ts';
import { TrainingError } from '../relay/training/contracts.ts';
import type { StatusLine } from './statusLine.ts';

/** What the exporter says on stdout (src/trainer/forelabel_trainer/events.py). */
const eventSchema = v.variant('event', [
  v.object({ event: v.literal('note'), message: v.string() }),
  v.object({ event: v.literal('checked'), worst: v.number(), tolerance: v.number() }),
  v.object({ event: v.literal('finished'), model: v.string(), dir: v.string(), bytes: v.number() }),
  v.object({ event: v.literal('error'), code: v.string(), message: v.string() }),
  v.object({ event: v.literal('cancelled') }),
]);
type ExporterEvent = v.InferOutput<typeof eventSchema>;
export type Exported = Extract<ExporterEvent, { event: 'finished' }>;

export interface ExporterOptions {
  readonly python: string;
  readonly jobFile: string;
  /** Notes and progress. */
  readonly line: StatusLine;
  readonly signal: AbortSignal;
}

/**
 * Runs the trainer's export on a job file. What its libraries print is kept back, and shown when it died of
 * something unforeseen. Throws `TrainingError` with the exporter's own words.
 */
export async function runExporter({ python, jobFile, line, signal }: ExporterOptions): Promise<Exported> {
  line.show('export', 'Exporting to ONNX, and comparing it with PyTorch');
  const child = execa(python, ['-m', 'forelabel_trainer.export', jobFile], {
    env: trainerEnvironment(process.env),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
  });
  let last: ExporterEvent | undefined;
  for await (const text of child.iterable()) {
    const said = parseEvent(text);
    if (said === undefined) continue;
    last = said;
    if (said.event === 'note') line.say(said.message);
    if (said.event === 'checked') line.say(`It equals PyTorch within ${said.worst.toExponential(1)}.`);
  }
  const { stderr, exitCode } = await child;
  signal.throwIfAborted();
  if (last?.event === 'finished') {
    line.say(`${last.dir}: ${(last.bytes / 1e6).toFixed(1)} MB`);
    return last;
  }
  if (last?.event === 'error' && last.code !== 'internal') throw new TrainingError(last.code, last.message);
  line.say(stderr.slice(-4000));
  throw new TrainingError(
    'export-failed',
    `The exporter ended ${last?.event === 'error' ? `with ${last.message}` : `with exit code ${exitCode ?? 'none'}, perhaps for want of memory`}. What it printed is above.`,
  );
}

function parseEvent(text: string): ExporterEvent | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), eventSchema), text);
  return parsed.success ? parsed.output : undefined;
}
