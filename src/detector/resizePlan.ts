import type { ManifestInput } from './manifest.ts';
import type { ResizePlan } from './types.ts';

/** An image that cannot be fed to a detector: no area, or pixels that do not fit its size. */
export class PixelsError extends Error {
  readonly code = 'pixels-invalid';
  override readonly name = 'PixelsError';
}

/**
 * The size an image of `width` x `height` pixels gets before it enters the network.
 *
 * 'keep-ratio' is mmcv 2.2 `rescale_size` in doubles: s = min(max(w, h) / long side, min(w, h) / short
 * side), new side = int(side * s + 0.5). One deviation: where that gives 0 (a 20,000 x 1 strip), at which
 * MMDetection fails, the side is 1. Padding is `ceil(side / divisor) * divisor`, as `DetDataPreprocessor`
 * pads a batch of one.
 *
 * Throws `PixelsError` when a side is not a whole number of at least 1.
 */
export function planResize(width: number, height: number, input: ManifestInput): ResizePlan {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new PixelsError(`An image of ${width} x ${height} pixels cannot be resized: it has no area.`);
  }
  const [newWidth, newHeight] = newSize(width, height, input.resize);
  return {
    sourceWidth: width,
    sourceHeight: height,
    width: newWidth,
    height: newHeight,
    paddedWidth: Math.ceil(newWidth / input.padDivisor) * input.padDivisor,
    paddedHeight: Math.ceil(newHeight / input.padDivisor) * input.padDivisor,
    scaleX: newWidth / width,
    scaleY: newHeight / height,
  };
}

function newSize(width: number, height: number, target: ManifestInput['resize']): [number, number] {
  if (target.rule === 'stretch') return [target.width, target.height];
  const long = Math.max(target.width, target.height);
  const short = Math.min(target.width, target.height);
  const scale = Math.min(long / Math.max(height, width), short / Math.min(height, width));
  const side = (length: number) => Math.max(1, Math.trunc(length * scale + 0.5));
  return [side(width), side(height)];
}
