/**
 * A drawing: a backdrop and people in it, and the boxes of their heads.
 *
 * @typedef {[number, number, number, number]} Box x1, y1, x2, y2 in pixels, inside the image
 * @typedef {object} Drawing
 * @property {string} svg @property {number} width @property {number} height @property {Box[]} boxes
 */
import { drawBackdrop, PLACES } from './backdrop.mjs';
import { drawPerson, randomPerson } from './person.mjs';

/** @typedef {import('./random.mjs').Chance} Chance */
/** @typedef {{x: number, y: number, size: number, person?: Partial<import('./person.mjs').Person>}} Place */

/**
 * @param {Chance} chance
 * @param {object} plan
 * @param {number} plan.width @param {number} plan.height @param {string} plan.backdrop
 * @param {readonly Place[]} plan.people from back to front
 * @returns {Drawing}
 */
export function drawScene(chance, { width, height, backdrop, people }) {
  let inner = drawBackdrop(backdrop, chance, width, height);
  /** @type {Box[]} */
  const boxes = [];
  for (const place of people) {
    const { svg, box } = drawPerson(randomPerson(chance, place.person), place.x, place.y, place.size);
    inner += svg;
    const clipped = /** @type {Box} */ ([
      Math.max(0, box[0]),
      Math.max(0, box[1]),
      Math.min(width, box[2]),
      Math.min(height, box[3]),
    ]);
    if (clipped[2] - clipped[0] > 2 && clipped[3] - clipped[1] > 2) boxes.push(clipped);
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${inner}</svg>`;
  return { svg, width, height, boxes };
}

/** Anything: near or far, none to many, any place. @param {Chance} chance @returns {Drawing} */
export function randomScene(chance) {
  const [width, height] = chance.pick([
    [480, 360],
    [360, 480],
    [448, 448],
    [512, 288],
    [480, 320],
  ]);
  const w = /** @type {number} */ (width);
  const h = /** @type {number} */ (height);
  const kind = chance.pick([
    'one',
    'one',
    'near',
    'far',
    'pair',
    'pair',
    'group',
    'group',
    'crowd',
    'tiles',
    'none',
  ]);
  /** @type {Place[]} */
  const people = [];
  if (kind === 'one')
    people.push({
      x: w * chance.between(0.3, 0.7),
      y: h * chance.between(0.36, 0.52),
      size: h * chance.between(0.11, 0.19),
    });
  if (kind === 'near')
    people.push({
      x: w * chance.between(0.38, 0.62),
      y: h * chance.between(0.42, 0.56),
      size: Math.min(w, h) * chance.between(0.24, 0.36),
    });
  if (kind === 'far')
    for (let i = chance.whole(1, 3); i > 0; i--)
      people.push({
        x: w * chance.between(0.08, 0.92),
        y: h * chance.between(0.45, 0.7),
        size: h * chance.between(0.03, 0.06),
      });
  if (kind === 'pair') {
    const size = h * chance.between(0.1, 0.15);
    for (const x of [0.3, 0.7])
      people.push({
        x: w * (x + chance.between(-0.06, 0.06)),
        y: h * chance.between(0.38, 0.52),
        size: size * chance.between(0.85, 1.1),
      });
  }
  if (kind === 'group' || kind === 'crowd') {
    const n = kind === 'group' ? chance.whole(3, 4) : chance.whole(5, 7);
    const rows = kind === 'group' ? 1 : 2;
    for (let row = 0; row < rows; row++) {
      const count = row === 0 ? Math.ceil(n / rows) : Math.floor(n / rows);
      for (let i = 0; i < count; i++)
        people.push({
          x: (w * (i + 0.5 + (row === 1 ? 0.15 : 0) + chance.between(-0.08, 0.08))) / count,
          y: h * (rows === 1 ? 0.48 : row === 0 ? 0.34 : 0.66) + h * chance.between(-0.04, 0.04),
          size: (w / count) * chance.between(0.19, 0.24) * (rows === 2 ? 0.8 : 1),
        });
    }
  }
  if (kind === 'tiles') return tiles(chance, w, h, chance.whole(2, 4), chance.whole(2, 3));
  return drawScene(chance, { width: w, height: h, backdrop: chance.pick(PLACES), people });
}

/**
 * A video call: each person in a frame of their own.
 * @param {Chance} chance @param {number} width @param {number} height @param {number} columns @param {number} rows
 * @returns {Drawing}
 */
export function tiles(chance, width, height, columns, rows) {
  const gap = 6;
  const tw = Math.floor((width - gap * (columns + 1)) / columns);
  const th = Math.floor((height - gap * (rows + 1)) / rows);
  let inner = `<rect width="${width}" height="${height}" fill="#1f2630"/>`;
  /** @type {Box[]} */
  const boxes = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const x = gap + column * (tw + gap);
      const y = gap + row * (th + gap);
      const size = Math.min(tw * 0.2, th * 0.2) * chance.between(0.9, 1.15);
      const scene = drawScene(chance, {
        width: tw,
        height: th,
        backdrop: chance.pick(['plain', 'circles', 'stripes', 'room', 'library']),
        people: [{ x: tw * chance.between(0.42, 0.58), y: th * chance.between(0.44, 0.52), size }],
      });
      // Gradients are named: each tile needs a name of its own.
      inner += `<svg x="${x}" y="${y}" width="${tw}" height="${th}" viewBox="0 0 ${tw} ${th}">${scene.svg.replace(/sky/gu, `sky${row}-${column}`)}</svg>`;
      for (const [x1, y1, x2, y2] of scene.boxes) boxes.push([x1 + x, y1 + y, x2 + x, y2 + y]);
    }
  return {
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${inner}</svg>`,
    width,
    height,
    boxes,
  };
}
