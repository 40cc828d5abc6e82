/** Label Studio's server, asked with the login that its page has. */
import * as v from 'valibot';
import { createApi } from '../../labelstudio/api.ts';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import { fetchImage } from '../../labelstudio/images.ts';
import type { Network } from '../../labelstudio/network.ts';
import type { Session } from '../../labelstudio/session.ts';
import { readStored, readTasks } from '../../labelstudio/tasks.ts';
import type { Prediction, Task } from '../../labelstudio/types.ts';
import { upcomingTasks } from './upcoming.ts';
import type { Way } from './upcoming.ts';

/** '/label-studio/projects/3/data' -> the address of that Label Studio, and 3; null on other pages. */
export function projectPage({
  origin,
  pathname,
}: Pick<Location, 'origin' | 'pathname'>): { readonly url: string; readonly project: number } | null {
  const [, prefix, project] = /^(.*?)\/projects\/(\d+)(?:\/|$)/u.exec(pathname) ?? [];
  return project === undefined ? null : { url: `${origin}${prefix ?? ''}`, project: Number(project) };
}

/** '?tab=1&task=7' -> 7; null where the address names none. */
export function namedTask({ search }: Pick<Location, 'search'>): number | null {
  const task = new URLSearchParams(search).get('task');
  return task === null || !/^\d+$/u.test(task) ? null : Number(task);
}

/** The Label Studio of this page. Calls reject with two sentences. */
export interface Site {
  /** The image in a field of an open task, or of another one, by its number. */
  image(task: Task | number, project: number, field: string, signal: AbortSignal): Promise<Blob>;
  /** Stores a prediction; false: the task has one of this version already, which stays. */
  post(project: number, prediction: Prediction): Promise<boolean>;
  /** As `upcomingTasks` does. */
  upcoming(way: Way, task: number, signal: AbortSignal): Promise<number[]>;
}

/**
 * @param url address of the Label Studio that this page is of
 * @param page address of this page
 */
export function labelStudioSite(
  url: string,
  page: string,
  fetchFunction: typeof fetch = (input, init) => fetch(input, init),
): Site {
  const network: Network = { fetch: fetchFunction, page, isolated: false, now: () => Date.now() };
  const session: Session = {
    base: url,
    // Label Studio asks for no CSRF token here: docs and server agree.
    fetch: (path, init) => fetchFunction(`${url}${path}`, { ...init, credentials: 'same-origin' }),
    use: () => undefined,
  };
  const api = createApi(session, network);

  async function dataOf(project: number, id: number, signal: AbortSignal): Promise<Task> {
    // Out of the list: asked for by itself, a task starts whatever models the project has.
    for await (const task of readTasks(api, { projectId: project, ids: [id] }, signal)) return task;
    throw new Error('The next task is not in this project any more. Reload the page to see which tasks are.');
  }

  return {
    image: (task, project, field, signal) =>
      explaining(async () => {
        const known = typeof task === 'number' ? await dataOf(project, task, signal) : task;
        return fetchImage(session, network, known, field, signal);
      }),
    post: (project, prediction) =>
      explaining(async () => {
        const stored = await readStored(api, project, [prediction.task], null);
        const versions = stored.flatMap(({ predictions }) => predictions.map((each) => each.model_version));
        if (versions.includes(prediction.model_version)) return false;
        await api.send('POST', '/api/predictions/', prediction, v.unknown(), undefined);
        return true;
      }),
    upcoming: (way, task, signal) => explaining(() => upcomingTasks(api, way, task, signal)),
  };
}

/** There is no token here that the usual words could speak of. */
async function explaining<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof LabelStudioError ? error.status : null;
    if (status === 401) {
      throw new Error('Label Studio has logged you out (401). Log in again in this tab.', { cause: error });
    }
    if (status === 403) {
      throw new Error(
        'Your user of Label Studio may not do this (403). Ask an administrator for access to the project.',
        { cause: error },
      );
    }
    throw error;
  }
}
