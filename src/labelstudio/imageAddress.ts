import { ImageFetchError } from './errors.ts';
import type { Task } from './types.ts';

/** Where the bytes of a task's image come from. */
export type ImageAddress =
  /** From Label Studio itself, with the token; `path` is taken below its address. */
  | { readonly from: 'label-studio'; readonly path: string; readonly shown: string }
  /** A bucket (`s3://...`) that Label Studio reads for us, or sends us on to. */
  | { readonly from: 'storage'; readonly path: string; readonly shown: string }
  /** From anywhere else, never with the token. */
  | { readonly from: 'elsewhere'; readonly url: string; readonly shown: string }
  /** In the task itself. */
  | { readonly from: 'data'; readonly url: string; readonly shown: string };

/** Reads `task.data[field]`. */
export function imageAddress(task: Task, field: string, base: string): ImageAddress {
  const value = fieldValue(task.data, field);
  if (typeof value !== 'string' || value.trim() === '') {
    throw new ImageFetchError(
      'image-field-missing',
      `Task ${task.id} has no image in its field "${field}"${Array.isArray(value) ? ' (it holds a list)' : ''}. Check the task's data, or choose another image tag.`,
    );
  }
  const address = value.trim();
  const shown = short(address);
  if (/^data:/iu.test(address)) return { from: 'data', url: address, shown: 'a data: address' };
  const scheme = /^([a-z][a-z0-9+._-]*):\/\//iu.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return storageAddress(task, scheme, address, shown);
  }
  const root = new URL(base);
  const url = parse(address, root, shown);
  // A signature in the query opens the image, and messages end up in logs.
  if (url.origin !== root.origin) {
    return { from: 'elsewhere', url: url.href, shown: short(url.origin + url.pathname) };
  }
  const full = url.pathname + url.search;
  const below = root.pathname === '/' ? '' : root.pathname;
  // Under a sub-path Label Studio writes addresses with it and without it.
  const path = below !== '' && full.startsWith(`${below}/`) ? full.slice(below.length) : full;
  return { from: 'label-studio', path, shown };
}

/** For messages: not too long, and without the password of `https://user:password@...`. */
function short(address: string): string {
  const plain = address.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/iu, '$1//');
  return plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
}

const STORAGES = new Set([
  's3',
  's3s',
  'gs',
  'azure-blob',
  'azure_blob',
  'azure_spi',
  'redis',
  'redis+unix',
  'hdfs',
  'dbfs',
]);

function storageAddress(task: Task, scheme: string, address: string, shown: string): ImageAddress {
  if (!STORAGES.has(scheme)) {
    throw new ImageFetchError(
      'image-unsupported-address',
      `The image of task ${task.id} has an address that cannot be opened from here (${shown}). Use an http(s) address, an upload, or a storage connected in Label Studio.`,
    );
  }
  const bytes = new TextEncoder().encode(address);
  const encoded = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return {
    from: 'storage',
    path: `/tasks/${task.id}/resolve/?fileuri=${encodeURIComponent(encoded)}`,
    shown,
  };
}

function parse(address: string, root: URL, shown: string): URL {
  try {
    return new URL(address, `${root.origin}/`);
  } catch {
    throw new ImageFetchError(
      'image-unsupported-address',
      `The image's address cannot be read (${shown}). Correct the task's data in Label Studio.`,
    );
  }
}

/** What a task has in a field; one such as `photo.url` may also lead into nested objects. */
export function fieldValue(data: Readonly<Record<string, unknown>>, field: string): unknown {
  if (Object.hasOwn(data, field)) return data[field];
  let value: unknown = data;
  for (const key of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
