import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { Engine } from '../../../src/engine/types.ts';
import { EngineError } from '../../../src/engine/errors.ts';
import { tinyEngine } from '../../support/tinyModelEngine.ts';
import { draw, drawJpeg, drawPng, toBase64, withOrientation } from '../../support/tinyModelImages.ts';

/** An emulated GPU compiles shaders on the CPU, which may be busy. */
const SHADERS_MS = 150_000;

async function drawTransparent(): Promise<Blob> {
  const canvas = draw(120, 90);
  canvas.getContext('2d')?.clearRect(20, 20, 40, 30);
  return canvas.convertToBlob({ type: 'image/png' });
}

const images: readonly (readonly [name: string, make: () => Promise<Blob>])[] = [
  ['a PNG', () => drawPng(200, 150)],
  ['a JPEG', () => drawJpeg(333, 217)],
  ['a WebP', () => draw(90, 130).convertToBlob({ type: 'image/webp' })],
  ['a PNG with transparent parts', drawTransparent],
  ['one pixel', () => drawPng(1, 1)],
  ['20,000 pixels in a row', () => drawPng(20_000, 20)],
  ...[3, 6, 7].map(
    (orientation) =>
      [
        `EXIF orientation ${orientation}`,
        async () => withOrientation(await drawJpeg(160, 100), orientation),
      ] as const,
  ),
];

const bad: readonly (readonly [name: string, code: string, make: () => Promise<Blob>])[] = [
  ['no bytes', 'image-empty', () => Promise.resolve(new Blob([]))],
  [
    'a web page',
    'image-not-an-image',
    () => Promise.resolve(new Blob(['<!doctype html><title>Log in</title>'])),
  ],
  ['a cut-off JPEG', 'image-truncated', async () => (await drawJpeg(300, 300)).slice(0, 3000)],
  ['a cut-off PNG', 'image-truncated', async () => (await drawPng(300, 300)).slice(0, 3000)],
  ['600 megapixels', 'image-too-large', async () => hugePng(await drawPng(1, 1))],
  [
    'a TIFF',
    'image-unsupported',
    () => Promise.resolve(new Blob([new Uint8Array([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0])])),
  ],
];

/** The PNG with another size in its header. */
async function hugePng(png: Blob): Promise<Blob> {
  const view = new DataView(await png.arrayBuffer());
  view.setUint32(16, 30_000);
  view.setUint32(20, 20_000);
  return new Blob([view]);
}

describe.each(['wasm', 'webgpu'] as const)('%s', (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine({ backends: [backend] });
  }, SHADERS_MS);
  afterAll(() => engine.dispose());

  test('says what it is', () => {
    expect(engine.info.backend).toBe(backend);
    expect(engine.info.device).toMatch(backend === 'wasm' ? /\d CPU threads/u : /swiftshader/iu);
  });

  test.each(images)('finds in %s what the native engine finds', async (_name, make) => {
    const image = await make();
    const { result: expected } = await commands.detectNatively(await toBase64(image));
    const got = await engine.detect(image);
    expect([got.width, got.height]).toEqual([expected?.width, expected?.height]);
    expect(got.detections.length).toBe(expected?.detections.length);
    for (const [i, { x1, y1, x2, y2, score, label }] of got.detections.entries()) {
      const twin = expected?.detections[i];
      expect(score).toBeCloseTo(twin?.score ?? -1, 4);
      expect(label).toBe(twin?.label);
      for (const [a, b] of [
        [x1, twin?.x1],
        [y1, twin?.y1],
        [x2, twin?.x2],
        [y2, twin?.y2],
      ] as const) {
        expect(Math.abs(a - (b ?? Infinity))).toBeLessThan(0.01 * Math.max(1, got.width / 160));
      }
    }
  });

  test('has something to find', async () => {
    expect((await engine.detect(await drawPng(200, 150))).detections.length).toBeGreaterThan(3);
  });

  test.each(bad)('refuses %s: %s, and goes on', async (_name, code, make) => {
    const error: unknown = await engine.detect(await make()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code });
    expect(await engine.detect(await drawPng(5, 5))).toMatchObject({ width: 5 });
  });
});
