/**
 * Writes drawn portraits as a COCO data set, for training and tests; the same seed gives the same set.
 *
 *   node scripts/portraits/dataset.mjs --out FOLDER [--count 250] [--seed 1] [--tone mixed|colour|gray|dark]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { Chance } from './random.mjs';
import { randomScene } from './scene.mjs';

/** @typedef {'mixed' | 'colour' | 'gray' | 'dark'} Tone */

/**
 * @param {object} options
 * @param {string} options.out @param {number} options.count @param {number} options.seed
 * @param {Tone} [options.tone] mixed: mostly colour, some gray, some dark
 * @returns {Promise<string>} path of the COCO file
 */
export async function writeDrawings({ out, count, seed, tone = 'mixed' }) {
  await mkdir(path.join(out, 'images'), { recursive: true });
  const images = [];
  const annotations = [];
  for (let i = 0; i < count; i++) {
    // A seed of its own for each drawing: the k-th does not depend on how many there are.
    const chance = new Chance(seed * 1_000_003 + i);
    const scene = randomScene(chance);
    const mood = chance.next();
    let image = sharp(Buffer.from(scene.svg)).flatten({ background: '#ffffff' });
    const gray = tone === 'gray' || (tone === 'mixed' && mood < 0.15);
    const dark = tone === 'dark' || (tone === 'mixed' && mood > 0.88);
    if (gray) image = image.grayscale();
    if (dark) image = image.linear(chance.between(0.25, 0.5), 0);
    const file = `images/${String(i).padStart(4, '0')}.jpg`;
    await image.jpeg({ quality: 88 }).toFile(path.join(out, file));
    images.push({ id: i + 1, file_name: file, width: scene.width, height: scene.height });
    for (const [x1, y1, x2, y2] of scene.boxes) {
      const bbox = [x1, y1, x2 - x1, y2 - y1].map((v) => Math.round(v * 100) / 100);
      annotations.push({
        id: annotations.length + 1,
        image_id: i + 1,
        category_id: 1,
        bbox,
        area: (x2 - x1) * (y2 - y1),
        iscrowd: 0,
      });
    }
  }
  const coco = path.join(out, 'coco.json');
  const info = {
    description: `Forelabel's drawn portraits, seed ${String(seed)}, tone ${tone}; boxes known by construction`,
  };
  await writeFile(coco, JSON.stringify({ info, images, annotations, categories: [{ id: 1, name: 'face' }] }));
  return coco;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      count: { type: 'string', default: '250' },
      seed: { type: 'string', default: '1' },
      tone: { type: 'string', default: 'mixed' },
    },
  });
  if (values.out === undefined || !['mixed', 'colour', 'gray', 'dark'].includes(values.tone)) {
    console.error(
      'Usage: node scripts/portraits/dataset.mjs --out FOLDER [--count 250] [--seed 1] [--tone mixed|colour|gray|dark]',
    );
    process.exit(2);
  }
  console.log(
    await writeDrawings({
      out: values.out,
      count: Number(values.count),
      seed: Number(values.seed),
      tone: /** @type {Tone} */ (values.tone),
    }),
  );
}
