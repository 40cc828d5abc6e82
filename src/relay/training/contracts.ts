/** The seams between the parts of training: who collects, who runs a step, who keeps the jobs. */
import type {
  DatasetInfo,
  ExecutorKind,
  Job,
  JobNote,
  TrainRequestInput,
  Trigger,
} from '../../training/job.ts';
import type { RelayEvent } from '../../training/api.ts';
import type { NumberedEvent } from '../../training/events.ts';
import type { CatalogModel } from '../modelCatalog.ts';

/** Something the user can do something about: `code` for programs, `message` in two sentences for people. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A step was lost by no fault of its own, as when it was killed: the job can go on from where it was. */
export class InterruptedError extends TrainingError {}

/** How the relay reaches Label Studio. The token stays in memory and in the relay's own file. */
export interface LabelStudioAccess {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
}

/** The Label Studio that the relay was told of, or null. Asked for each time: it may change while the relay runs. */
export type FindAccess = () => Promise<LabelStudioAccess | null>;

export interface CollectRequest {
  /** By its one name (`addressName`). Another one than the relay is connected to is refused. */
  readonly labelStudio: string;
  readonly project: number;
  /** RectangleLabels tag, where the project has several. */
  readonly control?: string;
  /** The one that this project was trained on before: taken where none is named and there are several. */
  readonly usualControl?: string;
  readonly base: CatalogModel;
  /** The job's own folder for `train.json`, `val.json` and `images/`; made when missing, emptied first. */
  readonly folder: string;
}

export interface CollectedDataset {
  readonly info: DatasetInfo;
  /** In class order: those of both COCO files. */
  readonly classes: readonly string[];
  readonly train: { readonly annotations: string; readonly images: string };
  /** Null: too few tasks to spare any. */
  readonly val: { readonly annotations: string; readonly images: string } | null;
  readonly notes: readonly JobNote[];
}

/** Reads a project's annotations and images into COCO files. Throws `TrainingError`. */
export type Collect = (
  request: CollectRequest,
  options: { signal: AbortSignal; onProgress: (done: number, total: number) => void },
) => Promise<CollectedDataset>;

/** One run of one module of the trainer. */
export interface StepCommand {
  readonly module: 'train' | 'evaluate' | 'export';
  /** Absolute paths. The executor appends the trainer's stdout to `eventsFile` and its stderr to `logFile`. */
  readonly jobFile: string;
  readonly eventsFile: string;
  readonly logFile: string;
}

/** What finds a running step again after the relay died; kept with the job as JSON. */
export type StepHandle = Readonly<Record<string, string | number>>;

export interface StepEnd {
  /** Null: killed, or nobody knows (the step ended while no relay watched). */
  readonly exitCode: number | null;
  /** 'SIGKILL' and so on, where known. */
  readonly signal: string | null;
}

/** Runs steps somewhere. The steps outlive the relay. */
export interface Executor {
  readonly kind: ExecutorKind;
  /** Resolves as soon as the step runs (or is accepted). Throws `TrainingError` when it cannot. */
  start(command: StepCommand): Promise<StepHandle>;
  /** The running step of this command whose handle was lost, because the relay died in the moment of its start. */
  find?(command: StepCommand): Promise<StepHandle | null>;
  /** Resolves when the step has ended and its whole output is in its files; for a step of an earlier relay too. */
  wait(handle: StepHandle, command: StepCommand, signal: AbortSignal): Promise<StepEnd>;
  /** Whether it still runs. False for a handle of another boot or of a process id that was given anew. */
  isRunning(handle: StepHandle): Promise<boolean>;
  /** SIGTERM to the whole process group, SIGKILL after a few seconds; resolves when it is gone. */
  stop(handle: StepHandle): Promise<void>;
}

/** The jobs: asked for, watched, stopped. One per FORELABEL_HOME works at a time. */
export interface TrainingService {
  /** Checks the request, finds the base and queues. Throws `TrainingError`. */
  start(request: TrainRequestInput, trigger: Trigger): Promise<Job>;
  /** Throws `TrainingError` 'job-ended' or 'job-unknown'. */
  cancel(id: string): Promise<Job>;
  resume(id: string): Promise<Job>;
  /** An ended job with its folder. A registered model stays. */
  remove(id: string): Promise<void>;
  list(): Promise<readonly Job[]>;
  /** Model version that was trained last for a project of the Label Studio connected now; its job may be removed. */
  newestModel(project: number): Promise<string | null>;
  get(id: string): Promise<Job | undefined>;
  /** From `after + 1` on, then live until the job has ended or `signal` aborts. */
  events(id: string, after: number, signal: AbortSignal): AsyncIterable<NumberedEvent>;
  /** Bytes of the log from `from` on, at most 256 kB; '' when there is nothing more. */
  log(id: string, from: number): Promise<string>;
  /** All jobs and new models, from now on. Returns the end of it. */
  subscribe(listener: (event: RelayEvent) => void): () => void;
  /** Leaves running steps running, for the next relay. */
  close(): Promise<void>;
}
