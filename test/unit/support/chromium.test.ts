import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { chromiumPath } from '../../support/chromium.ts';

afterEach(() => vi.unstubAllEnvs());

it.skipIf(process.platform === 'win32')('installs a Chromium where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-apt-'));
  const place = join(folder, 'chromium');
  await writeFile(
    join(folder, 'apt-get'),
    `#!/bin/sh\ncase "$*" in install*chromium) : > ${place};; esac\n`,
    {
      mode: 0o755,
    },
  );
  await writeFile(join(folder, 'sudo'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('CHROMIUM_PATH', '');
  expect(chromiumPath([place])).toBe(place);
  await rm(folder, { recursive: true });
});
