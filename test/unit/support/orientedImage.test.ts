import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { orientedJpeg } from '../../support/orientedImage.ts';

describe('orientedJpeg', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'orientation %i is upright again when the tag is honoured',
    async (orientation) => {
      // Four quadrants, all different, so that no flip or turn maps the picture to itself.
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40">
      <rect width="30" height="20" fill="#f00"/><rect x="30" width="30" height="20" fill="#0f0"/>
      <rect y="20" width="30" height="20" fill="#00f"/><rect x="30" y="20" width="30" height="20" fill="#fff"/></svg>`;
      const upright = await sharp(Buffer.from(svg)).png().toBuffer();
      const jpeg = await orientedJpeg(upright, orientation);
      expect((await sharp(jpeg).metadata()).orientation).toBe(orientation);
      const { data, info } = await sharp(jpeg)
        .rotate()
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([60, 40]);
      const at = (x: number, y: number) =>
        [...data.subarray((y * 60 + x) * 3, (y * 60 + x) * 3 + 3)]
          .map((value) => (value > 128 ? 1 : 0))
          .join('');
      expect([at(15, 10), at(45, 10), at(15, 30), at(45, 30)]).toEqual(['100', '010', '001', '111']);
    },
  );
});
