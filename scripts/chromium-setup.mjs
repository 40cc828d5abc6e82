// Makes sure there is a Chromium for the tests: an installed one, else Debian's package.
// The browser that Playwright downloads by itself is not used: it comes from a host of its own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * CHROMIUM_PATH, else the first of `places` that is there.
 * @returns {string | undefined}
 */
export function findChromium(places = usual) {
  return [process.env.CHROMIUM_PATH, ...places].find((path) => path && existsSync(path));
}

/**
 * Path of a Chromium; installs the distribution's package when there is none.
 * @returns {string}
 */
export function ensureChromium(places = usual) {
  const found = findChromium(places);
  if (found) return found;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  for (const step of [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-y', '-qq', 'chromium'],
  ]) {
    const [command, ...args] = [...sudo, ...step];
    process.stderr.write(`${[command, ...args].join(' ')}\n`);
    spawnSync(command, args, {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const installed = findChromium(places);
  if (!installed) {
    throw new Error(
      'No Chromium found, and apt-get could not install one. Install Chromium and set CHROMIUM_PATH.',
    );
  }
  return installed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(`${ensureChromium()}\n`);
}
