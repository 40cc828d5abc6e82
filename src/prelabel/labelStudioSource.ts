import { ImageFetchError, LabelStudioError } from '../labelstudio/errors.ts';
import type { LabelStudioErrorCode } from '../labelstudio/errors.ts';
import { detectionsToRegions, toPrediction } from '../labelstudio/regions.ts';
import type { LabelStudio, Project, Task, TaskQuery } from '../labelstudio/types.ts';
import { ConnectionError } from './connectionError.ts';
import type { PredictionSink, Publication, Source, SourceItem } from './types.ts';

/** Troubles that pass by themselves: a restart, a proxy's error page, a lost network, too many requests. */
const passing: readonly LabelStudioErrorCode[] = [
  'unreachable',
  'cors',
  'timeout',
  'too-many-requests',
  'server-error',
  'not-label-studio',
  'unexpected-answer',
];

export interface LabelStudioSourceOptions {
  readonly labelStudio: LabelStudio;
  /** Its address as `ConnectionInfo.url` gives it: part of the source's id. */
  readonly url: string;
  readonly project: Pick<Project, 'id' | 'title'>;
  /** Key in `task.data` that holds the image: `control.imageField`. */
  readonly imageField: string;
  /** Which tasks; default: all. */
  readonly query?: Omit<TaskQuery, 'projectId'>;
}

/** What another token can mend. */
const signedOut: readonly LabelStudioErrorCode[] = ['unauthorized', 'legacy-token-disabled'];

/** The id under which results of a Label Studio project are stored. */
export function labelStudioSourceId(url: string, projectId: number): string {
  return `labelstudio:${url}:${projectId}`;
}

/** 'Task 17 · photo.jpg': the number that Label Studio shows, and the file without the prefix that it adds. */
export function taskName(task: Task, imageField: string): string {
  const address = task.data[imageField];
  const file = typeof address === 'string' && !address.startsWith('data:') ? fileOf(address) : '';
  return file === '' ? `Task ${task.id}` : `Task ${task.id} · ${file}`;
}

function fileOf(address: string): string {
  // Local files are named in the query (`?d=folder/photo.jpg`), all others in the path.
  const path = /[?&]d=([^&#]+)/u.exec(address)?.[1] ?? address.replace(/[?#].*$/u, '');
  const last = path.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last)
      .replace(/^.*\//u, '')
      .replace(/^[0-9a-f]{8}-(?=.)/u, '');
  } catch {
    return last;
  }
}

const keyOf = (taskId: number): string => `task:${taskId}`;
/** 0 for what is no key of ours. */
const idOf = (key: string): number => Number(/^task:(\d+)$/u.exec(key)?.[1] ?? 0);

/** The tasks of a project, in id order. */
export function labelStudioSource(options: LabelStudioSourceOptions): Source {
  const { labelStudio, url, project, imageField } = options;
  const query: TaskQuery = { ...options.query, projectId: project.id };

  const load = async (task: Task, signal: AbortSignal): Promise<Blob> => {
    try {
      return await labelStudio.fetchImage(task, imageField, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A single image may be at fault, or everything: Label Studio itself is asked.
      if (error instanceof ImageFetchError && couldBeEverything(error)) {
        await labelStudio.connect(signal).catch(rethrow);
      }
      return rethrow(error);
    }
  };

  return {
    id: labelStudioSourceId(url, project.id),
    title: project.title,
    count: (signal) => labelStudio.countTasks(query, signal).catch(rethrow),
    async *items(signal, after) {
      try {
        const from =
          after === undefined ? query : { ...query, fromId: Math.max(query.fromId ?? 0, idOf(after) + 1) };
        for await (const task of labelStudio.tasks(from, signal)) {
          const item: SourceItem = {
            key: keyOf(task.id),
            name: taskName(task, imageField),
            taskId: task.id,
            load: (loadSignal) => load(task, loadSignal),
          };
          yield item;
        }
      } catch (error) {
        rethrow(error);
      }
    },
  };
}

export interface LabelStudioSinkOptions {
  readonly labelStudio: LabelStudio;
  readonly projectId: number;
  readonly modelVersion: string;
  /** Asked for at each post. */
  readonly publication: () => Publication;
  /** An older version whose predictions go once those of this one are there; null: all versions stay. */
  readonly replaces?: string | null;
}

/**
 * Posts results as predictions. An image without a box above the threshold gets a prediction without regions
 * and score 0: 'looked at, nothing found' differs from 'not looked at', and each task ends with exactly one.
 */
export function labelStudioSink(options: LabelStudioSinkOptions): PredictionSink {
  const { labelStudio, projectId, modelVersion, publication, replaces = null } = options;
  return {
    replaces,
    async post(results, signal) {
      const predictions = results.flatMap((result) => {
        if (result.taskId === null) return [];
        const { mapping, threshold } = publication();
        const regions = detectionsToRegions(result.detections, result, mapping, threshold);
        return [toPrediction(result.taskId, regions, modelVersion)];
      });
      if (predictions.length === 0) return { stored: [], rejected: [] };
      return labelStudio.postPredictions(projectId, predictions, signal).catch(rethrow);
    },
    async finish(complete, signal) {
      try {
        await labelStudio.showModelVersion(projectId, modelVersion, signal);
        // Only what is replaced everywhere may go: a task whose image failed keeps its older boxes.
        if (complete && replaces !== null && replaces !== modelVersion)
          await labelStudio.deleteVersion(projectId, replaces, signal);
      } catch (error) {
        rethrow(error);
      }
    },
  };
}

function couldBeEverything(error: ImageFetchError): boolean {
  return (
    error.code === 'image-unreachable' ||
    error.code === 'image-cors' ||
    error.code === 'image-timeout' ||
    error.code === 'image-server-error' ||
    error.code === 'image-not-allowed'
  );
}

/** Trouble with Label Studio itself is nobody's task's fault. */
function rethrow(error: unknown): never {
  if (!(error instanceof LabelStudioError)) throw error;
  const code = passing.includes(error.code)
    ? 'unreachable'
    : signedOut.includes(error.code)
      ? 'signed-out'
      : 'refused';
  throw new ConnectionError(code, error.message, { cause: error, retryAfter: error.retryAfter ?? 0 });
}
