import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { CommandError } from './errors.ts';

/**
 * The Chromium to drive: CHROMIUM_PATH, else where the platform keeps Chromium, Chrome and Edge, else the one
 * that Playwright has downloaded. Throws `CommandError` 'no-browser'.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const named = env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new CommandError(
      'no-browser',
      `CHROMIUM_PATH names ${named}, which does not exist. Correct it, or unset it to look in the usual places.`,
    );
  }
  const found = [...usualPlaces(env, platform), chromium.executablePath()].find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new CommandError(
    'no-browser',
    'The engines wasm and webgpu need Chromium, Chrome or Edge, and none was found. ' +
      'Install one, set CHROMIUM_PATH to it, or use --engine native.',
  );
}

/** Starts it without a window, for pages of our own only. Throws `CommandError` 'no-browser'. */
export async function launchChromium(backend: 'wasm' | 'webgpu'): Promise<Browser> {
  const executablePath = findChromium();
  // Root has no sandbox to offer; containers run as root.
  const chromiumSandbox = process.getuid?.() !== 0;
  try {
    return await chromium.launch({
      executablePath,
      chromiumSandbox,
      headless: true,
      // Ctrl+C is ours to handle: the browser has to outlive it until the last image is through.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      args: launchFlags(backend),
    });
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
    throw new CommandError(
      'no-browser',
      `${executablePath} could not be started: ${why} In a container, FORELABEL_CHROMIUM_FLAGS=--no-sandbox may be what it needs.`,
      { cause },
    );
  }
}

/**
 * With these a Chromium without a window finds the GPU. On Linux WebGPU wants Vulkan, also for what is drawn, and none of
 * Vulkan's surfaces, which there are only with a display: Chrome's own recipe for servers.
 */
export function gpuFlags(platform = process.platform): readonly string[] {
  const vulkan = ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface'];
  return ['--enable-unsafe-webgpu', '--ignore-gpu-blocklist', ...(platform === 'linux' ? vulkan : [])];
}

/** The user's own flags, FORELABEL_CHROMIUM_FLAGS, come last: of two that contradict each other the later one holds. */
export function launchFlags(
  backend: 'wasm' | 'webgpu',
  env: NodeJS.ProcessEnv = process.env,
  platform = process.platform,
): string[] {
  return [
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    ...(backend === 'webgpu' ? gpuFlags(platform) : []),
    ...(env.FORELABEL_CHROMIUM_FLAGS ?? '').split(/\s+/u).filter((flag) => flag !== ''),
  ];
}

function usualPlaces(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) =>
      apps.map((app) => join(folder, `${app}.app`, 'Contents', 'MacOS', app)),
    );
  }
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA];
    const below = [
      ['Google', 'Chrome', 'Application', 'chrome.exe'],
      ['Chromium', 'Application', 'chrome.exe'],
      ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
    ];
    return roots
      .filter((root) => root !== undefined)
      .flatMap((root) => below.map((parts) => join(root, ...parts)));
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
  return ['/usr/bin', '/usr/local/bin', '/snap/bin'].flatMap((folder) =>
    names.map((name) => join(folder, name)),
  );
}
