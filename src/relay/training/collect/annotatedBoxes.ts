import * as v from 'valibot';
import { regionToBox, type ImageSize } from '../../../labelstudio/regions.ts';
import type { RectangleControl } from '../../../labelstudio/types.ts';

/** A box as it was drawn: in percent of the upright image, perhaps rotated. */
export interface DrawnBox {
  /** Index of the class. */
  readonly label: number;
  readonly place: v.InferOutput<typeof placeSchema>;
  /** Size that Label Studio's editor took the image to be, where it says so. */
  readonly seen: ImageSize | null;
}

/** What of an annotation cannot be learned from, counted. */
export interface Oddities {
  /** Boxes by label that the tag does not list. */
  readonly unknownLabels: ReadonlyMap<string, number>;
  readonly withoutLabel: number;
  readonly severalLabels: number;
  /** Boxes whose place cannot be told: they leave an object unlabelled, so that the image teaches what is wrong. */
  readonly unreadable: number;
}

export interface DrawnBoxes extends Oddities {
  readonly boxes: readonly DrawnBox[];
}

const ofControlSchema = v.object({
  // A box whose label was taken away again is stored as a plain rectangle.
  type: v.picklist(['rectanglelabels', 'rectangle']),
  from_name: v.string(),
  to_name: v.string(),
});
const finite = v.pipe(v.number(), v.finite());
const placeSchema = v.object({
  x: finite,
  y: finite,
  width: finite,
  height: finite,
  rotation: v.nullish(finite, 0),
});
const regionSchema = v.object({
  original_width: v.nullish(finite, 0),
  original_height: v.nullish(finite, 0),
  // Drawn while the view was turned: the percentages are of the turned image.
  image_rotation: v.nullish(v.literal(0), 0),
  value: placeSchema,
});
const labelsSchema = v.object({
  value: v.object({ rectanglelabels: v.nullish(v.array(v.string()), []) }),
});

/** The boxes of one RectangleLabels tag in what Label Studio stores for an annotation; other results are passed over. */
export function drawnBoxes(
  result: readonly unknown[],
  control: RectangleControl,
  classOf: (storedLabel: string) => number | undefined,
): DrawnBoxes {
  const boxes: DrawnBox[] = [];
  const unknownLabels = new Map<string, number>();
  let withoutLabel = 0;
  let severalLabels = 0;
  let unreadable = 0;
  for (const item of result) {
    const owner = v.safeParse(ofControlSchema, item);
    if (!owner.success) continue;
    if (owner.output.from_name !== control.name || owner.output.to_name !== control.toName) continue;
    const [first, ...others] = v.safeParse(labelsSchema, item).success
      ? v.parse(labelsSchema, item).value.rectanglelabels
      : [];
    if (first === undefined) {
      withoutLabel += 1;
      continue;
    }
    const label = classOf(first);
    if (label === undefined) {
      unknownLabels.set(first, (unknownLabels.get(first) ?? 0) + 1);
      continue;
    }
    const region = v.safeParse(regionSchema, item);
    if (!region.success) {
      unreadable += 1;
      continue;
    }
    if (others.length > 0) severalLabels += 1;
    const { original_width: width, original_height: height, value: place } = region.output;
    boxes.push({ label, place, seen: width > 0 && height > 0 ? { width, height } : null });
  }
  return { boxes, unknownLabels, withoutLabel, severalLabels, unreadable };
}

/** A box as COCO has it: pixels of the upright image, from its top left corner. */
export interface PixelBox {
  readonly label: number;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
}

/** A thousandth of a pixel: below what any tool tells apart, and half the size of the file. */
const rounded = (pixels: number): number => Math.round(pixels * 1000) / 1000;

/** Percent to pixels of the real image; for a rotated box the one around it, cut at the image's edges. */
export function toPixels(drawn: DrawnBox, image: ImageSize): PixelBox {
  const { x1, y1, x2, y2 } = regionToBox({
    original_width: image.width,
    original_height: image.height,
    value: drawn.place,
  });
  const [left, right] = within(x1, x2, image.width);
  const [top, bottom] = within(y1, y2, image.height);
  return { label: drawn.label, bbox: [left, top, rounded(right - left), rounded(bottom - top)] };
}

/** MMDetection skips thinner ones without a word. */
export function isThin({ bbox: [, , width, height] }: PixelBox): boolean {
  return width < 1 || height < 1;
}

/** Shapes differ by more than rounding a scaled size does. */
export function hasOtherShape(seen: ImageSize, image: ImageSize): boolean {
  const ratio = (seen.width * image.height) / (seen.height * image.width);
  return Math.abs(Math.log(ratio)) > 0.02;
}

function within(a: number, b: number, size: number): readonly [low: number, high: number] {
  const clamp = (pixels: number) => rounded(Math.min(size, Math.max(0, pixels)));
  return [clamp(Math.min(a, b)), clamp(Math.max(a, b))];
}
