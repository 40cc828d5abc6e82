import { className } from './writer.ts';
import type { FilePiece, FormatOptions, Images } from './writer.ts';

/** A thousandth of a pixel: below what any tool tells apart, and half the size of the file. */
const rounded = (pixels: number): number => Math.round(pixels * 1000) / 1000;

/**
 * A COCO dataset (https://cocodataset.org/#format-data) with the detections as its annotations: categories in
 * class order with ids from 1, bbox [x, y, width, height] in pixels, plus the `score`. Images are written as
 * they come; annotations are held until the end, for they are a second list in the same file.
 */
export async function* writeCoco(images: Images, options: FormatOptions): AsyncGenerator<FilePiece> {
  const path = 'coco.json';
  const categories = options.classes.map((name, index) => ({ id: index + 1, name, supercategory: '' }));
  yield {
    path,
    text: `{"info":{"description":"Written by Forelabel"},"licenses":[],"categories":${JSON.stringify(categories)},\n"images":[`,
  };
  const annotations: string[] = [];
  let id = 0;
  for await (const image of images) {
    if (image.error) continue;
    id += 1;
    const row = { id, file_name: image.file, width: image.width, height: image.height };
    yield { path, text: `${id === 1 ? '\n' : ',\n'}${JSON.stringify(row)}` };
    for (const detection of image.detections) {
      className(options.classes, detection.label);
      const width = rounded(detection.x2 - detection.x1);
      const height = rounded(detection.y2 - detection.y1);
      annotations.push(
        JSON.stringify({
          id: annotations.length + 1,
          image_id: id,
          category_id: detection.label + 1,
          bbox: [rounded(detection.x1), rounded(detection.y1), width, height],
          area: rounded(width * height),
          iscrowd: 0,
          score: detection.score,
        }),
      );
    }
  }
  yield { path, text: '],\n"annotations":[' };
  for (const [index, text] of annotations.entries())
    yield { path, text: `${index === 0 ? '\n' : ',\n'}${text}` };
  yield { path, text: ']}\n' };
}
