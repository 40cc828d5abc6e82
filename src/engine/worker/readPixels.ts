import type { PixelImage } from '../../detector/types.ts';
import { EngineError } from '../errors.ts';
import { readStraight } from './readStraight.ts';

/** Canvases end at 16,384 pixels a side in some browsers, and at an area in others: both are far away here. */
const TILE_SIDE = 8192;
const TILE_AREA = 16_777_216;

/**
 * The pixels of a bitmap, unscaled and to the last bit. A canvas premultiplies by alpha and would lose
 * what is under transparent pixels, so images with alpha are read another way where there is one.
 *
 * Throws `EngineError` 'out-of-memory' when there is no room for them.
 */
export function readPixels(image: ImageBitmap): PixelImage {
  const { width, height } = image;
  const drawn = readCanvas(image);
  const data = isOpaque(drawn) ? drawn : (readStraight(image) ?? drawn);
  return { width, height, channels: 4, data };
}

function isOpaque(data: Uint8ClampedArray): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

function readCanvas(image: ImageBitmap): Uint8ClampedArray {
  const { width, height } = image;
  if (width <= TILE_SIDE && height <= TILE_SIDE && width * height <= TILE_AREA) {
    return readTile(image, 0, 0, width, height).data;
  }
  const data = allocate(width, height);
  const tileWidth = Math.min(width, TILE_SIDE);
  const tileHeight = Math.min(height, Math.floor(TILE_AREA / tileWidth), TILE_SIDE);
  for (let y = 0; y < height; y += tileHeight) {
    for (let x = 0; x < width; x += tileWidth) {
      const tile = readTile(image, x, y, Math.min(tileWidth, width - x), Math.min(tileHeight, height - y));
      for (let row = 0; row < tile.height; row++) {
        const line = tile.data.subarray(row * tile.width * 4, (row + 1) * tile.width * 4);
        data.set(line, ((y + row) * width + x) * 4);
      }
    }
  }
  return data;
}

function readTile(image: ImageBitmap, x: number, y: number, width: number, height: number): ImageData {
  const canvas = new OffscreenCanvas(width, height);
  // Without willReadFrequently the pixels may take a way through the GPU.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new EngineError('out-of-memory', 'no canvas for the image');
  context.drawImage(image, x, y, width, height, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function allocate(width: number, height: number): Uint8ClampedArray {
  try {
    return new Uint8ClampedArray(width * height * 4);
  } catch (error) {
    throw new EngineError('out-of-memory', `${width} x ${height} pixels`, { cause: error });
  }
}
