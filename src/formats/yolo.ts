import { labelPaths } from './paths.ts';
import { className } from './writer.ts';
import type { FilePiece, FormatOptions, Images } from './writer.ts';

/** A share of the image in 0..1, with a millionth as its last digit. */
function share(pixels: number, size: number): string {
  return Math.min(1, Math.max(0, pixels / size)).toFixed(6);
}

/**
 * YOLO: `labels/<image>.txt` with a line `class cx cy width height` a box (shares of the image, class index
 * from 0), `classes.txt` and `data.yaml`. Scores have no place in training labels and are left out; an image
 * without boxes gets an empty file, which trainers read as 'nothing here'.
 */
export async function* writeYolo(images: Images, options: FormatOptions): AsyncGenerator<FilePiece> {
  const pathOf = labelPaths('labels', '.txt');
  for await (const image of images) {
    if (image.error) continue;
    const lines = image.detections.map((detection) => {
      className(options.classes, detection.label);
      const centerX = share((detection.x1 + detection.x2) / 2, image.width);
      const centerY = share((detection.y1 + detection.y2) / 2, image.height);
      const width = share(detection.x2 - detection.x1, image.width);
      const height = share(detection.y2 - detection.y1, image.height);
      return `${detection.label} ${centerX} ${centerY} ${width} ${height}\n`;
    });
    yield { path: pathOf(image.file), text: lines.join('') };
  }
  // One name a line is the format; a line break inside a name would shift all that follow.
  const oneLine = options.classes.map((name) => name.replaceAll(/[\r\n]+/gu, ' '));
  yield { path: 'classes.txt', text: oneLine.map((name) => `${name}\n`).join('') };
  // JSON strings are YAML strings: no name needs quoting rules of its own.
  const names = options.classes.map((name, index) => `  ${index}: ${JSON.stringify(name)}\n`).join('');
  yield { path: 'data.yaml', text: `path: .\ntrain: images\nval: images\nnames:\n${names}` };
}
