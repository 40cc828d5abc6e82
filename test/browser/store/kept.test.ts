import { deleteDB } from 'idb';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseManifest } from '../../../src/detector/manifest.ts';
import { MIGRATIONS, openDatabase } from '../../../src/store/database.ts';
import type { Database } from '../../../src/store/database.ts';
import { deleteEverything, exportEverything } from '../../../src/store/everything.ts';
import { importedModels } from '../../../src/store/models.ts';
import { askForPersistence, storageRoom } from '../../../src/store/quota.ts';
import { restoreEverything } from '../../../src/store/restore.ts';
import { resultStore } from '../../../src/store/results.ts';
import { runRecords } from '../../../src/store/runs.ts';
import { secretStore } from '../../../src/store/secrets.ts';
import { settingsStore } from '../../../src/store/settings.ts';
import { resultOf, SOURCE, VERSION } from './rows.ts';

const TOKEN = 'eyJ-a-token-that-nobody-may-see';
let name = '';
let database: Database;

beforeEach(async () => {
  name = `test-${crypto.randomUUID()}`;
  database = await openDatabase({ name });
});
afterEach(async () => {
  database.close();
  await deleteDB(name);
});

const run = {
  sourceId: SOURCE,
  modelVersion: VERSION,
  title: 'Birds',
  startedAt: 1,
  updatedAt: 5,
  state: 'running',
} as const;

function manifest(modelName: string) {
  return parseManifest({
    schema: 1,
    name: modelName,
    architecture: 'FCOS',
    classes: ['face'],
    input: {
      tensor: 'input',
      channelOrder: 'bgr',
      mean: [1, 2, 3],
      std: [1, 1, 1],
      resize: { rule: 'keep-ratio', width: 640, height: 640 },
      padDivisor: 32,
    },
    outputs: {
      levels: [{ stride: 8, cls: 'c', bbox: 'b', centerness: 'n' }],
      cls: 'logits',
      centerness: 'logits',
      bbox: 'pixels',
    },
    postprocess: {
      scoreThreshold: 0.05,
      nmsPre: 1000,
      nms: { type: 'nms', iouThreshold: 0.6, classAgnostic: false },
      maxPerImage: 100,
      minBoxSize: 0,
      scoreRule: 'cls*centerness',
    },
    golden: { width: 64, height: 64, tolerance: 0.001, outputs: {} },
    files: [{ precision: 'fp32', path: 'model.onnx', bytes: 1, sha256: 'ab'.repeat(32) }],
    lineage: {
      parent: null,
      dataset: null,
      config: null,
      checkpoint: null,
      epochs: null,
      metrics: {},
      date: '2026',
    },
  });
}

