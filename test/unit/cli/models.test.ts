import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runModels } from '../../../src/cli/models.ts';
import { writeModelFolder } from '../relay/modelFolder.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-models-'));
  vi.stubEnv('FORELABEL_HOME', home);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

it('lists the newest model first, whatever its name', async () => {
  const folder = join(home, 'models');
  const versions: string[] = [];
  for (const [name, year] of [
    ['b', 2033],
    ['c', 2031],
    ['a', 2032],
  ] as const) {
    const model = await writeModelFolder(folder, { name, bytes: name, date: `${year}-01-01T00:00:00Z` });
    versions.push(model.version);
  }
  const [newest, oldest, middle] = versions;
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await runModels(['--json']);
  const listed = JSON.parse(printed) as readonly { readonly version: string }[];
  expect(listed.map(({ version }) => version).slice(0, 3)).toEqual([newest, middle, oldest]);
});
