/**
 * SVG by hand: paths and ellipses as text, and their outlines as points, from which boxes follow.
 *
 * @typedef {readonly [number, number]} Point
 * @typedef {object} Shape one SVG element in head units
 * @property {string} svg
 * @property {readonly Point[]} outline
 */

/** @param {number} n */
const num = (n) => (Math.round(n * 1000) / 1000).toString();

/**
 * @param {string} d absolute M, L, C, Q and Z only
 * @param {string} style SVG attributes
 * @returns {Shape}
 */
export function path(d, style) {
  return { svg: `<path d="${d}" ${style}/>`, outline: samplePath(d) };
}

/**
 * @param {number} cx @param {number} cy @param {number} rx @param {number} ry @param {string} style
 * @returns {Shape}
 */
export function ellipse(cx, cy, rx, ry, style) {
  /** @type {Point[]} */
  const outline = [];
  for (let i = 0; i < 48; i++) {
    const a = (i / 48) * 2 * Math.PI;
    outline.push([cx + rx * Math.cos(a), cy + ry * Math.sin(a)]);
  }
  return {
    svg: `<ellipse cx="${num(cx)}" cy="${num(cy)}" rx="${num(rx)}" ry="${num(ry)}" ${style}/>`,
    outline,
  };
}

/**
 * @param {string} d
 * @returns {Point[]} points on the path, 24 a curve
 */
export function samplePath(d) {
  const tokens = d.match(/[MLCQZ]|-?\d*\.?\d+(?:e-?\d+)?/gu) ?? [];
  /** @type {Point[]} */
  const points = [];
  /** @type {Point} */
  let at = [0, 0];
  let i = 0;
  const read = () => /** @type {Point} */ ([Number(tokens[i++]), Number(tokens[i++])]);
  let command = 'M';
  while (i < tokens.length) {
    if (/[MLCQZ]/u.test(/** @type {string} */ (tokens[i]))) command = /** @type {string} */ (tokens[i++]);
    if (command === 'Z') continue;
    const controls =
      command === 'C' ? [read(), read(), read()] : command === 'Q' ? [read(), read()] : [read()];
    const steps = controls.length === 1 ? 1 : 24;
    const from = at;
    for (let s = 1; s <= steps; s++) points.push(bezier([from, ...controls], s / steps));
    at = /** @type {Point} */ (controls[controls.length - 1]);
  }
  return points;
}

/** De Casteljau. @param {readonly Point[]} p @param {number} t @returns {Point} */
function bezier(p, t) {
  if (p.length === 1) return /** @type {Point} */ (p[0]);
  /** @type {Point[]} */
  const next = [];
  for (let i = 0; i + 1 < p.length; i++) {
    const [ax, ay] = /** @type {Point} */ (p[i]);
    const [bx, by] = /** @type {Point} */ (p[i + 1]);
    next.push([ax + (bx - ax) * t, ay + (by - ay) * t]);
  }
  return bezier(next, t);
}

/** A colour between two `#rrggbb`. @param {string} a @param {string} b @param {number} t @returns {string} */
export function mix(a, b, t) {
  const part = (/** @type {string} */ c, /** @type {number} */ i) =>
    parseInt(c.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `#${[0, 1, 2]
    .map((i) =>
      Math.round(part(a, i) + (part(b, i) - part(a, i)) * t)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
