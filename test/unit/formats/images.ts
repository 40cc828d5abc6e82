import fc from 'fast-check';
import type { ImageDetections } from '../../../src/formats/imageDetections.ts';
import { writeFormat } from '../../../src/formats/format.ts';
import type { FilePiece, FormatName, FormatOptions } from '../../../src/formats/format.ts';

/** Class names that break careless writers of XML, YAML, CSV-like lines and JSON. */
export const classes = ['face', 'traffic "light"', "<b>&amp;'", 'null', 'yes: no #', 'größe ✓'];

/** Images with unique plain names and boxes inside them. */
export const imageLists: fc.Arbitrary<ImageDetections[]> = fc
  .array(
    fc
      .record({ width: fc.integer({ min: 1, max: 5000 }), height: fc.integer({ min: 1, max: 5000 }) })
      .chain((size) =>
        fc
          .array(
            fc.record({
              x: fc.tuple(unit(), unit()),
              y: fc.tuple(unit(), unit()),
              score: unit(),
              label: fc.nat(classes.length - 1),
            }),
            { maxLength: 5 },
          )
          .map((boxes) => ({
            ...size,
            detections: boxes.map(({ x, y, score, label }) => ({
              x1: Math.min(...x) * size.width,
              y1: Math.min(...y) * size.height,
              x2: Math.max(...x) * size.width,
              y2: Math.max(...y) * size.height,
              score,
              label,
            })),
          })),
      ),
    { maxLength: 6 },
  )
  .map((images) => images.map((image, index) => ({ file: `dir ${index}/ä<&"${index}.jpg`, ...image })));

function unit(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, noNaN: true });
}

/** An image that could not be read. */
export const broken: ImageDetections = {
  file: 'broken.jpg',
  width: 0,
  height: 0,
  detections: [],
  error: { code: 'image-truncated', message: 'The image file is damaged.' },
};

/** All files that a writer makes, joined; refuses pieces of one file that do not follow each other. */
export async function filesOf(
  name: FormatName,
  images: readonly ImageDetections[],
  options: FormatOptions = { classes },
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  let last: FilePiece | null = null;
  for await (const piece of writeFormat(name, images, options)) {
    if (files.has(piece.path) && last?.path !== piece.path) throw new Error(`${piece.path} was interrupted`);
    files.set(piece.path, (files.get(piece.path) ?? '') + piece.text);
    last = piece;
  }
  return files;
}
