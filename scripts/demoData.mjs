// The demo model's data as COCO files: split, merged, and altered for tests of gray and dark pictures.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/**
 * @typedef {{ id: number, file_name: string, width: number, height: number }} CocoImage
 * @typedef {{ id: number, image_id: number, category_id: number, bbox: number[], area: number, iscrowd: number }} CocoAnnotation
 * @typedef {{ info?: unknown, images: CocoImage[], annotations: CocoAnnotation[], categories: { id: number, name: string }[] }} Coco
 */

/**
 * @param {Coco} coco
 * @param {{ train: string[], val: string[] }} split file names
 * @returns {{ train: Coco, val: Coco }}
 */
export function splitCoco(coco, split) {
  const part = (/** @type {string[]} */ names) => {
    const wanted = new Set(names);
    const images = coco.images.filter((image) => wanted.has(image.file_name));
    const ids = new Set(images.map((image) => image.id));
    return { ...coco, images, annotations: coco.annotations.filter(({ image_id }) => ids.has(image_id)) };
  };
  return { train: part(split.train), val: part(split.val) };
}

/**
 * One COCO file out of several with the same class; file names get their folder in front, ids are new.
 *
 * @param {{ coco: Coco, folder: string }[]} parts
 * @returns {Coco}
 */
export function mergeCoco(parts) {
  /** @type {Coco} */
  const merged = { images: [], annotations: [], categories: [{ id: 1, name: 'face' }] };
  for (const { coco, folder } of parts) {
    const ids = new Map();
    for (const image of coco.images) {
      ids.set(image.id, merged.images.length + 1);
      const id = merged.images.length + 1;
      merged.images.push({ ...image, id, file_name: `${folder}/${image.file_name}` });
    }
    for (const annotation of coco.annotations) {
      const id = merged.annotations.length + 1;
      merged.annotations.push({ ...annotation, id, image_id: ids.get(annotation.image_id), category_id: 1 });
    }
  }
  return merged;
}

/** As a black-and-white photograph. */
export const grayed = (/** @type {sharp.Sharp} */ image) => image.grayscale();

/** At a third of the light. */
export const darkened = (/** @type {sharp.Sharp} */ image) => image.linear(0.35, 0);

/**
 * A copy of a data set with every image altered.
 *
 * @param {Coco} coco
 * @param {string} folder of its images
 * @param {string} out
 * @param {(image: sharp.Sharp) => sharp.Sharp} alter
 * @returns {Promise<{ annotations: string, images: string }>}
 */
export async function writeAltered(coco, folder, out, alter) {
  for (const image of coco.images) {
    const file = join(out, image.file_name);
    await mkdir(dirname(file), { recursive: true });
    await alter(sharp(join(folder, image.file_name)))
      .jpeg({ quality: 92 })
      .toFile(file);
  }
  const annotations = join(out, 'coco.json');
  await writeFile(annotations, JSON.stringify(coco));
  return { annotations, images: out };
}
