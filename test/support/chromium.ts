import { ensureChromium } from '../../scripts/chromium-setup.mjs';

/** The browser that tests and benches drive. Installed where there is none, for `npx vitest` and benches start here. */
export const chromiumPath = ensureChromium;

/** Headless, silent towards the network, and with WebGPU on the software adapter. */
export const chromiumFlags: string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

/** The same without WebGPU: the software adapter takes seconds an image, wasm a tenth of one. */
export const chromiumFlagsWithoutGpu: readonly string[] = chromiumFlags.filter(
  (flag) => !flag.includes('webgpu'),
);
