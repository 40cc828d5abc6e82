import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSaveTarget } from '../../../src/app/state/saveTarget.ts';

interface Picker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

// The browser's own dialog cannot be worked from here; the handle that it gives can be had without it.
let picked: FileSystemFileHandle;
const original = (window as Picker).showSaveFilePicker;
beforeEach(async () => {
  const root = await navigator.storage.getDirectory();
  picked = await root.getFileHandle(`picked-${crypto.randomUUID()}`, { create: true });
  const writable = await picked.createWritable();
  await writable.write('what was there before');
  await writable.close();
});
afterEach(async () => {
  Object.assign(window, { showSaveFilePicker: original });
  vi.restoreAllMocks();
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(picked.name).catch(() => undefined);
});

const contents = async (): Promise<string> => (await picked.getFile()).text();
const answer = (give: () => Promise<FileSystemFileHandle>): { readonly names: string[] } => {
  const names: string[] = [];
  const showSaveFilePicker = ({ suggestedName }: { suggestedName: string }) => {
    names.push(suggestedName);
    return give();
  };
  Object.assign(window, { showSaveFilePicker });
  return { names };
};

/** Pieces of text, and what goes wrong after them. */
function textOf(pieces: readonly string[], trouble?: Error): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(new TextEncoder().encode(next));
      else if (trouble !== undefined) controller.error(trouble);
      else controller.close();
    },
  });
}

test('writes into the file that was picked, under the name that was proposed, and downloads nothing', async () => {
  const { names } = answer(() => Promise.resolve(picked));
  const clicks = vi.spyOn(HTMLAnchorElement.prototype, 'click');
  const target = await openSaveTarget('faces.coco.json');
  await textOf(['{"images":', '[]}']).pipeTo(target?.writable ?? new WritableStream());
  await target?.finish();
  expect(names).toEqual(['faces.coco.json']);
  expect(await contents()).toBe('{"images":[]}');
  expect(clicks).not.toHaveBeenCalled();
});

test('an export that fails in the middle leaves the picked file as it was', async () => {
  answer(() => Promise.resolve(picked));
  const target = await openSaveTarget('faces.coco.json');
  const failing = textOf(['{"images":'], new Error('One image cannot be read.'));
  await expect(failing.pipeTo(target?.writable ?? new WritableStream())).rejects.toThrow('One image');
  expect(await contents()).toBe('what was there before');
});

test('a dialog that is closed saves nothing; one that the browser refuses becomes a download', async () => {
  answer(() => Promise.reject(new DOMException('The user aborted a request.', 'AbortError')));
  expect(await openSaveTarget('faces.json')).toBeNull();
  answer(() => Promise.reject(new DOMException('Not here.', 'SecurityError')));
  let saved: string | null = null;
  let bytes = Promise.resolve('');
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved = this.download;
    bytes = fetch(this.href).then((file) => file.text());
  });
  const target = await openSaveTarget('faces.json');
  await textOf(['{', '}']).pipeTo(target?.writable ?? new WritableStream());
  await target?.finish();
  expect(saved).toBe('faces.json');
  expect(await bytes).toBe('{}');
});
