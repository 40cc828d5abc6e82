import { createHash } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import type { PixelBox } from './annotatedBoxes.ts';

export interface CocoImage {
  /** Task id: the image's id in the file. */
  readonly task: number;
  /** Relative to the folder of the images. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PixelBox[];
}

/**
 * Writes a COCO file (https://cocodataset.org/#format-data): categories in class order with ids from 1, since
 * MMDetection numbers labels by their order in the file. The same images give the same bytes; no date is in it.
 * @returns SHA-256 of the file, in hex
 */
export async function writeCocoFile(
  path: string,
  classes: readonly string[],
  images: readonly CocoImage[],
): Promise<string> {
  const hash = createHash('sha256');
  const partial = `${path}.part`;
  const file = await open(partial, 'w');
  try {
    for (const text of cocoText(classes, images)) {
      hash.update(text);
      await file.appendFile(text);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  return hash.digest('hex');
}

/** In pieces: one for each image, for there may be many. */
function* cocoText(classes: readonly string[], images: readonly CocoImage[]): Generator<string> {
  const sorted = images.toSorted((a, b) => a.task - b.task);
  const categories = classes.map((name, index) => ({ id: index + 1, name, supercategory: '' }));
  const rows = sorted.map(({ task, file, width, height }) =>
    JSON.stringify({ id: task, file_name: file, width, height }),
  );
  yield `{"info":{"description":"Collected by Forelabel"},"licenses":[],"categories":${JSON.stringify(categories)},\n`;
  yield `"images":[\n${rows.join(',\n')}],\n"annotations":[`;
  let id = 0;
  for (const { task, boxes } of sorted) {
    const lines = boxes.map(({ label, bbox }) => {
      id += 1;
      const area = Math.round(bbox[2] * bbox[3] * 1000) / 1000;
      const row = { id, image_id: task, category_id: label + 1, bbox, area, iscrowd: 0 };
      return `${id === 1 ? '\n' : ',\n'}${JSON.stringify(row)}`;
    });
    if (lines.length > 0) yield lines.join('');
  }
  yield ']}\n';
}
