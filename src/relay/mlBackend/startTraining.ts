import type { Logger } from 'pino';
import { TrainingError, type TrainingService } from '../training/contracts.ts';
import { whyOf } from './detectTasks.ts';

/** Label Studio's page waits for the answer; what takes longer goes on without it. */
const patienceMs = 150;

/** An answer to 'Start Training': 2xx shows 'Training' in Label Studio, all else 'Error'. */
export interface TrainingAnswer {
  readonly status: 200 | 201 | 202 | 409;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Queues a training for Label Studio. Never rejects, and never takes long. */
export async function startTraining(
  project: number,
  training: Pick<TrainingService, 'start'>,
  log: Logger,
  patience: number = patienceMs,
): Promise<TrainingAnswer> {
  const started = training.start({ project }, 'label-studio').then(
    ({ id }): TrainingAnswer => ({ status: 201, body: { job: id } }),
    (error: unknown) => refusal(project, error, log),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<TrainingAnswer>((resolve) => {
    timer = setTimeout(() => resolve({ status: 202, body: { status: 'accepted' } }), patience);
  });
  const answer = await Promise.race([started, late]);
  clearTimeout(timer);
  return answer;
}

function refusal(project: number, error: unknown, log: Logger): TrainingAnswer {
  const { code, why } = whyOf(error);
  log.warn({ project, code, why }, 'Label Studio asked for a training that could not start');
  const message =
    error instanceof TrainingError ? why : "The training could not start. Forelabel's log says why.";
  // It trains already: for Label Studio that is no error.
  return { status: code === 'job-running' ? 200 : 409, body: { error: { code, message } } };
}
