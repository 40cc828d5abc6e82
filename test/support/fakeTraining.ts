/** Stands in for the training service where a test is about who asks for a training, and not about training. */
import type { RelayEvent } from '../../src/training/api.ts';
import type { Job, JobState, TrainRequestInput, Trigger } from '../../src/training/job.ts';
import type { TrainingService } from '../../src/relay/training/contracts.ts';

export interface FakeTraining extends Pick<TrainingService, 'start' | 'list' | 'subscribe'> {
  readonly asked: { readonly request: TrainRequestInput; readonly trigger: Trigger }[];
  /** The next `start` rejects with this. */
  refuseWith(error: Error): void;
  /** Moves the newest job on, and tells everybody. */
  move(state: JobState): void;
}

export function fakeTraining(): FakeTraining {
  const asked: { request: TrainRequestInput; trigger: Trigger }[] = [];
  const jobs: Job[] = [];
  const listeners = new Set<(event: RelayEvent) => void>();
  let refusal: Error | null = null;
  const tell = (job: Job) => listeners.forEach((listener) => listener({ type: 'job', job }));
  return {
    asked,
    refuseWith: (error) => {
      refusal = error;
    },
    async start(request, trigger) {
      if (refusal !== null) {
        const error = refusal;
        refusal = null;
        throw error;
      }
      asked.push({ request, trigger });
      const job = queuedJob(`job-${asked.length}`, request.project, trigger);
      jobs.unshift(job);
      tell(job);
      return Promise.resolve(job);
    },
    list: () => Promise.resolve(jobs),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    move(state) {
      const [newest] = jobs;
      if (newest === undefined) throw new Error('There is no job.');
      jobs[0] = { ...newest, state };
      tell(jobs[0]);
    },
  };
}

function queuedJob(id: string, project: number, trigger: Trigger): Job {
  return {
    id,
    state: 'queued',
    trigger,
    labelStudio: 'http://localhost:8080',
    project,
    projectTitle: 'A project',
    request: { project, preset: 'default' },
    executor: 'local',
    epochs: 5,
    base: 'demo-face-00000000',
    model: null,
    metrics: { base: null, new: null },
    dataset: null,
    progress: null,
    notes: [],
    error: null,
    attempts: 0,
    created: '2026-01-01T00:00:00.000Z',
    started: null,
    ended: null,
  };
}
