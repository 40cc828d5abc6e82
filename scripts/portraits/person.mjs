/**
 * One drawn person: head, hair, hat, glasses, neck and shoulders, in head units (1 = half the width
 * of the face, origin between the eyes and the nose), and the box of the head.
 *
 * The box follows the convention of the Caltech faces: the whole head with hair and hat, from the
 * top of the hair to the chin, hair below the chin left out.
 */
import { ellipse, mix, path } from './shapes.mjs';

/** @typedef {import('./shapes.mjs').Point} Point */
/** @typedef {import('./shapes.mjs').Shape} Shape */
/** @typedef {import('./random.mjs').Chance} Chance */

/**
 * @typedef {object} Person
 * @property {string} skin @property {string} hairColour @property {string} hair one of HAIR
 * @property {string} hat one of HATS @property {string} hatColour
 * @property {string} glasses one of GLASSES @property {string} beard one of BEARDS
 * @property {string} mouth one of MOUTHS @property {string} shirt @property {string} collar
 * @property {string} iris @property {number} jaw @property {number} chin
 * @property {number} look sideways gaze, -1..1 @property {boolean} earrings @property {boolean} blush
 * @property {boolean} lashes @property {boolean} simpleEyes @property {number} tilt degrees
 */

export const SKINS = ['#ffe3cf', '#fbd3b0', '#f0bd94', '#dfa577', '#c48656', '#a2683d', '#7d4a2a', '#5a3520'];
export const HAIR_COLOURS = [
  '#17130f',
  '#2c1f17',
  '#4a2f1f',
  '#6e4426',
  '#9a5a2c',
  '#c98a3c',
  '#e6c070',
  '#8d8f95',
  '#d9dadd',
  '#a83f2b',
];
export const HAIR = [
  'short',
  'parted',
  'fringe',
  'curly',
  'afro',
  'long',
  'wavy',
  'bob',
  'bun',
  'quiff',
  'buzz',
  'bald',
  'pigtails',
  'scarf',
];
export const HATS = ['none', 'cap', 'beanie', 'brim', 'band'];
export const GLASSES = ['none', 'round', 'square', 'sun'];
export const BEARDS = ['none', 'full', 'stubble', 'moustache', 'goatee'];
export const MOUTHS = ['smile', 'grin', 'calm', 'open', 'smirk'];
const SHIRTS = [
  '#e4572e',
  '#2e86ab',
  '#f2b134',
  '#3b7a57',
  '#6d4c8d',
  '#d1495b',
  '#30475e',
  '#f4f1ea',
  '#1f2933',
  '#88b7b5',
  '#ef8fa3',
];
const IRISES = ['#3b2417', '#5b3a21', '#2f6f4f', '#3f6f9f', '#2b2b2b'];

/**
 * @param {Chance} chance
 * @param {Partial<Person>} [fixed] what is not left to chance
 * @returns {Person}
 */
export function randomPerson(chance, fixed = {}) {
  const hair = chance.pick(HAIR);
  const bearded = chance.yes(0.25) && !['pigtails', 'scarf', 'bun'].includes(hair);
  return {
    skin: chance.pick(SKINS),
    hairColour: chance.yes(0.06) ? chance.pick(['#d65a9c', '#2a9d8f', '#5a67d8']) : chance.pick(HAIR_COLOURS),
    hair,
    hat:
      chance.yes(0.22) && !['bun', 'quiff', 'scarf', 'afro'].includes(hair)
        ? chance.pick(HATS.slice(1))
        : 'none',
    hatColour: chance.pick(SHIRTS),
    glasses: chance.yes(0.32) ? chance.pick(GLASSES.slice(1)) : 'none',
    beard: bearded ? chance.pick(BEARDS.slice(1)) : 'none',
    mouth: chance.pick(MOUTHS),
    shirt: hair === 'scarf' && chance.yes(0.5) ? '#30475e' : chance.pick(SHIRTS),
    collar: chance.pick(['round', 'vee', 'shirt', 'high']),
    iris: chance.pick(IRISES),
    jaw: chance.between(0.5, 0.78),
    chin: chance.between(1.2, 1.36),
    look: chance.between(-1, 1),
    earrings: chance.yes(0.2),
    blush: chance.yes(0.5),
    lashes: chance.yes(0.4),
    simpleEyes: chance.yes(0.3),
    tilt: chance.between(-12, 12),
    ...fixed,
  };
}

