/** A training service without training: jobs are what a test puts there. */
import { TrainingError } from '../../../../src/relay/training/contracts.ts';
import type { TrainingService } from '../../../../src/relay/training/contracts.ts';
import type { RelayEvent } from '../../../../src/training/api.ts';
import type { NumberedEvent, TrainingEvent } from '../../../../src/training/events.ts';
import { isEnded } from '../../../../src/training/job.ts';
import type { Job } from '../../../../src/training/job.ts';

export const aJob: Job = {
  id: '20260102-101112-ab12',
  state: 'training',
  trigger: 'person',
  labelStudio: 'http://localhost:8080',
  project: 3,
  projectTitle: 'Blood cells',
  request: { project: 3, preset: 'default' },
  executor: 'local',
  epochs: 5,
  base: 'demo-face-3f2a1b0c',
  model: null,
  metrics: { base: null, new: null },
  dataset: null,
  progress: { step: 'Training', done: 3, total: 40, epoch: 1, epochs: 5, secondsLeft: 60 },
  notes: [],
  error: null,
  attempts: 1,
  created: '2026-01-02T10:11:12.000Z',
  started: '2026-01-02T10:11:13.000Z',
  ended: null,
};

export class FakeTraining implements TrainingService {
  jobs: Job[] = [aJob];
  asked: unknown[] = [];
  /** Readers of events that have not gone. */
  readers = 0;
  logText = 'first line\nsecond line\n';
  readonly #events: NumberedEvent[] = [];
  readonly #listeners = new Set<(event: RelayEvent) => void>();
  #wake: () => void = () => undefined;

  get listeners(): number {
    return this.#listeners.size;
  }

  happen(event: TrainingEvent): void {
    if (event.type === 'job') this.jobs = [event.job];
    this.#events.push({ seq: this.#events.length + 1, time: '2026-01-02T10:12:00.000Z', event });
    this.#wake();
  }

  tell(event: RelayEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  start(...request: Parameters<TrainingService['start']>): Promise<Job> {
    this.asked.push(['start', ...request]);
    if (request[0].project === 9) {
      const message = 'Only 1 task is annotated. Annotate at least 2, then train again.';
      return Promise.reject(new TrainingError('too-few-tasks', message));
    }
    return Promise.resolve(aJob);
  }

  cancel(id: string): Promise<Job> {
    return this.#change('cancel', id);
  }

  resume(id: string): Promise<Job> {
    return this.#change('resume', id);
  }

  async remove(id: string): Promise<void> {
    await this.#change('remove', id);
  }

  list(): Promise<readonly Job[]> {
    return Promise.resolve(this.jobs);
  }

  newestModel(): Promise<string | null> {
    return Promise.resolve(this.jobs[0]?.model ?? null);
  }

  get(id: string): Promise<Job | undefined> {
    return Promise.resolve(this.jobs.find((job) => job.id === id));
  }

  async *events(_id: string, after: number, signal: AbortSignal): AsyncIterable<NumberedEvent> {
    this.readers += 1;
    signal.addEventListener('abort', () => this.#wake());
    try {
      for (let next = after; !signal.aborted;) {
        const event = this.#events[next];
        if (event !== undefined) {
          next += 1;
          yield event;
        } else if (this.jobs.every(isEnded)) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.readers -= 1;
    }
  }

  log(_id: string, from: number): Promise<string> {
    return Promise.resolve(this.logText.slice(from));
  }

  subscribe(listener: (event: RelayEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #change(what: string, id: string): Promise<Job> {
    this.asked.push([what, id]);
    const job = await this.get(id);
    if (job === undefined) {
      throw new TrainingError('job-unknown', 'There is no such training. Look at the list of trainings.');
    }
    if (what === 'cancel' && isEnded(job)) {
      throw new TrainingError('job-ended', 'This training has ended. There is nothing to cancel.');
    }
    return job;
  }
}
