/**
 * Draws the sample images that the app shows on a first visit, with the boxes they are tested against.
 *
 *   node scripts/portraits/samples.mjs [FOLDER]     (default: public/samples)
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { drawBackdrop } from './backdrop.mjs';
import { Chance } from './random.mjs';
import { drawScene, tiles } from './scene.mjs';

const out = process.argv[2] ?? path.join(import.meta.dirname, '..', '..', 'public', 'samples');
const WIDE = { width: 640, height: 480 };
const TALL = { width: 480, height: 640 };

/** @typedef {import('./scene.mjs').Drawing} Drawing */
/** @typedef {import('./scene.mjs').Place} Place */

/** @param {number} seed @param {string} backdrop @param {Place[]} people @param {{width: number, height: number}} [size] */
const scene = (seed, backdrop, people, size = WIDE) =>
  drawScene(new Chance(seed), { ...size, backdrop, people });

/** @returns {Drawing} a picture in which nobody is */
function nobody() {
  const { width, height } = WIDE;
  const inner = drawBackdrop('hills', new Chance(5), width, height);
  return {
    width,
    height,
    boxes: [],
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inner}</svg>`,
  };
}

/** @type {Record<string, () => Drawing>} */
const drawings = {
  library: () => scene(11, 'library', [{ x: 330, y: 220, size: 92 }]),
  friends: () =>
    scene(26, 'beach', [
      { x: 150, y: 235, size: 66 },
      { x: 330, y: 215, size: 70 },
      { x: 510, y: 240, size: 64 },
    ]),
  call: () => tiles(new Chance(7), WIDE.width, WIDE.height, 3, 2),
  night: () =>
    scene(36, 'night', [
      { x: 225, y: 250, size: 84 },
      { x: 425, y: 270, size: 78 },
    ]),
  portrait: () => scene(41, 'circles', [{ x: 240, y: 285, size: 112 }], TALL),
  city: () =>
    scene(58, 'city', [
      { x: 200, y: 250, size: 58 },
      { x: 430, y: 262, size: 56 },
    ]),
  family: () =>
    scene(63, 'room', [
      { x: 120, y: 190, size: 48 },
      { x: 270, y: 180, size: 50 },
      { x: 420, y: 184, size: 50 },
      { x: 555, y: 196, size: 46 },
      { x: 340, y: 345, size: 44 },
    ]),
  hills: () => scene(79, 'hills', [{ x: 430, y: 255, size: 74 }]),
  party: () =>
    scene(86, 'balloons', [
      { x: 200, y: 250, size: 74 },
      { x: 430, y: 240, size: 76 },
    ]),
  cafe: () => scene(95, 'table', [{ x: 320, y: 215, size: 82 }]),
  empty: nobody,
  rotated: () =>
    scene(
      104,
      'stripes',
      [
        { x: 170, y: 265, size: 62 },
        { x: 325, y: 300, size: 62 },
      ],
      TALL,
    ),
};

await mkdir(out, { recursive: true });
const list = [];
for (const [name, draw] of Object.entries(drawings)) {
  const { svg, width, height, boxes } = draw();
  const file = `${name}.jpg`;
  let image = sharp(Buffer.from(svg)).flatten({ background: '#ffffff' });
  // As a phone stores a portrait: the sensor's rows, and a tag that says how to turn them.
  if (name === 'rotated')
    image = sharp(await image.rotate(270).png().toBuffer()).withMetadata({ orientation: 6 });
  await image.jpeg({ quality: 86, mozjpeg: true }).toFile(path.join(out, file));
  list.push({ file, width, height, boxes: boxes.map((box) => box.map((v) => Math.round(v * 10) / 10)) });
}
await writeFile(path.join(out, 'samples.json'), `${JSON.stringify(list, null, 2)}\n`);
