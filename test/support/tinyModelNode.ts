import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { readModel } from '../../src/engine/native/readModel.ts';
import type { ModelBytes } from '../../src/engine/native/readModel.ts';

/** Folder of the committed toy network. */
export const tinyModelDir = fileURLToPath(new URL('../fixtures/tiny-model', import.meta.url));

export function tinyModel(): Promise<ModelBytes> {
  return readModel(tinyModelDir);
}

/** A picture with smooth parts, edges and no symmetry: RGB, lossless until `sharp` is told otherwise. */
export function drawing(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const inside = x > width / 5 && x < width / 2 && y > height / 4 && y < (height * 2) / 3;
      data[at] = inside ? 230 : Math.round((x / width) * 200);
      data[at + 1] = Math.round(128 + 100 * Math.sin(x / 7) * Math.cos(y / 11));
      data[at + 2] = inside ? 40 : Math.round((y / height) * 255);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A file of the test data that lie beside the checkout; undefined where they are absent. */
export async function sharedData(path: string): Promise<Buffer | undefined> {
  return readFile(new URL(`../../../shared/data/${path}`, import.meta.url)).catch(() => undefined);
}
