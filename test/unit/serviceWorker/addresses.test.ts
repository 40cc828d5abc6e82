import { describe, expect, test } from 'vitest';
import { isAppPage, isGpuWasm, isWasm } from '../../../src/serviceWorker/addresses.ts';

describe('what the service worker answers itself', () => {
  test.each(['/', '/index.html', '/some/link'])('%s is the page of the app', (path) => {
    expect(isAppPage(path)).toBe(true);
  });

  test.each([
    '/panel.html',
    '/bridge.js',
    '/engine.html',
    '/sw.js',
    '/api/session',
    '/api/jobs/1/log',
    '/models',
    '/models/demo-face-1a2b3c4d/model.onnx',
    '/setup',
    '/predict',
    '/webhook',
    '/train',
    '/health',
    '/samples/party.jpg',
  ])('%s is left to the network', (path) => {
    expect(isAppPage(path)).toBe(false);
  });

  test('a path that only begins like one of the relay is a page', () => {
    expect(isAppPage('/apiary')).toBe(true);
    expect(isAppPage('/training')).toBe(true);
  });

  test('wasm is what the build has named by its hash', () => {
    expect(isWasm('/assets/ort-wasm-D5D0fo7z.wasm')).toBe(true);
    expect(isWasm('/models/x/ort.wasm')).toBe(false);
    expect(isGpuWasm('/assets/ort-wasm-simd-threaded.asyncify-D5D0fo7z.wasm')).toBe(true);
    expect(isGpuWasm('/assets/ort-wasm-simd-threaded-DcHrbrbl.wasm')).toBe(false);
  });
});