/** @param {string} colour */
const fill = (colour) => `fill="${colour}"`;
/** @param {string} colour @param {number} width */
const line = (colour, width) =>
  `fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"`;

/**
 * The hair behind the face, and the hair before it.
 * @param {Person} p
 * @returns {{back: Shape[], front: Shape[]}}
 */
function hair(p) {
  const c = p.hairColour;
  const deep = mix(c, '#000000', 0.22);
  const skull = 'M -1.06 0.1 C -1.25 -1.75 1.25 -1.75 1.06 0.1';
  switch (p.hair) {
    case 'short':
      return {
        back: [],
        front: [
          path(
            `${skull} C 1 -0.3 0.9 -0.5 0.72 -0.62 C 0.3 -0.78 -0.3 -0.78 -0.72 -0.62 C -0.9 -0.5 -1 -0.3 -1.06 0.1 Z`,
            fill(c),
          ),
        ],
      };
    case 'parted':
      return {
        back: [],
        front: [
          path(
            `M -1.08 0.15 C -1.3 -1.5 -0.3 -1.5 0.1 -1.36 C 0.9 -1.45 1.25 -0.8 1.08 0.15 C 1.02 -0.35 0.7 -0.7 -0.35 -0.86 C -0.6 -0.6 -0.95 -0.4 -1.08 0.15 Z`,
            fill(c),
          ),
        ],
      };
    case 'fringe':
      return {
        back: [path('M -1.12 0.35 C -1.3 -1.7 1.3 -1.7 1.12 0.35 Z', fill(deep))],
        front: [
          path(
            `M -1.08 0.1 C -1.25 -1.7 1.25 -1.7 1.08 0.1 C 1 -0.1 0.95 -0.25 0.9 -0.38 C 0.4 -0.3 -0.4 -0.3 -0.9 -0.38 C -0.95 -0.25 -1 -0.1 -1.08 0.1 Z`,
            fill(c),
          ),
        ],
      };
    case 'curly':
    case 'afro': {
      const big = p.hair === 'afro';
      /** @type {Shape[]} */
      const back = [ellipse(0, big ? -0.45 : -0.4, big ? 1.5 : 1.16, big ? 1.35 : 1.05, fill(deep))];
      /** @type {Shape[]} */
      const front = [
        path(
          `M -1.02 -0.1 C -1.15 -1.6 1.15 -1.6 1.02 -0.1 C 0.9 -0.6 0.5 -0.82 0 -0.82 C -0.5 -0.82 -0.9 -0.6 -1.02 -0.1 Z`,
          fill(c),
        ),
      ];
      const n = big ? 15 : 11;
      for (let i = 0; i < n; i++) {
        const a = Math.PI * (big ? 1.18 - (1.36 * i) / (n - 1) : 1.08 - (1.16 * i) / (n - 1));
        const r = big ? 1.3 : 1.0;
        back.push(
          ellipse(
            r * Math.cos(a),
            -0.4 - r * Math.sin(a) * 0.92,
            big ? 0.38 : 0.32,
            big ? 0.36 : 0.3,
            fill(i % 2 ? c : deep),
          ),
        );
      }
      for (let i = 0; i < 7; i++) {
        const a = Math.PI * (0.9 - (0.8 * i) / 6);
        front.push(
          ellipse(
            0.85 * Math.cos(a),
            -0.42 - 0.62 * Math.sin(a),
            0.27,
            0.24,
            fill(i % 2 ? c : mix(c, '#ffffff', 0.08)),
          ),
        );
      }
      return { back, front };
    }
    case 'long':
      return {
        back: [
          path(
            'M -1.2 2.1 C -1.5 0.2 -1.3 -1.55 0 -1.5 C 1.3 -1.55 1.5 0.2 1.2 2.1 C 0.6 2.3 -0.6 2.3 -1.2 2.1 Z',
            fill(deep),
          ),
        ],
        front: [
          path(
            'M 0.05 -1.42 C -1 -1.5 -1.3 -0.5 -1.14 0.9 C -1.05 0.2 -0.95 -0.35 0.05 -0.98 C 0.95 -0.35 1.05 0.2 1.14 0.9 C 1.3 -0.5 1 -1.5 0.05 -1.42 Z',
            fill(c),
          ),
        ],
      };
    case 'wavy':
      return {
        back: [
          path(
            'M -1.25 1.9 C -1.75 1.5 -1.25 1 -1.5 0.5 C -1.7 -0.3 -1.2 -1.6 0 -1.52 C 1.2 -1.6 1.7 -0.3 1.5 0.5 C 1.25 1 1.75 1.5 1.25 1.9 C 0.6 2 -0.6 2 -1.25 1.9 Z',
            fill(deep),
          ),
        ],
        front: [
          path(
            'M -0.4 -1.4 C -1.2 -1.3 -1.35 -0.4 -1.2 0.8 C -1.1 0.3 -1.1 -0.3 -0.4 -0.9 C 0.3 -0.6 1 -0.5 1.15 0.7 C 1.4 -0.4 1.1 -1.6 -0.4 -1.4 Z',
            fill(c),
          ),
        ],
      };
    case 'bob':
      return {
        back: [
          path(
            'M -1.25 1 C -1.5 -0.3 -1.25 -1.55 0 -1.5 C 1.25 -1.55 1.5 -0.3 1.25 1 C 1 1.15 -1 1.15 -1.25 1 Z',
            fill(deep),
          ),
        ],
        front: [
          path(
            'M -1.12 0.6 C -1.3 -1.6 1.3 -1.6 1.12 0.6 C 1.05 0.1 1 -0.2 0.92 -0.45 C 0.5 -0.42 0.1 -0.55 -0.25 -0.8 C -0.5 -0.55 -0.75 -0.45 -0.94 -0.4 C -1 -0.2 -1.05 0.1 -1.12 0.6 Z',
            fill(c),
          ),
        ],
      };
    case 'bun':
      return {
        back: [ellipse(0, -1.5, 0.5, 0.45, fill(deep)), path(`${skull} Z`, fill(deep))],
        front: [
          path(
            `M -1.06 0 C -1.2 -1.65 1.2 -1.65 1.06 0 C 0.9 -0.55 0.5 -0.85 0 -0.9 C -0.5 -0.85 -0.9 -0.55 -1.06 0 Z`,
            fill(c),
          ),
        ],
      };
    case 'quiff':
      return {
        back: [],
        front: [
          path(
            'M -1.05 0 C -1.1 -0.8 -0.95 -1.2 -0.8 -1.25 C -0.7 -1.75 0.7 -1.85 1 -1.3 C 1.15 -1 1.1 -0.5 1.05 0 C 1 -0.35 0.85 -0.6 0.6 -0.75 C 0.2 -0.7 -0.3 -0.75 -0.65 -0.85 C -0.85 -0.6 -1 -0.35 -1.05 0 Z',
            fill(c),
          ),
        ],
      };
    case 'buzz':
      return {
        back: [],
        front: [
          path(
            'M -1 -0.15 C -1.08 -1.42 1.08 -1.42 1 -0.15 C 0.9 -0.5 0.7 -0.68 0.5 -0.72 C 0.2 -0.78 -0.2 -0.78 -0.5 -0.72 C -0.7 -0.68 -0.9 -0.5 -1 -0.15 Z',
            `${fill(c)} opacity="0.82"`,
          ),
        ],
      };
    case 'pigtails':
      return {
        back: [
          ellipse(-1.42, 0.1, 0.36, 0.62, fill(c)),
          ellipse(1.42, 0.1, 0.36, 0.62, fill(c)),
          path(`${skull} Z`, fill(deep)),
        ],
        front: [path(`${skull} C 1 -0.4 0.6 -0.75 0 -1 C -0.6 -0.75 -1 -0.4 -1.06 0.1 Z`, fill(c))],
      };
    case 'scarf':
      return {
        back: [
          path(
            'M -1.35 2.1 C -1.2 1.2 -1.35 0.4 -1.28 -0.2 C -1.2 -1.65 1.2 -1.65 1.28 -0.2 C 1.35 0.4 1.2 1.2 1.35 2.1 C 0.6 2.4 -0.6 2.4 -1.35 2.1 Z',
            fill(p.hatColour),
          ),
        ],
        front: [
          path(
            'M 0 -1.42 C -1.3 -1.5 -1.4 0.3 -1 0.95 C -0.7 1.6 0.7 1.6 1 0.95 C 1.4 0.3 1.3 -1.5 0 -1.42 Z M 0 -0.82 C 0.75 -0.82 0.98 -0.2 0.88 0.35 C 0.75 0.95 0.4 1.18 0 1.2 C -0.4 1.18 -0.75 0.95 -0.88 0.35 C -0.98 -0.2 -0.75 -0.82 0 -0.82 Z',
            `${fill(mix(p.hatColour, '#ffffff', 0.14))} fill-rule="evenodd"`,
          ),
          path(
            'M -0.9 -0.75 C -0.4 -1.15 0.4 -1.15 0.95 -0.6',
            line(mix(p.hatColour, '#000000', 0.12), 0.05),
          ),
        ],
      };
    default: // bald, with hair at the sides
      return {
        back: [ellipse(-0.98, -0.12, 0.16, 0.36, fill(c)), ellipse(0.98, -0.12, 0.16, 0.36, fill(c))],
        front: [],
      };
  }
}

