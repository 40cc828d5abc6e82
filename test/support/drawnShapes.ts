/** Small pictures with coloured shapes on a noisy ground, and their true boxes: data that a training can learn in a minute. */
import sharp from 'sharp';

export const shapeNames = ['disc', 'square'] as const;

/** Pixels, top left and size, as COCO has it. */
export interface TrueBox {
  readonly label: string;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
}

export interface AnnotatedImage {
  readonly name: string;
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly TrueBox[];
}

const width = 320;
const height = 240;

/** Always the same picture for the same number. Every seventh has no shape at all. */
export async function drawShapes(index: number): Promise<AnnotatedImage> {
  const random = numbers(index + 1);
  const between = (low: number, high: number) => low + random() * (high - low);
  const ground = `hsl(${between(0, 360)} 15% ${between(55, 85)}%)`;
  const boxes: TrueBox[] = [];
  const shapes: string[] = [];
  const wanted = index % 7 === 6 ? 0 : 2 + (index % 3);
  // One a column, so that none hides another.
  for (let column = 0; column < wanted; column += 1) {
    const label = shapeNames[Math.floor(random() * shapeNames.length)] ?? shapeNames[0];
    const size = Math.round(between(42, Math.min(90, width / wanted - 8)));
    const x = Math.round((column * width) / wanted + between(2, width / wanted - size - 2));
    const y = Math.round(between(4, height - size - 4));
    boxes.push({ label, bbox: [x, y, size, size] });
    const colour = `hsl(${label === 'disc' ? between(-20, 20) : between(200, 240)} 80% ${between(30, 45)}%)`;
    shapes.push(
      label === 'disc'
        ? `<circle cx="${x + size / 2}" cy="${y + size / 2}" r="${size / 2}" fill="${colour}"/>`
        : `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="${colour}"/>`,
    );
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="${ground}"/>${shapes.join('')}</svg>`;
  const data = await sharp(Buffer.from(svg)).blur(0.6).jpeg({ quality: 92 }).toBuffer();
  return { name: `shapes-${index}.jpg`, data, width, height, boxes };
}

/** Mulberry32, public domain: repeatable numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
