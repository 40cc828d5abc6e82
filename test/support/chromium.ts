import { existsSync } from 'node:fs';

/** The browser the tests drive: CHROMIUM_PATH, else the distribution's, if there is one. */
export function findChromium(): string | undefined {
  const candidates = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
}

/** The same for tests that need it. Throws when there is none. */
export function chromiumPath(): string {
  const found = findChromium();
  if (found === undefined) {
    throw new Error('No Chromium found. Install it (apt-get install -y chromium) or set CHROMIUM_PATH.');
  }
  return found;
}

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