/** @param {Person} p @returns {Shape[]} */
function hat(p) {
  const c = p.hatColour;
  const deep = mix(c, '#000000', 0.2);
  switch (p.hat) {
    case 'cap':
      return [
        path('M -1.1 -0.5 C -1.15 -1.75 1.15 -1.75 1.1 -0.5 Z', fill(c)),
        path('M -1.12 -0.5 C -0.5 -0.78 0.8 -0.8 1.5 -0.42 C 1.3 -0.3 0.6 -0.42 -1.12 -0.44 Z', fill(deep)),
        ellipse(0, -1.44, 0.1, 0.06, fill(deep)),
      ];
    case 'beanie':
      return [
        path('M -1.12 -0.6 C -1.2 -1.95 1.2 -1.95 1.12 -0.6 Z', fill(c)),
        path(
          'M -1.17 -0.45 C -1.2 -0.65 -1.18 -0.8 -1.1 -0.86 C -0.4 -1.02 0.4 -1.02 1.1 -0.86 C 1.18 -0.8 1.2 -0.65 1.17 -0.45 C 0.4 -0.62 -0.4 -0.62 -1.17 -0.45 Z',
          fill(deep),
        ),
        ellipse(0, -1.68, 0.2, 0.2, fill(mix(c, '#ffffff', 0.6))),
      ];
    case 'brim':
      return [
        path('M -0.95 -0.68 C -0.95 -1.9 -0.4 -1.75 0 -1.66 C 0.4 -1.75 0.95 -1.9 0.95 -0.68 Z', fill(c)),
        path('M -0.96 -0.72 L -0.96 -0.98 C -0.4 -1.08 0.4 -1.08 0.96 -0.98 L 0.96 -0.72 Z', fill(deep)),
        path(
          'M -1.62 -0.5 C -1.1 -0.86 1.1 -0.86 1.62 -0.5 C 1 -0.48 -1 -0.48 -1.62 -0.5 Z',
          fill(mix(c, '#000000', 0.08)),
        ),
      ];
    case 'band':
      return [
        path(
          'M -1.08 -0.5 C -0.95 -0.75 -0.6 -0.92 0 -0.94 C 0.6 -0.92 0.95 -0.75 1.08 -0.5 L 1.1 -0.72 C 0.95 -0.98 0.6 -1.14 0 -1.16 C -0.6 -1.14 -0.95 -0.98 -1.1 -0.72 Z',
          fill(c),
        ),
      ];
    default:
      return [];
  }
}

