import fc from 'fast-check';
import { html } from 'lit';
import { describe, expect, test } from 'vitest';
import { render } from 'vitest-browser-lit';
import { clampView, fitView, zoomView } from '../../../src/app/elements/boxGeometry.ts';
import type { Box } from '../../../src/app/elements/boxGeometry.ts';
import '../../../src/app/elements/boxed-image.ts';
import type { BoxedImage } from '../../../src/app/elements/boxed-image.ts';

const box: Box = { x1: 100, y1: 50, x2: 300, y2: 150, score: 0.9, label: 0, name: 'face', color: 'red' };

/** A solid image of the given size as a blob address. */
async function picture(width: number, height: number): Promise<string> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context?.fillRect(0, 0, width, height);
  return URL.createObjectURL(await canvas.convertToBlob());
}

async function show(
  style: string,
  view: BoxedImage['view'] = null,
): Promise<{ frame: DOMRect; drawn: DOMRect; root: ShadowRoot }> {
  const src = await picture(400, 200);
  const screen = render(html`
    <fl-boxed-image
      style=${style}
      labels
      .src=${src}
      .width=${400}
      .height=${200}
      .boxes=${[box]}
      .view=${view}
      .title=${'a.jpg'}
    ></fl-boxed-image>
  `);
  await expect.element(screen.getByRole('img', { name: 'a.jpg: 1 face' })).toBeVisible();
  const element = screen.container.querySelector('fl-boxed-image');
  const root = element?.shadowRoot;
  const rect = root?.querySelector('[data-box]');
  if (!element || !root || !rect) throw new Error('nothing was drawn');
  return { frame: element.getBoundingClientRect(), drawn: rect.getBoundingClientRect(), root };
}

const close = (got: number, wanted: number): void => expect(Math.abs(got - wanted)).toBeLessThan(0.6);

describe('boxes lie where they are in the image', () => {
  test('in a frame of the same shape', async () => {
    const { frame, drawn } = await show('width:200px;height:100px');
    close(drawn.left - frame.left, 50);
    close(drawn.top - frame.top, 25);
    close(drawn.width, 100);
    close(drawn.height, 50);
  });

  test('in a frame that is too high: the image is centred, and the box with it', async () => {
    const { frame, drawn } = await show('width:200px;height:300px');
    close(drawn.left - frame.left, 50);
    close(drawn.top - frame.top, 100 + 25);
    close(drawn.height, 50);
  });

  test('zoomed in', async () => {
    const { frame, drawn } = await show('width:200px;height:100px', {
      x: 100,
      y: 50,
      width: 200,
      height: 100,
    });
    close(drawn.left, frame.left);
    close(drawn.top, frame.top);
    close(drawn.width, 200);
    close(drawn.height, 100);
  });

  test('the label stands at the box', async () => {
    const { drawn, root } = await show('width:200px;height:300px');
    await expect.poll(() => root.querySelector('.chip')?.textContent).toBe('face 0.90');
    const chip = root.querySelector('.chip')?.getBoundingClientRect();
    close(chip?.left ?? NaN, drawn.left - 1);
    close(chip?.bottom ?? NaN, drawn.top - 1);
  });
});

describe('view geometry', () => {
  const image = { width: 400, height: 200 };
  const point = fc.record({
    x: fc.double({ min: 0, max: 400, noNaN: true }),
    y: fc.double({ min: 0, max: 200, noNaN: true }),
  });

  test('a zoomed view stays on the image and keeps its shape', () => {
    fc.assert(
      fc.property(
        point,
        fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { maxLength: 6 }),
        ({ x, y }, factors) => {
          let view = { x: 0, y: 0, ...image };
          for (const factor of factors) view = { ...zoomView(view, image, factor, x, y) };
          expect(view.x).toBeGreaterThanOrEqual(0);
          expect(view.y).toBeGreaterThanOrEqual(0);
          expect(view.x + view.width).toBeLessThanOrEqual(400 + 1e-6);
          expect(view.y + view.height).toBeLessThanOrEqual(200 + 1e-6);
          expect(view.width / view.height).toBeCloseTo(2, 6);
          expect(clampView(view, image)).toEqual(view);
        },
      ),
    );
  });

  test('coming nearer keeps the point under the pointer where it is', () => {
    fc.assert(
      fc.property(point, fc.double({ min: 1, max: 4, noNaN: true }), ({ x, y }, factor) => {
        const before = { x: 0, y: 0, ...image };
        const after = zoomView(before, image, factor, x, y);
        const [a, b] = [fitView(before, 300, 300), fitView(after, 300, 300)];
        expect(x * b.scale + b.offsetX).toBeCloseTo(x * a.scale + a.offsetX, 6);
        expect(y * b.scale + b.offsetY).toBeCloseTo(y * a.scale + a.offsetY, 6);
      }),
    );
  });
});
