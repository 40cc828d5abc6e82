/**
 * What stands behind the people: places and things without a face. Round, flesh-coloured and
 * two-eyed things (balloons, oranges, buttons) are here on purpose, so that a detector learns faces.
 */
import { mix } from './shapes.mjs';

/** @typedef {import('./random.mjs').Chance} Chance */

export const PLACES = [
  'plain',
  'circles',
  'stripes',
  'hills',
  'city',
  'room',
  'library',
  'night',
  'beach',
  'table',
  'balloons',
];

/** @param {string} place @param {Chance} chance @param {number} w @param {number} h @returns {string} SVG */
export function drawBackdrop(place, chance, w, h) {
  const soft = chance.pick([
    '#f6e7cb',
    '#dcecf2',
    '#f7d9d0',
    '#dfeadb',
    '#e6def2',
    '#fdf0d5',
    '#cfe3e8',
    '#e9e4dc',
    '#f2c9a1',
    '#b9d4c6',
    '#9fb8c9',
    '#6f8797',
    '#48545e',
  ]);
  const base = `<rect width="${w}" height="${h}" fill="${soft}"/>`;
  const r = (/** @type {number} */ a, /** @type {number} */ b) => chance.between(a, b);
  const f = (/** @type {number} */ n) => n.toFixed(1);
  const circle = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {number} */ rad,
    /** @type {string} */ c,
    extra = '',
  ) => `<circle cx="${f(x)}" cy="${f(y)}" r="${f(rad)}" fill="${c}" ${extra}/>`;
  const rect = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {number} */ rw,
    /** @type {number} */ rh,
    /** @type {string} */ c,
    extra = '',
  ) => `<rect x="${f(x)}" y="${f(y)}" width="${f(rw)}" height="${f(rh)}" fill="${c}" ${extra}/>`;
  const tree = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ s) => {
    const c = chance.pick(['#4f8a5b', '#6aa36f', '#3d7050', '#8fb35c']);
    return (
      rect(x - s * 0.08, y - s * 0.5, s * 0.16, s * 0.5, '#7a5638') +
      circle(x, y - s * 0.85, s * 0.42, c) +
      circle(x - s * 0.28, y - s * 0.65, s * 0.3, mix(c, '#000000', 0.08)) +
      circle(x + s * 0.28, y - s * 0.65, s * 0.3, mix(c, '#ffffff', 0.08))
    );
  };
  const house = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ s) => {
    const c = chance.pick(['#f3e3c8', '#e8b894', '#cfd8dc', '#f2c6b4', '#d8c3a5']);
    return `${rect(x, y - s * 0.7, s, s * 0.7, c)}<path d="M ${f(x - s * 0.1)} ${f(y - s * 0.7)} L ${f(x + s / 2)} ${f(y - s * 1.2)} L ${f(x + s * 1.1)} ${f(y - s * 0.7)} Z" fill="${chance.pick(['#a5482f', '#7a4b3a', '#5b6b7a'])}"/>${rect(x + s * 0.15, y - s * 0.5, s * 0.2, s * 0.2, '#7fa7bd')}${rect(x + s * 0.62, y - s * 0.5, s * 0.2, s * 0.2, '#7fa7bd')}${rect(x + s * 0.4, y - s * 0.34, s * 0.2, s * 0.34, '#6b4a35')}`;
  };
  switch (place) {
    case 'circles': {
      let svg = base;
      for (let i = chance.whole(3, 7); i > 0; i--)
        svg += circle(
          r(0, w),
          r(0, h),
          r(0.08, 0.35) * w,
          mix(soft, chance.pick(['#ffffff', '#e07a5f', '#3d6b8a', '#f2b134']), r(0.15, 0.45)),
        );
      return svg;
    }
    case 'stripes': {
      let svg = base;
      const step = r(0.05, 0.14) * w;
      const c = mix(soft, chance.pick(['#ffffff', '#3d405b', '#e07a5f']), 0.25);
      for (let x = -h; x < w + h; x += 2 * step)
        svg += `<path d="M ${f(x)} 0 L ${f(x + step)} 0 L ${f(x + step - h * 0.4)} ${h} L ${f(x - h * 0.4)} ${h} Z" fill="${c}"/>`;
      return svg;
    }
    case 'hills': {
      const sky = chance.pick(['#bfe3f2', '#fbe1bd', '#d6e6f5', '#f7cdb8']);
      let svg = rect(0, 0, w, h, sky) + circle(r(0.1, 0.9) * w, r(0.1, 0.3) * h, 0.07 * w, '#fff1b8');
      for (let i = 0; i < 3; i++) {
        const y = h * (0.5 + 0.14 * i);
        svg += `<path d="M 0 ${f(y + r(-20, 30))} C ${f(w * 0.3)} ${f(y - r(20, 90))} ${f(w * 0.6)} ${f(y + r(0, 70))} ${w} ${f(y - r(0, 60))} L ${w} ${h} L 0 ${h} Z" fill="${['#a9cba0', '#84b37f', '#629a68'][i]}"/>`;
      }
      for (let i = chance.whole(1, 4); i > 0; i--) svg += tree(r(0, w), h * r(0.62, 0.8), h * r(0.15, 0.3));
      for (let i = chance.whole(0, 3); i > 0; i--)
        svg += house(r(0, 0.85) * w, h * r(0.66, 0.85), h * r(0.12, 0.22));
      return svg;
    }
    case 'city': {
      let svg = rect(0, 0, w, h, chance.pick(['#cfe3ee', '#f9d9c2', '#e3e1f1']));
      for (let x = -10; x < w;) {
        const bw = r(0.08, 0.16) * w;
        const bh = r(0.3, 0.8) * h;
        const c = chance.pick(['#8fa3b0', '#b5a69a', '#6c7f8f', '#c9b8a3', '#a0858c']);
        svg += rect(x, h - bh, bw, bh, c);
        for (let wy = h - bh + 14; wy < h - 20; wy += 30)
          for (let wx = x + 10; wx < x + bw - 16; wx += 22)
            svg += rect(wx, wy, 11, 15, chance.yes(0.4) ? '#fbe7a1' : mix(c, '#ffffff', 0.3));
        x += bw + 4;
      }
      return svg;
    }
    case 'room': {
      let svg = base + rect(0, h * 0.78, w, h * 0.22, mix(soft, '#8a5a3a', 0.45));
      const wx = r(0.05, 0.65) * w;
      svg +=
        rect(wx, h * 0.1, w * 0.28, h * 0.38, '#ffffff') +
        rect(wx + 8, h * 0.1 + 8, w * 0.28 - 16, h * 0.38 - 16, '#b9def0') +
        rect(wx + w * 0.14 - 3, h * 0.1, 6, h * 0.38, '#ffffff');
      const px = r(0.05, 0.95) * w;
      svg += `<path d="M ${f(px - 26)} ${f(h * 0.78)} L ${f(px + 26)} ${f(h * 0.78)} L ${f(px + 20)} ${f(h * 0.9)} L ${f(px - 20)} ${f(h * 0.9)} Z" fill="#c8694a"/>`;
      for (let i = -2; i <= 2; i++)
        svg += `<ellipse cx="${f(px + i * 17)}" cy="${f(h * 0.66 + Math.abs(i) * 9)}" rx="11" ry="46" fill="${i % 2 ? '#4f8a5b' : '#6aa36f'}" transform="rotate(${i * 20} ${f(px)} ${f(h * 0.76)})"/>`;
      if (chance.yes(0.5))
        svg += circle(r(0.1, 0.9) * w, h * 0.2, 30, '#ffffff', 'stroke="#444" stroke-width="5"');
      return svg;
    }
    case 'library': {
      let svg = rect(0, 0, w, h, '#8a6244');
      for (let y = 0; y < h; y += h / 4) {
        svg += rect(0, y, w, h / 4 - 10, '#4d3322');
        for (let x = 6; x < w - 10;) {
          const bw = r(11, 26);
          const bh = r(0.6, 0.92) * (h / 4 - 10);
          if (chance.yes(0.9))
            svg += rect(
              x,
              y + h / 4 - 10 - bh,
              bw,
              bh,
              chance.pick(['#b5483a', '#2f6f8f', '#d9a441', '#55724f', '#7d5a86', '#d8cbb0', '#3c4f5f']),
            );
          x += bw + 2;
        }
      }
      return svg;
    }
    case 'night': {
      let svg =
        rect(0, 0, w, h, chance.pick(['#121a33', '#1c1730', '#0f2230'])) +
        circle(r(0.1, 0.9) * w, h * r(0.1, 0.25), 0.055 * w, '#f4edc9');
      for (let i = 0; i < 46; i++)
        svg += circle(r(0, w), r(0, h * 0.7), r(0.6, 1.9), '#ffffff', 'opacity="0.8"');
      svg += `<path d="M 0 ${f(h * 0.75)} C ${f(w * 0.3)} ${f(h * 0.6)} ${f(w * 0.6)} ${f(h * 0.85)} ${w} ${f(h * 0.68)} L ${w} ${h} L 0 ${h} Z" fill="#0b1220"/>`;
      return svg;
    }
    case 'beach': {
      let svg =
        rect(0, 0, w, h, '#bfe6f5') +
        circle(w * r(0.1, 0.9), h * 0.16, w * 0.06, '#ffe08a') +
        rect(0, h * 0.48, w, h * 0.22, '#3f9fb8') +
        rect(0, h * 0.48, w, h * 0.05, '#59b3c9') +
        `<path d="M 0 ${f(h * 0.68)} C ${f(w * 0.3)} ${f(h * 0.62)} ${f(w * 0.7)} ${f(h * 0.74)} ${w} ${f(h * 0.66)} L ${w} ${h} L 0 ${h} Z" fill="#f0d9a6"/>`;
      const sx = w * r(0.15, 0.85);
      svg += `<path d="M ${f(sx - 22)} ${f(h * 0.5)} L ${f(sx + 24)} ${f(h * 0.5)} L ${f(sx + 14)} ${f(h * 0.54)} L ${f(sx - 14)} ${f(h * 0.54)} Z" fill="#8a4b32"/><path d="M ${f(sx)} ${f(h * 0.49)} L ${f(sx)} ${f(h * 0.36)} L ${f(sx + 22)} ${f(h * 0.47)} Z" fill="#ffffff"/>`;
      for (let i = chance.whole(0, 3); i > 0; i--)
        svg += circle(r(0, w), h * r(0.78, 0.95), r(10, 26), chance.pick(['#e4572e', '#f2b134', '#ffffff']));
      return svg;
    }
    case 'table': {
      let svg = base + rect(0, h * 0.62, w, h * 0.38, '#b07d54') + rect(0, h * 0.62, w, 8, '#8d6140');
      for (let i = chance.whole(3, 7); i > 0; i--) {
        const x = r(0.06, 0.94) * w;
        const s = r(0.05, 0.1) * w;
        const y = h * r(0.66, 0.85);
        const kind = chance.whole(0, 3);
        if (kind === 0)
          svg +=
            circle(x, y - s * 0.6, s * 0.7, chance.pick(['#e8862e', '#d23c3c', '#8cb548', '#e9b18c'])) +
            `<path d="M ${f(x)} ${f(y - s * 1.2)} q 6 -14 16 -12" stroke="#55724f" stroke-width="5" fill="none"/>`;
        else if (kind === 1)
          svg +=
            rect(x - s * 0.5, y - s, s, s * 1.1, chance.pick(['#ffffff', '#2e86ab', '#d1495b']), 'rx="8"') +
            `<path d="M ${f(x + s * 0.5)} ${f(y - s * 0.8)} q ${f(s * 0.5)} ${f(s * 0.3)} 0 ${f(s * 0.6)}" stroke="#dddddd" stroke-width="7" fill="none"/>`;
        else if (kind === 2)
          svg += `<ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(s * 1.2)}" ry="${f(s * 0.35)}" fill="#ffffff"/><ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(s * 0.8)}" ry="${f(s * 0.2)}" fill="#e6ecef"/>`;
        else
          svg +=
            rect(x - s * 0.3, y - s * 1.5, s * 0.6, s * 1.5, '#7fa7bd', 'rx="10"') +
            circle(x - s * 0.2, y - s * 1.9, s * 0.4, '#e4572e') +
            circle(x + s * 0.3, y - s * 2.1, s * 0.35, '#f2b134') +
            circle(x + s * 0.1, y - s * 1.6, s * 0.3, '#ef8fa3');
      }
      return svg;
    }
    case 'balloons': {
      let svg = rect(0, 0, w, h, chance.pick(['#cfe9f5', '#fde8d4', '#e8e2f4']));
      for (let i = chance.whole(3, 8); i > 0; i--) {
        const x = r(0.05, 0.95) * w;
        const y = r(0.08, 0.6) * h;
        const s = r(0.04, 0.1) * w;
        svg += `<path d="M ${f(x)} ${f(y + s)} C ${f(x + 14)} ${f(y + s + 50)} ${f(x - 14)} ${f(y + s + 90)} ${f(x)} ${f(y + s + 150)}" stroke="#777777" stroke-width="2" fill="none"/><ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(s * 0.85)}" ry="${f(s)}" fill="${chance.pick(['#e4572e', '#2e86ab', '#f2b134', '#d1495b', '#e9b18c', '#8a5a3a'])}"/>${circle(x - s * 0.3, y - s * 0.4, s * 0.14, '#ffffff', 'opacity="0.6"')}`;
      }
      return svg;
    }
    default:
      return `<defs><linearGradient id="sky" x1="0" y1="0" x2="${chance.yes(0.5) ? 1 : 0}" y2="1"><stop offset="0" stop-color="${soft}"/><stop offset="1" stop-color="${mix(soft, chance.pick(['#ffffff', '#3d405b', '#e07a5f', '#264653']), r(0.1, 0.5))}"/></linearGradient></defs><rect width="${w}" height="${h}" fill="url(#sky)"/>`;
  }
}