/** @param {Person} p @returns {Shape[]} eyes, brows, nose, mouth, beard, glasses */
function features(p) {
  const dark = mix(p.skin, '#2a0f08', 0.75);
  const shade = mix(p.skin, '#7a2f1a', 0.28);
  const brow = p.hair === 'scarf' ? '#2c1f17' : mix(p.hairColour, '#000000', 0.25);
  /** @type {Shape[]} */
  const out = [];
  if (p.blush)
    for (const s of [-1, 1])
      out.push(ellipse(s * 0.58, 0.42, 0.2, 0.13, `${fill(mix(p.skin, '#e0483e', 0.35))} opacity="0.55"`));
  const beardColour = mix(p.hairColour, p.skin, 0.12);
  const c = p.chin;
  if (p.beard === 'full' || p.beard === 'stubble')
    out.push(
      path(
        `M -0.98 0.15 C -0.9 0.5 -0.55 0.42 0 0.46 C 0.55 0.42 0.9 0.5 0.98 0.15 C 0.98 0.8 ${p.jaw} ${c + 0.1} 0 ${c + 0.1} C ${-p.jaw} ${c + 0.1} -0.98 0.8 -0.98 0.15 Z`,
        `${fill(beardColour)}${p.beard === 'stubble' ? ' opacity="0.32"' : ''}`,
      ),
    );
  if (p.beard === 'goatee')
    out.push(
      path(
        `M -0.32 0.95 C -0.3 0.75 0.3 0.75 0.32 0.95 C 0.3 ${c + 0.12} -0.3 ${c + 0.12} -0.32 0.95 Z`,
        fill(beardColour),
      ),
    );
  const gaze = p.look * 0.05;
  for (const s of [-1, 1]) {
    const x = s * 0.4;
    if (p.simpleEyes) out.push(ellipse(x + gaze, -0.02, 0.09, 0.12, fill('#241712')));
    else {
      out.push(
        ellipse(x, -0.02, 0.2, 0.13, fill('#ffffff')),
        ellipse(x + gaze, -0.02, 0.105, 0.115, fill(p.iris)),
        ellipse(x + gaze, -0.02, 0.055, 0.06, fill('#120c0a')),
        ellipse(x + gaze + 0.035, -0.06, 0.025, 0.025, fill('#ffffff')),
      );
      out.push(path(`M ${x - 0.2} -0.03 Q ${x} -0.2 ${x + 0.2} -0.03`, line(dark, p.lashes ? 0.06 : 0.035)));
    }
    out.push(
      path(
        `M ${x - 0.22} ${-0.29 + (s < 0 ? 0.03 : 0)} Q ${x} -0.4 ${x + 0.22} ${-0.29 + (s > 0 ? 0.03 : 0)}`,
        line(brow, 0.075),
      ),
    );
  }
  out.push(path(`M ${gaze} 0 Q ${0.2 + gaze} 0.38 ${-0.06 + gaze} 0.4`, line(shade, 0.06)));
  const lip = mix(p.skin, '#a3202c', 0.55);
  if (p.mouth === 'smile') out.push(path('M -0.3 0.66 Q 0 0.9 0.3 0.66', line(lip, 0.07)));
  if (p.mouth === 'calm') out.push(path('M -0.22 0.72 Q 0 0.76 0.22 0.72', line(lip, 0.08)));
  if (p.mouth === 'smirk') out.push(path('M -0.2 0.74 Q 0.1 0.82 0.28 0.64', line(lip, 0.07)));
  if (p.mouth === 'grin')
    out.push(
      path(
        'M -0.34 0.62 Q 0 0.7 0.34 0.62 Q 0.2 0.96 0 0.96 Q -0.2 0.96 -0.34 0.62 Z',
        fill(mix(lip, '#3a0a0a', 0.5)),
      ),
      path('M -0.3 0.645 Q 0 0.71 0.3 0.645 Q 0.25 0.75 0 0.76 Q -0.25 0.75 -0.3 0.645 Z', fill('#ffffff')),
    );
  if (p.mouth === 'open')
    out.push(ellipse(0, 0.76, 0.15, 0.13, fill('#5a1a1a')), ellipse(0, 0.83, 0.1, 0.05, fill('#d96a6a')));
  if (p.beard === 'moustache' || p.beard === 'full')
    out.push(
      path(
        'M 0 0.5 C -0.15 0.44 -0.42 0.5 -0.44 0.64 C -0.25 0.6 -0.1 0.62 0 0.58 C 0.1 0.62 0.25 0.6 0.44 0.64 C 0.42 0.5 0.15 0.44 0 0.5 Z',
        fill(brow),
      ),
    );
  if (p.glasses !== 'none') {
    const frame = p.glasses === 'sun' ? '#15151a' : mix(p.hatColour, '#101010', 0.6);
    for (const s of [-1, 1]) {
      const x = s * 0.41;
      const lens =
        p.glasses === 'sun' ? 'fill="#22252e" fill-opacity="0.93"' : 'fill="#ffffff" fill-opacity="0.18"';
      const stroke = `stroke="${frame}" stroke-width="0.06"`;
      out.push(
        p.glasses === 'round'
          ? ellipse(x, 0, 0.31, 0.3, `${lens} ${stroke}`)
          : path(
              `M ${x - 0.32} -0.2 L ${x + 0.32} -0.2 L ${x + 0.28} 0.22 L ${x - 0.28} 0.22 Z`,
              `${lens} ${stroke} stroke-linejoin="round"`,
            ),
        path(`M ${s * 0.72} -0.06 L ${s * 0.98} -0.12`, line(frame, 0.06)),
      );
    }
    out.push(path('M -0.1 -0.04 Q 0 -0.1 0.1 -0.04', line(frame, 0.06)));
  }
  return out;
}

