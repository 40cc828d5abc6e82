import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listModels, resolveModel, type ModelsFolder } from '../../../src/relay/modelCatalog.ts';
import { forelabelHome } from '../../../src/relay/home.ts';
import { writeModelFolder } from './modelFolder.ts';

let root: string;
let folders: readonly ModelsFolder[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forelabel-models-'));
  folders = [
    { path: join(root, 'bundled'), origin: 'bundled' },
    { path: join(root, 'own'), origin: 'own' },
  ];
});
afterEach(() => rm(root, { recursive: true }));

describe('listModels', () => {
  it('takes a missing folder for an empty one', async () => {
    expect(await listModels(folders)).toEqual({ models: [], problems: [] });
  });

  it('lists bundled models first, then own ones, newest first', async () => {
    await writeModelFolder(join(root, 'own'), { name: 'old', date: '2026-01-01T00:00:00Z' });
    await writeModelFolder(join(root, 'own'), { name: 'young', date: '2026-02-01T00:00:00Z' });
    await writeModelFolder(join(root, 'bundled'), { name: 'demo', date: '2025-01-01T00:00:00Z' });
    const { models } = await listModels(folders);
    expect(models.map(({ name }) => name)).toEqual(['demo', 'young', 'old']);
  });

  it('reports a broken model and lists the others', async () => {
    await writeModelFolder(join(root, 'own'), { name: 'good' });
    await mkdir(join(root, 'own', 'broken'));
    await writeFile(join(root, 'own', 'broken', 'model.json'), '{');
    const half = await writeModelFolder(join(root, 'own'), { name: 'half' });
    await rm(join(half.folder, 'model.onnx'));
    const { models, problems } = await listModels(folders);
    expect(models.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map(({ message }) => message).sort()).toEqual([
      expect.stringContaining('cannot be read as JSON'),
      expect.stringContaining('lacks model.onnx'),
    ]);
  });
});

describe('resolveModel', () => {
  it('takes a folder, a version, a name, and the name of a folder', async () => {
    const { folder, version } = await writeModelFolder(join(root, 'own'), { name: 'cells', folder: 'mine' });
    for (const wanted of [folder, version, 'cells', 'mine']) {
      expect((await resolveModel(wanted, folders)).version).toBe(version);
    }
  });

  it('prefers the bundled model of that name, and reaches the other by its version', async () => {
    const bundled = await writeModelFolder(join(root, 'bundled'), { name: 'demo', bytes: 'a' });
    const own = await writeModelFolder(join(root, 'own'), { name: 'demo', bytes: 'b' });
    expect((await resolveModel('demo', folders)).version).toBe(bundled.version);
    expect((await resolveModel(own.version, folders)).version).toBe(own.version);
  });

  it('names the models that there are', async () => {
    await writeModelFolder(join(root, 'bundled'), { name: 'demo' });
    await expect(resolveModel('dmo', folders)).rejects.toMatchObject({
      code: 'model-not-found',
      message: expect.stringMatching(/"dmo".*Choose one of: demo\./u) as string,
    });
  });

  it('says what is wrong with the manifest of a folder', async () => {
    const { folder } = await writeModelFolder(join(root, 'own'), { name: 'old' });
    await writeFile(join(folder, 'model.json'), '{"schema":2}');
    await expect(resolveModel(folder, folders)).rejects.toMatchObject({ code: 'model-invalid' });
    await expect(resolveModel('old', folders)).rejects.toMatchObject({ code: 'model-invalid' });
  });
});

describe('forelabelHome', () => {
  it('is FORELABEL_HOME, else a folder of the platform without a suffix', () => {
    expect(forelabelHome({ FORELABEL_HOME: '/data/fl' })).toBe('/data/fl');
    expect(forelabelHome({ FORELABEL_HOME: '' })).toMatch(/forelabel$/u);
  });
});
