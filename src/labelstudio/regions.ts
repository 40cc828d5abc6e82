import type { Detection } from '../detector/types.ts';
import { storedLabel } from './labelConfig.ts';
import type { Mapping, Prediction, Region } from './types.ts';

/** Size of the upright (EXIF-applied) image in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A box in pixels of the upright image. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * Detections as Label Studio's regions, in the same order: percent of the image, clamped to it.
 * Left out: scores below `threshold`, classes that the mapping leaves out, boxes without an area
 * inside the image, and boxes with a number that is none.
 *
 * Ids are a hash of the content: the same detections give the same ids, and no two in one list are
 * equal, so that a repeated post can be told from a new one.
 */
export function detectionsToRegions(
  detections: readonly Detection[],
  image: ImageSize,
  mapping: Mapping,
  threshold: number,
): Region[] {
  const regions: Region[] = [];
  const ids = new Set<string>();
  for (const { x1, y1, x2, y2, score, label } of detections) {
    const value = mapping.labels[label] ?? null;
    if (value === null || !(score >= threshold)) continue;
    const left = clamp(x1, image.width);
    const top = clamp(y1, image.height);
    const x = (left / image.width) * 100;
    const y = (top / image.height) * 100;
    const width = ((clamp(x2, image.width) - left) / image.width) * 100;
    const height = ((clamp(y2, image.height) - top) / image.height) * 100;
    // Written so that a NaN fails it too.
    if (!(width > 0 && height > 0)) continue;
    const name = storedLabel(mapping.control, value);
    regions.push({
      id: unusedId([name, x, y, width, height, score].join(' '), ids),
      type: 'rectanglelabels',
      from_name: mapping.control.name,
      to_name: mapping.control.toName,
      original_width: image.width,
      original_height: image.height,
      image_rotation: 0,
      score,
      value: { x, y, width, height, rotation: 0, rectanglelabels: [name] },
    });
  }
  return regions;
}

/** What of a region says where it is; annotations have it too, and may be rotated. */
export interface PlacedRegion {
  readonly original_width: number;
  readonly original_height: number;
  readonly value: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    /** Degrees, clockwise around the top-left corner. */
    readonly rotation?: number;
  };
}

/** The inverse of `detectionsToRegions` for one box; for a rotated region, the box around it. */
export function regionToBox(region: PlacedRegion): Box {
  const { original_width: imageWidth, original_height: imageHeight, value } = region;
  const x1 = (value.x / 100) * imageWidth;
  const y1 = (value.y / 100) * imageHeight;
  const width = (value.width / 100) * imageWidth;
  const height = (value.height / 100) * imageHeight;
  if ((value.rotation ?? 0) === 0) return { x1, y1, x2: x1 + width, y2: y1 + height };
  const angle = ((value.rotation ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const xs = [0, width * cos, -height * sin, width * cos - height * sin];
  const ys = [0, width * sin, height * cos, width * sin + height * cos];
  return {
    x1: x1 + Math.min(...xs),
    y1: y1 + Math.min(...ys),
    x2: x1 + Math.max(...xs),
    y2: y1 + Math.max(...ys),
  };
}

/** What is posted for one task: the regions and the mean of their scores (0 without regions). */
export function toPrediction(task: number, regions: readonly Region[], modelVersion: string): Prediction {
  const sum = regions.reduce((total, region) => total + region.score, 0);
  return {
    task,
    result: regions,
    score: regions.length === 0 ? 0 : sum / regions.length,
    model_version: modelVersion,
  };
}

function clamp(pixels: number, size: number): number {
  return Math.min(size, Math.max(0, pixels));
}

function unusedId(content: string, used: Set<string>): string {
  for (let attempt = 0; ; attempt += 1) {
    const id = `fl-${fnv1a(attempt === 0 ? content : `${content} ${attempt}`)}`;
    if (used.has(id)) continue;
    used.add(id);
    return id;
  }
}

/** 32-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) over UTF-16 units, 8 hex digits. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