/** Neck and shoulders; no part of the box. @param {Person} p @returns {string} */
function body(p) {
  const shirt = p.shirt;
  const deep = mix(shirt, '#000000', 0.16);
  const neck = mix(p.skin, '#7a2f1a', 0.22);
  const collar = {
    round: `<path d="M -0.72 1.86 C -0.5 2.3 0.5 2.3 0.72 1.86 L 0.86 1.9 C 0.6 2.5 -0.6 2.5 -0.86 1.9 Z" fill="${deep}"/>`,
    vee: `<path d="M -0.6 1.84 L 0 2.75 L 0.6 1.84 Z" fill="${p.skin}"/><path d="M -0.7 1.84 L 0 2.85 L 0.7 1.84" ${line(deep, 0.1)}/>`,
    shirt: `<path d="M -0.7 1.7 L 0 2.3 L -0.5 2.75 L -0.9 1.95 Z" fill="${mix(shirt, '#ffffff', 0.35)}"/><path d="M 0.7 1.7 L 0 2.3 L 0.5 2.75 L 0.9 1.95 Z" fill="${mix(shirt, '#ffffff', 0.35)}"/><path d="M 0 2.3 L 0 5" ${line(deep, 0.05)}/>`,
    high: `<path d="M -0.62 1.45 C -0.3 1.62 0.3 1.62 0.62 1.45 L 0.68 2.05 C 0.3 2.2 -0.3 2.2 -0.68 2.05 Z" fill="${deep}"/>`,
  }[p.collar];
  return `<path d="M -0.5 0.8 L -0.5 1.9 C -0.3 2.3 0.3 2.3 0.5 1.9 L 0.5 0.8 Z" fill="${neck}"/><path d="M -2.5 6 C -2.6 3.2 -2.3 2.4 -1.4 2.1 C -1 1.98 -0.7 1.9 -0.55 1.8 C -0.35 2.25 0.35 2.25 0.55 1.8 C 0.7 1.9 1 1.98 1.4 2.1 C 2.3 2.4 2.6 3.2 2.5 6 Z" fill="${shirt}"/>${collar ?? ''}`;
}

