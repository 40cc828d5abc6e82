import type { ImageDetections } from './imageDetections.ts';
import { className } from './writer.ts';
import type { FilePiece, FormatOptions, Images } from './writer.ts';

/** One line, without the line break: what `forelabel predict` prints for an image. */
export function jsonLine(image: ImageDetections, classes: readonly string[]): string {
  if (image.error) {
    const { code, message } = image.error;
    return JSON.stringify({ file: image.file, error: { code, message } });
  }
  return JSON.stringify({
    file: image.file,
    width: image.width,
    height: image.height,
    detections: image.detections.map((detection) => ({
      label: className(classes, detection.label),
      score: detection.score,
      box: [detection.x1, detection.y1, detection.x2, detection.y2],
    })),
    timings: image.timings ?? {},
  });
}

/** JSON Lines: one line an image, boxes [x1, y1, x2, y2] in pixels of the upright image. */
export async function* writeJsonl(images: Images, options: FormatOptions): AsyncGenerator<FilePiece> {
  const path = 'detections.jsonl';
  yield { path, text: '' };
  for await (const image of images) yield { path, text: `${jsonLine(image, options.classes)}\n` };
}
