/** Label Studio as the rest of the house sees it. Wire shapes stay inside this folder. */

/** One `<Label>` of a control. */
export interface LabelDefinition {
  readonly value: string;
  readonly alias: string | null;
  /** Names of model classes that stand for this label (`predicted_values="a,b"`). */
  readonly predictedValues: readonly string[];
  /** CSS colour from the label config, or null. */
  readonly color: string | null;
}

/** One `<RectangleLabels>` together with the `<Image>` it draws on. */
export interface RectangleControl {
  /** `from_name` of a region. */
  readonly name: string;
  /** `to_name` of a region. */
  readonly toName: string;
  /** Key in `task.data` that holds the image: `$image` -> 'image'. */
  readonly imageField: string;
  readonly labels: readonly LabelDefinition[];
}

export interface LabelConfig {
  readonly controls: readonly RectangleControl[];
  /** Names of all tags in the config, for the message when there is no rectangle control. */
  readonly tagsFound: readonly string[];
}

export interface Project {
  readonly id: number;
  readonly title: string;
  readonly taskCount: number;
  readonly labelConfig: string;
  readonly modelVersion: string | null;
}

export interface Task {
  readonly id: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a person has submitted for a task. */
export interface Annotation {
  readonly id: number;
  /** As Label Studio stores it: regions of all controls, in no known form. */
  readonly result: readonly unknown[];
}

export interface AnnotatedTask extends Task {
  /** The one that was submitted or changed last. */
  readonly annotation: Annotation;
}

export interface ImageVersion {
  readonly bytes: Blob;
  /** The server's ETag, where it gives one. */
  readonly tag: string | null;
}

/** Percent of the image, top-left corner; `original_width/height` are those of the upright image. */
export interface Region {
  readonly id: string;
  readonly type: 'rectanglelabels';
  readonly from_name: string;
  readonly to_name: string;
  readonly original_width: number;
  readonly original_height: number;
  readonly image_rotation: 0;
  readonly score: number;
  readonly value: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotation: 0;
    readonly rectanglelabels: readonly [string];
  };
}

/** What is posted for one task and one model version. */
export interface Prediction {
  readonly task: number;
  readonly result: readonly Region[];
  /** Mean of the regions' scores, 0 without regions. */
  readonly score: number;
  readonly model_version: string;
}

/** For each class of the model, in label-index order: the label it becomes, or null = left out. */
export interface Mapping {
  readonly control: RectangleControl;
  readonly labels: readonly (string | null)[];
}

export interface ConnectionInfo {
  readonly url: string;
  readonly version: string;
  readonly user: string;
}

export interface TaskQuery {
  readonly projectId: number;
  /** Only tasks without any annotation. */
  readonly onlyUnlabeled?: boolean;
  /** Only tasks without a prediction of this model version. */
  readonly withoutPredictionOf?: string;
  /** i of n, i from 1: tasks whose id modulo n is i - 1. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Smallest and largest task id, both included. */
  readonly fromId?: number;
  readonly toId?: number;
  /** Only these tasks. */
  readonly ids?: readonly number[];
  /** A tab of the data manager: its filters count, its order and what is ticked there do not. */
  readonly view?: number;
  /**
   * So many tasks, drawn by chance from what the rest of the query gives without regard to predictions: the same
   * seed draws the same tasks again, however many of them have been predicted in between.
   */
  readonly sample?: { readonly count: number; readonly seed: number };
}

/** A tab of the data manager. */
export interface TaskView {
  readonly id: number;
  readonly title: string;
}

/** How many predictions a project holds of one model version. */
export interface VersionCount {
  readonly version: string;
  readonly predictions: number;
}

export interface PostOutcome {
  /** Task ids that Label Studio holds a prediction of this version for, after the call. */
  readonly stored: readonly number[];
  readonly rejected: readonly { readonly task: number; readonly reason: string }[];
}

export interface LabelStudio {
  /** Checks address and token. */
  connect(signal?: AbortSignal): Promise<ConnectionInfo>;
  listProjects(signal?: AbortSignal): Promise<readonly Project[]>;
  getProject(id: number, signal?: AbortSignal): Promise<Project>;
  countTasks(query: TaskQuery, signal?: AbortSignal): Promise<number>;
  /** Pages through the tasks in id order; the first page arrives before the second is asked for. */
  tasks(query: TaskQuery, signal?: AbortSignal): AsyncIterable<Task>;
  /** The tabs of the project's data manager, in their order. */
  listViews(projectId: number, signal?: AbortSignal): Promise<readonly TaskView[]>;
  /**
   * Tasks with a submitted annotation, in id order. Drafts do not count, nor do annotations of people who
   * skipped the task.
   */
  annotatedTasks(projectId: number, signal?: AbortSignal): AsyncIterable<AnnotatedTask>;
  /** How many tasks `annotatedTasks` gives. */
  countAnnotated(projectId: number, signal?: AbortSignal): Promise<number>;
  /** Encoded bytes of `task.data[field]`. Throws ImageFetchError with what to do (404, CORS, bucket, ...). */
  fetchImage(task: Task, field: string, signal?: AbortSignal): Promise<Blob>;
  /** The same, unless the server says that it is still the one of `knownTag` (its ETag). For Node. */
  fetchImageVersion(
    task: Task,
    field: string,
    knownTag: string | null,
    signal?: AbortSignal,
  ): Promise<ImageVersion | 'unchanged'>;
  /** Task ids (of the given ones) that already hold a prediction of this version. */
  havePrediction(
    projectId: number,
    modelVersion: string,
    taskIds: readonly number[],
    signal?: AbortSignal,
  ): Promise<ReadonlySet<number>>;
  /**
   * Posts in bulk, idempotently per (task, model version): reads before it posts, compares what Label
   * Studio counted with what was sent, and finds out item by item what is missing.
   */
  postPredictions(
    projectId: number,
    predictions: readonly Prediction[],
    signal?: AbortSignal,
  ): Promise<PostOutcome>;
  /** Makes the version the project's shown one; only works once a prediction of it exists. */
  showModelVersion(projectId: number, modelVersion: string, signal?: AbortSignal): Promise<void>;
  /** The versions that the project holds predictions of. */
  modelVersions(projectId: number, signal?: AbortSignal): Promise<readonly VersionCount[]>;
  /** Deletes every prediction of a version; how many there were. A version that is gone already counts 0. */
  deleteVersion(projectId: number, modelVersion: string, signal?: AbortSignal): Promise<number>;
  /** Goes on with another token, in place of one that is no longer accepted. Throws 'bad-token'. */
  useToken(token: string): void;
}

export interface LabelStudioOptions {
  /** Address as the user typed it; a trailing slash and a path such as /projects are tolerated. */
  readonly url: string;
  /** Personal access token (a JWT refresh token) or legacy token; told apart by form. */
  readonly token: string;
  readonly fetch?: typeof fetch;
}
