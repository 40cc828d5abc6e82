/** Label Studio's addresses, asked with the login that the page has. */
import * as v from 'valibot';
import type { PanelRequest } from '../messages.ts';

/** '/label-studio/projects/3/data' -> the address of that Label Studio, and 3; null on other pages. */
export function projectPage({
  origin,
  pathname,
}: Pick<Location, 'origin' | 'pathname'>): { readonly url: string; readonly project: number } | null {
  const [, prefix, project] = /^(.*?)\/projects\/(\d+)(?:\/|$)/u.exec(pathname) ?? [];
  return project === undefined ? null : { url: `${origin}${prefix ?? ''}`, project: Number(project) };
}

/** 'nested.field' of a task's data. */
export function fieldOf(data: Readonly<Record<string, unknown>>, field: string): unknown {
  if (field in data) return data[field];
  return field
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
      data,
    );
}

/**
 * The bytes of an image that a task names. The login goes to Label Studio alone.
 * Rejects with two sentences: where it lies and what would let it be read.
 */
export async function fetchImage(
  value: unknown,
  { url, task }: { readonly url: string; readonly task: number },
  signal: AbortSignal,
): Promise<Blob> {
  if (typeof value !== 'string' || value === '') {
    throw new Error(
      'This task names no image. Check the field that the Image tag of the labeling interface uses.',
    );
  }
  const address = imageAddress(value, url, task);
  const own = address.origin === new URL(url).origin;
  let response: Response;
  try {
    response = await fetch(address, {
      signal,
      credentials: own ? 'same-origin' : 'omit',
      referrerPolicy: 'no-referrer',
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(
      own
        ? 'Label Studio does not answer. Check the connection and try again.'
        : `The image lies at ${address.host}, which lets no other page read it. Give that server or bucket a CORS rule that allows GET from ${new URL(url).origin}.`,
      { cause },
    );
  }
  if (response.status === 404) throw new Error('The image is not there any more (404). Upload it again.');
  if (!response.ok) {
    throw new Error(
      `The image cannot be had (${response.status}). Open it in a tab of its own to see why, or log in again.`,
    );
  }
  return response.blob();
}

function imageAddress(value: string, url: string, task: number): URL {
  // Buckets are reached through Label Studio, which signs the address or passes the bytes on.
  if (/^(?:s3|gs|azure-blob):\/\//u.test(value)) {
    const uri = btoa(String.fromCharCode(...new TextEncoder().encode(value)))
      .replace(/\+/gu, '-')
      .replace(/\//gu, '_');
    return new URL(`${url}/tasks/${task}/resolve/?fileuri=${uri}`);
  }
  const base = new URL(url);
  const prefixed = value.startsWith('/') && !value.startsWith(`${base.pathname}/`) && base.pathname !== '/';
  return new URL(prefixed ? `${url}${value}` : value, `${url}/`);
}

const taskSchema = v.object({ id: v.number(), data: v.record(v.string(), v.unknown()) });

/** The data of a task that is not open. */
export async function taskData(
  url: string,
  task: number,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/tasks/${task}/?resolve_uri=true`, { signal });
  return v.parse(taskSchema, await response.json()).data;
}

/** The tasks after this one, in the order of their numbers; in the label stream only those that nobody has annotated. */
export async function tasksAfter(
  url: string,
  project: number,
  task: number,
  search: string,
): Promise<readonly number[]> {
  const items: unknown[] = [{ filter: 'filter:tasks:id', operator: 'greater', type: 'Number', value: task }];
  if (new URLSearchParams(search).has('labeling')) {
    items.push({ filter: 'filter:tasks:total_annotations', operator: 'equal', type: 'Number', value: 0 });
  }
  const query = JSON.stringify({ filters: { conjunction: 'and', items }, ordering: ['tasks:id'] });
  const parameters = new URLSearchParams({
    project: String(project),
    page_size: '3',
    fields: 'task_only',
    query,
  });
  const response = await fetch(`${url}/api/tasks?${parameters.toString()}`);
  const { tasks } = v.parse(
    v.object({ tasks: v.array(v.object({ id: v.number() })) }),
    await response.json(),
  );
  return tasks.map(({ id }) => id);
}

/** Stores a prediction. Label Studio asks for no CSRF token here. */
export async function postPrediction(
  url: string,
  prediction: Extract<PanelRequest, { type: 'post' }>['prediction'],
): Promise<void> {
  const response = await fetch(`${url}/api/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(prediction),
  }).catch(() => null);
  if (response?.ok === true) return;
  throw new Error(
    response === null
      ? 'Label Studio does not answer. Check the connection and try again.'
      : `Label Studio refused the prediction (${response.status}). Log in again, or ask for the right to annotate this project.`,
  );
}
