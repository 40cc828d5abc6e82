/** What the trainer says on stdout (src/trainer/forelabel_trainer/events.py), and what becomes of it. */
import * as v from 'valibot';
import type { TrainingEvent } from '../../training/events.ts';
import type { JobNote, JobProgress } from '../../training/job.ts';
import type { StepName } from './jobRow.ts';
import type { Pace } from './pace.ts';
import { FileTail } from './lineTail.ts';

const count = v.optional(v.number());

const trainerEventSchema = v.variant('event', [
  v.object({ event: v.literal('note'), code: v.string(), message: v.string() }),
  v.object({
    event: v.literal('progress'),
    iteration: v.number(),
    iterations: v.number(),
    epoch: count,
    epochs: count,
    loss: v.nullish(v.number(), null),
    losses: v.optional(v.record(v.string(), v.nullable(v.number()))),
    lr: v.nullish(v.number()),
    etaSeconds: v.nullish(v.number(), null),
  }),
  v.object({
    event: v.literal('evaluated'),
    epoch: v.nullish(v.number(), null),
    metrics: v.record(v.string(), v.number()),
  }),
  v.looseObject({ event: v.literal('finished') }),
  v.object({ event: v.literal('cancelled'), message: v.string() }),
  v.object({ event: v.literal('error'), code: v.string(), message: v.string() }),
]);
export type TrainerEvent = v.InferOutput<typeof trainerEventSchema>;
export type StepFinal = Extract<TrainerEvent, { event: 'finished' | 'cancelled' | 'error' }>;

const stepResultSchemas = {
  train: v.object({ checkpoint: v.string(), config: v.string() }),
  export: v.object({ model: v.string() }),
  evaluate: v.object({ metrics: v.record(v.string(), v.number()) }),
};

/** The fields of `finished` that others build upon. Throws `ValiError`. */
export const readResult = {
  train: (final: StepFinal) => v.parse(stepResultSchemas.train, final),
  export: (final: StepFinal) => v.parse(stepResultSchemas.export, final),
  evaluate: (final: StepFinal) => v.parse(stepResultSchemas.evaluate, final),
};

/** Undefined: not an event, or one that concerns nobody here. */
export function parseTrainerEvent(line: string): TrainerEvent | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), trainerEventSchema), line);
  return parsed.success ? parsed.output : undefined;
}

/** The trainer's last word in its events file; undefined: it has none (yet). */
export async function readFinal(eventsFile: string): Promise<StepFinal | undefined> {
  for (const { text } of (await new FileTail(eventsFile).read()).toReversed()) {
    const event = parseTrainerEvent(text);
    if (event?.event === 'finished' || event?.event === 'cancelled' || event?.event === 'error') return event;
  }
  return undefined;
}

/** Notes of the trainer that the collecting gives too, with what to do in Label Studio. */
const toldBefore: ReadonlySet<string> = new Set(['no-validation']);

export interface Told {
  /** For the job's plots and notes. */
  readonly event?: TrainingEvent;
  readonly progress?: JobProgress;
  readonly note?: JobNote;
}

/** What an event of a step means for the job; nothing for a step's last word. */
export function translate(step: StepName, said: TrainerEvent, pace: Pace): Told {
  if (said.event === 'note') {
    if (toldBefore.has(said.code)) return {};
    const note = { code: said.code, message: said.message };
    return { event: { type: 'note', ...note }, note };
  }
  if (said.event === 'evaluated') {
    const of = step === 'evaluate-base' ? 'base' : step === 'evaluate-new' ? 'new' : 'epoch';
    return { event: { type: 'evaluated', of, epoch: said.epoch, metrics: said.metrics } };
  }
  if (said.event !== 'progress') return {};
  const { iteration, iterations, epoch, epochs, lr } = said;
  if (step !== 'train' || epoch === undefined || epochs === undefined) {
    return { progress: evaluationProgress(step, iteration, iterations, pace) };
  }
  const secondsLeft = said.etaSeconds;
  const progress = { step: 'Training', done: iteration, total: iterations, epoch, epochs, secondsLeft };
  // A learning rate that is no number has been a loss before: nothing to draw.
  if (typeof lr !== 'number') return { progress };
  const { loss, losses = {} } = said;
  return {
    event: { type: 'loss', epoch, epochs, iteration, iterations, loss, losses, lr, secondsLeft },
    progress,
  };
}

const stepTitles: Readonly<Record<StepName, string>> = {
  train: 'Training',
  'evaluate-base': 'Measuring the model it started from',
  'evaluate-new': 'Measuring the new model',
  export: 'Exporting to ONNX',
};

export const stepTitle = (step: StepName): string => stepTitles[step];

/** Both evaluations look at the same images: together they are one way. */
function evaluationProgress(step: StepName, done: number, total: number, pace: Pace): JobProgress {
  const left = total - done + (step === 'evaluate-base' ? total : 0);
  return {
    step: stepTitle(step),
    done: done + (step === 'evaluate-new' ? total : 0),
    total: step === 'export' ? total : 2 * total,
    secondsLeft: pace.secondsFor(left, done),
  };
}
