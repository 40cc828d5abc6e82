/**
 * Draws the PNG icons of the installed app from public/icon.svg: node scripts/draw-icons.mjs
 * The results are kept in the repository; run it again when the drawing changes.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

const folder = path.resolve(import.meta.dirname, '../public');
const drawing = await readFile(path.join(folder, 'icon.svg'), 'utf8');
// Launchers cut their own shape: the square goes to the edges, the drawing stays in the middle four fifths.
const square = drawing.replace(/ rx="\d+"/u, '');

const icons = [
  ['icon-192.png', 192, drawing],
  ['icon-512.png', 512, drawing],
  ['icon-maskable-512.png', 512, square],
  ['apple-touch-icon.png', 180, square],
];
for (const [name, size, svg] of icons) {
  await sharp(Buffer.from(svg), { density: (72 * size) / 32 })
    .resize(size, size)
    .png({ compressionLevel: 9, palette: true })
    .toFile(path.join(folder, name));
}
