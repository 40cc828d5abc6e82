/** A relay that trains nothing: it answers what a test puts there and remembers what it was asked. */
import { RelayApiError } from '../../../src/app/state/relayApi.ts';
import type { RelayApi } from '../../../src/app/state/relayApi.ts';
import type {
  BackendStatus,
  ProjectSettings,
  RelayEvent,
  TrainingStatus,
} from '../../../src/training/api.ts';
import type { TrainingEvent } from '../../../src/training/events.ts';
import type { Job, TrainRequestInput } from '../../../src/training/job.ts';

export const url = 'http://label-studio.test';

export const aJob: Job = {
  id: '20260102-1',
  state: 'training',
  trigger: 'person',
  labelStudio: url,
  project: 3,
  projectTitle: 'Blood cells',
  request: { project: 3, preset: 'default' },
  executor: 'local',
  epochs: 5,
  base: 'demo-face-3f2a1b0c',
  model: null,
  metrics: { base: null, new: null },
  dataset: null,
  progress: { step: 'Training', done: 30, total: 50, epoch: 3, epochs: 5, secondsLeft: 10 },
  notes: [],
  error: null,
  attempts: 1,
  created: '2026-01-02T10:11:12.000Z',
  started: '2026-01-02T10:11:13.000Z',
  ended: null,
};

export const doneJob: Job = {
  ...aJob,
  state: 'done',
  model: 'cells-1a2b3c4d',
  metrics: {
    base: { AP: 0.2, AP50: 0.45, APs: -1, APl: 0.3 },
    new: { AP: 0.5, AP50: 0.78, APs: -1, APl: 0.25 },
  },
  progress: null,
  ended: '2026-01-02T10:21:13.000Z',
};

export class FakeRelay implements RelayApi {
  /** 'absent': a server without training. */
  present = true;
  hasToken = false;
  list: readonly Job[] = [];
  asked: unknown[] = [];
  /** What the next start is refused with. */
  refusal: string | null = null;
  logText = 'a line of the log\n';
  backendNow: BackendStatus = { state: 'absent', url: 'http://127.0.0.1:9090', message: null };
  settingsNow: ProjectSettings = {
    model: null,
    trainEvery: 0,
    annotations: 12,
    threshold: 0.3,
    takeNewModel: false,
  };
  #seq = 0;
  #jobListener: (event: TrainingEvent, seq: number) => void = () => undefined;
  #relayListener: (event: RelayEvent) => void = () => undefined;

  /** As both streams tell it. */
  tellJob(job: Job): void {
    this.list = [job, ...this.list.filter(({ id }) => id !== job.id)];
    this.#relayListener({ type: 'job', job });
    this.tellEvent({ type: 'job', job });
  }

  tellEvent(event: TrainingEvent): void {
    this.#seq += 1;
    this.#jobListener(event, this.#seq);
  }

  tellModel(version: string, take: boolean, project = 3): void {
    this.#relayListener({ type: 'model', version, project, take });
  }

  status(): Promise<TrainingStatus> {
    if (!this.present) return Promise.reject(new RelayApiError('absent', 'There is no training here.'));
    return Promise.resolve({
      labelStudio: { url: this.hasToken ? url : null, hasToken: this.hasToken },
      trainer: 'ready',
      executor: 'local',
      presets: [
        { name: 'default', epochs: 5, about: 'Fine-tunes the model on your boxes.' },
        { name: 'quick', epochs: 12, about: 'Smaller images.' },
        { name: 'thorough', epochs: 60, about: 'Larger images, where small things count.' },
      ],
    });
  }

  handOver(access: { readonly url: string; readonly token: string }) {
    this.asked.push(['handOver', access]);
    this.hasToken = true;
    return Promise.resolve({ url, hasToken: true });
  }

  forgetAccess(): Promise<void> {
    this.asked.push(['forgetAccess']);
    return Promise.resolve();
  }

  jobs(): Promise<readonly Job[]> {
    return Promise.resolve(this.list);
  }

  start(request: TrainRequestInput): Promise<Job> {
    this.asked.push(['start', request]);
    if (this.refusal !== null) return Promise.reject(new RelayApiError('refused', this.refusal));
    this.list = [aJob, ...this.list];
    return Promise.resolve(aJob);
  }

  cancel(id: string): Promise<Job> {
    this.asked.push(['cancel', id]);
    return Promise.resolve({ ...aJob, state: 'cancelled' });
  }

  resume(id: string): Promise<Job> {
    this.asked.push(['resume', id]);
    return Promise.resolve({ ...aJob, state: 'queued', attempts: 2 });
  }

  remove(id: string): Promise<void> {
    this.asked.push(['remove', id]);
    return Promise.resolve();
  }

  log(_id: string, from: number) {
    return Promise.resolve({ text: this.logText.slice(from), next: this.logText.length });
  }

  settings(): Promise<ProjectSettings> {
    return Promise.resolve(this.settingsNow);
  }

  changeSettings(project: number, patch: Partial<ProjectSettings>): Promise<ProjectSettings> {
    this.asked.push(['changeSettings', project, patch]);
    this.settingsNow = { ...this.settingsNow, ...patch };
    return Promise.resolve(this.settingsNow);
  }

  backend(): Promise<BackendStatus> {
    return Promise.resolve(this.backendNow);
  }

  connectBackend(project: number): Promise<BackendStatus> {
    this.asked.push(['connectBackend', project]);
    return Promise.resolve(this.backendNow);
  }

  giveResults(results: readonly unknown[]): Promise<void> {
    this.asked.push(['giveResults', results.length]);
    return Promise.resolve();
  }

  onJobEvent(_id: string, listener: (event: TrainingEvent, seq: number) => void): () => void {
    this.#jobListener = listener;
    return () => (this.#jobListener = () => undefined);
  }

  onRelayEvent(listener: (event: RelayEvent) => void, onOpen: () => void): () => void {
    this.#relayListener = listener;
    onOpen();
    return () => undefined;
  }
}
