import { makeZip } from 'client-zip';
import { writeFormat } from '../../formats/format.ts';
import type { FilePiece, FormatName } from '../../formats/format.ts';
import type { ImageDetections } from '../../formats/imageDetections.ts';
import { safePath } from '../../formats/paths.ts';
import type { AppState } from './appState.ts';

export interface ExportChoice {
  readonly format: FormatName;
  /** Put the images into the zip, beside their labels. */
  readonly withImages: boolean;
  /** 'labelstudio' only: what Label Studio is to put before an image's path to load it; '' for nothing. */
  readonly urlPrefix: string;
}

/** Bytes as they are made: a zip of any size is never held. */
type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

const endings: Readonly<Record<FormatName, string>> = {
  jsonl: 'jsonl',
  coco: 'coco.json',
  labelstudio: 'labelstudio.json',
  yolo: 'yolo.zip',
  voc: 'voc.zip',
};

/** True where labels have a file an image, so that only a zip can hold them. */
function isFolder(format: FormatName): boolean {
  return format === 'yolo' || format === 'voc';
}

/** A name for the file: source, model, format. */
export function exportName(app: AppState, { format, withImages }: ExportChoice): string {
  const source = app.source.title.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
  const ending = withImages ? `${format}.zip` : endings[format];
  return `${source}-${app.engine.model?.version ?? 'forelabel'}.${ending}`;
}

/**
 * The stored results of the chosen source and model as one file: boxes at or above the threshold, without the
 * classes that the mapping leaves out, under the model's class names. What cannot be written (`FormatError`), or an
 * image that cannot be read, errors the stream.
 */
export function exportResults(app: AppState, choice: ExportChoice): Bytes {
  const { model } = app.engine;
  if (model === null) throw new Error('There is no model yet. Wait until it is loaded.');
  const { mapping } = app.mapping;
  const pieces = writeFormat(choice.format, images(app, choice), {
    classes: model.manifest.classes,
    modelVersion: model.version,
    ...(mapping === null ? {} : { mapping }),
  });
  if (!choice.withImages && !isFolder(choice.format)) return joined(pieces);
  return makeZip(zipEntries(pieces, choice.withImages ? imageFiles(app) : null)) as Bytes;
}

async function* images(app: AppState, { format, urlPrefix }: ExportChoice): AsyncGenerator<ImageDetections> {
  const { threshold, looks } = app.display;
  for await (const { name, width, height, detections, timings, state, error } of app.review.all()) {
    yield {
      file: name,
      ...(format === 'labelstudio' && urlPrefix !== '' ? { url: urlPrefix + encodePath(name) } : {}),
      width,
      height,
      detections: detections.filter(
        ({ score, label }) => score >= threshold && looks[label]?.leftOut !== true,
      ),
      timings: timings === null ? null : { ...timings },
      // A done result's error is Label Studio's refusal to take it, which is no matter of the image.
      error: state === 'failed' ? error : null,
    };
  }
}

/** Slashes stay: they are folders on both sides. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function joined(pieces: AsyncIterable<FilePiece>): Bytes {
  const iterator = pieces[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value.text));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

interface ZipEntry {
  readonly name: string;
  readonly input: AsyncIterable<string> | Blob;
}

/** Pieces of one file follow each other and become one entry; the zip asks for the next when it has written one. */
async function* zipEntries(
  pieces: AsyncIterable<FilePiece>,
  images: AsyncIterable<ZipEntry> | null,
): AsyncGenerator<ZipEntry> {
  const iterator = pieces[Symbol.asyncIterator]();
  let next = await iterator.next();
  async function* textsOf(path: string): AsyncGenerator<string> {
    while (next.done !== true && next.value.path === path) {
      yield next.value.text;
      next = await iterator.next();
    }
  }
  while (next.done !== true) {
    const { path } = next.value;
    yield { name: path, input: textsOf(path) };
  }
  if (images !== null) yield* images;
}

async function* imageFiles(app: AppState): AsyncGenerator<ZipEntry> {
  const { items } = app.source;
  if (items === null) return;
  for await (const { key, name, state } of app.review.all()) {
    if (state === 'done') yield { name: `images/${safePath(name)}`, input: await items.load(key) };
  }
}