describe('a secret', () => {
  it('comes back after the database was closed, and is gone when forgotten', async () => {
    await secretStore(database).save('http://ls.test', TOKEN);
    await secretStore(database).save('http://other.test', 'another');
    database.close();
    database = await openDatabase({ name });
    const secrets = secretStore(database);
    expect(await secrets.load('http://ls.test')).toBe(TOKEN);
    expect(await secrets.load('http://unknown.test')).toBeNull();
    await secrets.forget('http://ls.test');
    expect(await secrets.load('http://ls.test')).toBeNull();
    expect(await secrets.load('http://other.test')).toBe('another');
  });

  it('lies encrypted under a key that cannot be taken out', async () => {
    await secretStore(database).save('ls', TOKEN);
    const key: unknown = await database.get('secrets', 'key');
    if (!(key instanceof CryptoKey)) throw new Error('no key');
    expect(key.extractable).toBe(false);
    for (const format of ['raw', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toMatchObject({
        name: 'InvalidAccessError',
      });
    }
    const row = (await database.get('secrets', 'secret:ls')) as { bytes: ArrayBuffer; iv: Uint8Array };
    expect(new TextDecoder('latin1').decode(row.bytes)).not.toContain('eyJ');
    await secretStore(database).save('ls', TOKEN);
    const again = (await database.get('secrets', 'secret:ls')) as { bytes: ArrayBuffer; iv: Uint8Array };
    // A repeated nonce would give the key stream away.
    expect([...again.iv]).not.toEqual([...row.iv]);
  });

  it('that is damaged or moved to another name counts as forgotten', async () => {
    const secrets = secretStore(database);
    await secrets.save('ls', TOKEN);
    const row = (await database.get('secrets', 'secret:ls')) as { bytes: ArrayBuffer; iv: Uint8Array };
    await database.put('secrets', row, 'secret:elsewhere');
    expect(await secrets.load('elsewhere')).toBeNull();
    // Another value than before, whatever that was: the bytes are as good as random.
    const bytes = new Uint8Array(row.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await database.put('secrets', row, 'secret:ls');
    expect(await secrets.load('ls')).toBeNull();
  });

  it('saved by two tabs for the first time can be read by both', async () => {
    const other = await openDatabase({ name });
    await Promise.all([secretStore(database).save('a', 'A'), secretStore(other).save('b', 'B')]);
    expect(await secretStore(database).load('b')).toBe('B');
    expect(await secretStore(other).load('a')).toBe('A');
    other.close();
  });
});

describe('settings', () => {
  it('are what was written, else what they are initially', async () => {
    const threshold = {
      key: 'threshold',
      schema: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
      initial: 0.3,
    };
    const settings = settingsStore(database);
    expect(await settings.read(threshold)).toBe(0.3);
    await settings.write(threshold, 0.7);
    expect(await settings.read(threshold)).toBe(0.7);
    await database.put('settings', 'no number', 'threshold');
    expect(await settings.read(threshold)).toBe(0.3);
  });
});

describe('runs', () => {
  it('are listed latest first, one for a source and version, and removed with all they stored', async () => {
    const runs = runRecords(database);
    const store = resultStore(database);
    await runs.save({ ...run, updatedAt: 1 });
    await runs.save({ ...run, modelVersion: 'newer', updatedAt: 9 });
    await runs.save({ ...run, state: 'done' });
    expect((await runs.list()).map(({ modelVersion, state }) => [modelVersion, state])).toEqual([
      ['newer', 'running'],
      [VERSION, 'done'],
    ]);
    await store.put(resultOf(1), { queueForPosting: true });
    await store.put({ ...resultOf(1), modelVersion: 'newer' }, { queueForPosting: true });
    await runs.remove(SOURCE, VERSION);
    expect(await store.all(SOURCE, VERSION)).toEqual([]);
    expect(await store.outbox(SOURCE, VERSION, 9)).toEqual([]);
    expect(await store.outbox(SOURCE, 'newer', 9)).toHaveLength(1);
    expect(await runs.list()).toHaveLength(1);
  });
});

describe('imported models', () => {
  it('are listed by version; rows of another schema are left out', async () => {
    const models = importedModels(database);
    await models.save(manifest('b'));
    await models.save(manifest('a'));
    await database.put('models', { schema: 0 }, 'ancient');
    expect((await models.list()).map((found) => found.name)).toEqual(['a', 'b']);
    await models.remove('a-abababab');
    expect((await models.list()).map((found) => found.name)).toEqual(['b']);
  });
});

describe('everything', () => {
  async function exported(): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of exportEverything(database)) lines.push(line);
    return lines;
  }

  async function* given(lines: readonly string[]): AsyncGenerator<string> {
    for (const line of lines) yield await Promise.resolve(line);
  }

  it('can be exported, all of it, without secrets, and read back', async () => {
    const store = resultStore(database);
    // More than two pages, with a hole in the numbering.
    for (let task = 0; task < 450; task += 1)
      await store.put(resultOf(task), { queueForPosting: task === 5 });
    await database.delete('results', 7);
    await runRecords(database).save(run);
    await secretStore(database).save('ls', TOKEN);
    await database.put('settings', { a: 1 }, 'threshold');
    const lines = await exported();
    expect(lines.filter((line) => line.startsWith('{"table":"results"'))).toHaveLength(449);
    expect(lines.join('')).not.toMatch(/eyJ/u);
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ forelabel: 'everything', schema: MIGRATIONS.length });

    const other = `test-${crypto.randomUUID()}`;
    const empty = await openDatabase({ name: other });
    // A result that is newer here than in the file stays.
    await resultStore(empty).put({ ...resultOf(3), at: 9e12 }, { queueForPosting: false });
    expect(await restoreEverything(empty, given(lines))).toMatchObject({ results: 448, older: 1, runs: 1 });
    const back = resultStore(empty);
    expect(await back.get(SOURCE, 'task:5', VERSION)).toEqual(await store.get(SOURCE, 'task:5', VERSION));
    expect((await back.all(SOURCE, VERSION)).length).toBe(449);
    expect((await back.outbox(SOURCE, VERSION, 9)).map(({ key }) => key)).toEqual(['task:5']);
    expect(await empty.get('settings', 'threshold')).toEqual({ a: 1 });
    expect(await runRecords(empty).list()).toEqual([run]);
    // Reading it twice changes nothing.
    expect(await restoreEverything(empty, given(lines))).toMatchObject({ results: 0, older: 449 });
    empty.close();
    await deleteDB(other);
  });

  it.each([
    ['nothing', [], 'not-an-export'],
    ['another file', ['{"file":"a.jpg"}'], 'not-an-export'],
    [
      'a damaged one',
      ['{"forelabel":"everything","schema":1}', '{"table":"results","row":{}}'],
      'not-an-export',
    ],
    ['one of a newer Forelabel', ['{"forelabel":"everything","schema":99}'], 'newer-export'],
  ])('is not read from %s', async (_what, lines, code) => {
    await expect(restoreEverything(database, given(lines))).rejects.toMatchObject({
      name: 'RestoreError',
      code,
    });
  });

  it('can be deleted, with other tabs open and our caches', async () => {
    const other = await openDatabase({ name });
    await resultStore(database).put(resultOf(1), { queueForPosting: true });
    await caches.open('ours-1');
    await caches.open('theirs');
    await deleteEverything(database, (cache) => cache.startsWith('ours'), name);
    const left = await caches.keys();
    expect(left).toContain('theirs');
    expect(left).not.toContain('ours-1');
    await caches.delete('theirs');
    await expect(resultStore(other).all(SOURCE, VERSION)).rejects.toMatchObject({ code: 'outdated' });
    database = await openDatabase({ name });
    expect(await resultStore(database).all(SOURCE, VERSION)).toEqual([]);
  });
});

describe('room', () => {
  it('is told in bytes, and persistence can be asked for', async () => {
    const room = await storageRoom();
    expect(room?.available).toBeGreaterThan(0);
    expect(typeof (await askForPersistence())).toBe('boolean');
  });
});
