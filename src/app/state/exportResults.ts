import { Zip, ZipDeflate } from 'fflate';
import { writeFormat } from '../../formats/format.ts';
import type { FormatName } from '../../formats/format.ts';
import type { ImageDetections } from '../../formats/imageDetections.ts';
import type { AppState } from './appState.ts';

/** A file to save. */
export interface ExportFile {
  readonly name: string;
  readonly blob: Blob;
}

const endings: Readonly<Record<FormatName, string>> = {
  jsonl: '.jsonl',
  coco: '.coco.json',
  labelstudio: '.labelstudio.json',
  yolo: '.yolo.zip',
  voc: '.voc.zip',
};

/**
 * The stored results of the chosen source and model as one file: boxes at or above the threshold, without the
 * classes that the mapping leaves out, under the model's class names. Throws `FormatError`.
 */
export async function exportResults(format: FormatName, app: AppState): Promise<ExportFile> {
  const { model } = app.engine;
  if (model === null) throw new Error('There is no model yet. Wait until it is loaded.');
  const { mapping } = app.mapping;
  const pieces = writeFormat(format, images(app), {
    classes: model.manifest.classes,
    modelVersion: model.version,
    ...(mapping === null ? {} : { mapping }),
  });
  const name = `${app.source.title.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}-${model.version}${endings[format]}`;
  const blob = endings[format].endsWith('.zip') ? await zipped(pieces) : await joined(pieces);
  return { name, blob };
}

function* images(app: AppState): Generator<ImageDetections> {
  const { threshold, looks } = app.display;
  for (const { name, width, height, detections, timings, state, error } of app.review.results) {
    yield {
      file: name,
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

type Pieces = AsyncIterable<{ readonly path: string; readonly text: string }>;

async function joined(pieces: Pieces): Promise<Blob> {
  const parts: string[] = [];
  for await (const { text } of pieces) parts.push(text);
  return new Blob(parts);
}

/** Compressed as it comes, so that 100,000 small files are never all in memory uncompressed. */
async function zipped(pieces: Pieces): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    parts.push(new Uint8Array(chunk));
  });
  const encoder = new TextEncoder();
  let open: { readonly path: string; readonly file: ZipDeflate } | undefined;
  for await (const { path, text } of pieces) {
    if (open?.path !== path) {
      open?.file.push(new Uint8Array(), true);
      open = { path, file: new ZipDeflate(path, { level: 6 }) };
      zip.add(open.file);
    }
    open.file.push(encoder.encode(text));
  }
  open?.file.push(new Uint8Array(), true);
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}