/**
 * @param {Person} p
 * @param {number} x pixel of the middle of the face @param {number} y
 * @param {number} size pixels of half the face's width
 * @returns {{svg: string, box: [number, number, number, number]}} box: x1, y1, x2, y2 of the head, pixels, not clipped
 */
export function drawPerson(p, x, y, size) {
  const ear = mix(p.skin, '#7a2f1a', 0.12);
  const c = p.chin;
  const face = path(
    `M -0.98 -0.1 C -1 -1.4 1 -1.4 0.98 -0.1 C 0.98 0.75 ${p.jaw} ${c} 0 ${c} C ${-p.jaw} ${c} -0.98 0.75 -0.98 -0.1 Z`,
    fill(p.skin),
  );
  const { back, front } = hair(p);
  const ears = p.hair === 'scarf' ? [] : [-1, 1].map((s) => ellipse(s * 1.0, 0.08, 0.17, 0.25, fill(ear)));
  const rings =
    p.earrings && p.hair !== 'scarf'
      ? [-1, 1].map((s) => ellipse(s * 1.04, 0.4, 0.07, 0.09, fill('#f2c14e')))
      : [];
  const capped = p.hat !== 'none' && p.hat !== 'band';
  const head = [...ears, face, ...(capped && p.hair === 'quiff' ? [] : front), ...hat(p)];
  const boxed = [...back, ...head];
  const a = (p.tilt * Math.PI) / 180;
  // The head turns about the neck, so that a tilted head stays on it.
  const pivot = 1.2;
  const turn = (/** @type {Point} */ [px, py]) => {
    const dy = py - pivot;
    return [
      x + size * (px * Math.cos(a) - dy * Math.sin(a)),
      y + size * (pivot + px * Math.sin(a) + dy * Math.cos(a)),
    ];
  };
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const shape of boxed)
    for (const point of shape.outline) {
      if (point[1] > c + 0.02) continue;
      const [px, py] = /** @type {[number, number]} */ (turn(point));
      [x1, y1, x2, y2] = [Math.min(x1, px), Math.min(y1, py), Math.max(x2, px), Math.max(y2, py)];
    }
  const draw = (/** @type {readonly Shape[]} */ shapes) => shapes.map((s) => s.svg).join('');
  const turned = (/** @type {string} */ svg) =>
    `<g transform="rotate(${p.tilt.toFixed(2)} 0 ${pivot})">${svg}</g>`;
  const svg = `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size.toFixed(2)})">${turned(draw(back))}${body(p)}${turned(draw([...ears, ...rings, face]) + (p.hair === 'scarf' ? draw(features(p)) + draw(front) : draw(features(p)) + draw(capped && p.hair === 'quiff' ? [] : front)) + draw(hat(p)))}</g>`;
  return { svg, box: [x1, y1, x2, y2] };
}
