/**
 * The commands as a shell starts them: the built files in a process of their own, real images, real Chromium,
 * and a real Label Studio. The tiny model stands in for a trained one: it finds many boxes anywhere.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { XMLParser } from 'fast-xml-parser';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { orientedJpeg } from '../support/orientedImage.ts';
import { iou, sampleBytes, type Box } from '../support/samples.ts';

interface Line {
  readonly file: string;
  readonly task?: number;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly { readonly label: string; readonly score: number; readonly box: Box }[];
  readonly timings: Readonly<Record<string, number>>;
  readonly error?: { readonly code: string; readonly message: string };
}

const tinyModel = join(import.meta.dirname, '..', 'fixtures', 'tiny-model');
let folder: string;
let images: string;

const forelabel = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execa(process.execPath, [forelabelCommand, ...args], {
    reject: false,
    cwd: folder,
    env: { FORELABEL_HOME: join(folder, 'home'), CHROMIUM_PATH: chromiumPath(), ...env },
  });
const predict = (args: readonly string[], env?: Readonly<Record<string, string>>) =>
  forelabel(['predict', '--model', tinyModel, '--threshold', '0.1', ...args], env);
const linesOf = async (path: string): Promise<readonly Line[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const text = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string =>
  `${stdout}\n${stderr}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-cli-'));
  images = join(folder, 'images');
  await mkdir(join(images, 'more'), { recursive: true });
  const drawn = await sharp(await sampleBytes('friends.jpg'))
    .resize(320)
    .jpeg()
    .toBuffer();
  await writeFile(join(images, 'friends10.jpg'), drawn);
  await writeFile(join(images, 'friends2.png'), await sharp(drawn).flop().png().toBuffer());
  await writeFile(join(images, 'more', 'turned.jpg'), await orientedJpeg(drawn, 6));
  await writeFile(join(images, 'broken.jpg'), drawn.subarray(0, 2000));
  await writeFile(join(images, 'page.png'), '<html>not an image</html>');
  await writeFile(join(images, 'notes.txt'), 'no image, and not taken for one');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('predict with the native engine', () => {
  it('writes a line an image, and one for each that is broken, and exits with 0', async () => {
    const out = join(folder, 'native.jsonl');
    const run = await predict([images, '--out', out]);
    expect(run.exitCode, text(run)).toBe(0);
    expect(run.stderr).toContain('5 of 5 images, 2 failed');

    const lines = await linesOf(out);
    expect(lines.map(({ file }) => file)).toEqual([
      'broken.jpg',
      'friends2.png',
      'friends10.jpg',
      'more/turned.jpg',
      'page.png',
    ]);
    const [broken, whole, , turned, page] = lines;
    expect(broken?.error).toMatchObject({ code: 'image-truncated', message: expect.any(String) as string });
    expect(page?.error?.code).toBe('image-not-an-image');
    expect(whole).toMatchObject({ width: 320, height: 240 });
    expect(Object.keys(whole?.timings ?? {})).toContain('total');
    // Stored as 240x320 with an EXIF tag: what counts is how people see it.
    expect(turned).toMatchObject({ width: 320, height: 240 });
    for (const { box, score, label } of [...(whole?.detections ?? []), ...(turned?.detections ?? [])]) {
      expect(label).toBe('thing');
      expect(score).toBeGreaterThanOrEqual(0.1);
      expect(box[0] >= 0 && box[1] >= 0 && box[2] <= 320 && box[3] <= 240).toBe(true);
    }
    expect(whole?.detections.length).toBeGreaterThan(5);
  });

  it('leaves out what scores less than the threshold', async () => {
    const at = async (threshold: string) => {
      const { stdout } = await predict([
        join(images, 'friends10.jpg'),
        '--threshold',
        threshold,
        '--out',
        '-',
      ]);
      return (JSON.parse(stdout) as Line).detections;
    };
    const some = await at('0.35');
    expect(some.every(({ score }) => score >= 0.35)).toBe(true);
    expect(some.length).toBeLessThan((await at('0.1')).length);
  });

  it('writes formats that their readers read', async () => {
    const out = (name: string): string => join(folder, name);
    const args = (format: string) => [images, '--format', format, '--out', out(format)];
    for (const format of ['coco', 'labelstudio', 'yolo', 'voc']) {
      const run = await predict(args(format));
      expect(run.exitCode, text(run)).toBe(0);
      // There is no place for it in the file.
      expect(run.stderr).toContain('broken.jpg: ');
    }
    const coco = JSON.parse(await readFile(out('coco'), 'utf8')) as Record<string, unknown[]>;
    expect(coco.images).toHaveLength(3);
    expect(coco.categories).toMatchObject([{ id: 1, name: 'thing' }]);
    expect(coco.annotations?.length).toBeGreaterThan(10);

    const tasks = JSON.parse(await readFile(out('labelstudio'), 'utf8')) as Record<string, unknown>[];
    expect(tasks).toHaveLength(3);
    expect(tasks[0]).toMatchObject({ predictions: [{ model_version: 'tiny-model-daa08a63' }] });

    const yolo = await readFile(join(out('yolo'), 'labels', 'more', 'turned.txt'), 'utf8');
    expect(yolo).toMatch(/^(?:0(?: [01]\.\d{6}){4}\n)+$/u);
    expect(await readFile(join(out('yolo'), 'classes.txt'), 'utf8')).toBe('thing\n');

    const xml = await readFile(join(out('voc'), 'Annotations', 'friends2.xml'), 'utf8');
    const parsed = new XMLParser().parse(xml) as { annotation: { size: unknown; object: unknown[] } };
    expect(parsed.annotation.size).toMatchObject({ width: 320, height: 240 });
    expect(parsed.annotation.object.length).toBeGreaterThan(5);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('finds faces in a drawing with the model that comes with it', async () => {
    const friends = join(folder, 'friends.jpg');
    await writeFile(friends, await sampleBytes('friends.jpg'));
    const run = await forelabel(['predict', friends, '--model', 'demo-face', '--out', '-']);
    expect(run.exitCode, text(run)).toBe(0);
    const line = JSON.parse(run.stdout) as Line;
    expect(line.detections.length).toBeGreaterThan(0);
    expect(new Set(line.detections.map(({ label }) => label))).toEqual(new Set(['face']));
  });

  it('keeps what it has written when it is interrupted', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    const drawn = await readFile(join(images, 'friends10.jpg'));
    await Promise.all(Array.from({ length: 400 }, (_, i) => writeFile(join(many, `${i}.jpg`), drawn)));
    const out = join(folder, 'interrupted.jsonl');
    const run = predict([many, '--out', out]);
    await expect.poll(() => linesOf(out).catch(() => []), { timeout: 30_000 }).not.toEqual([]);
    run.kill('SIGINT');
    const ended = await run;
    expect(ended.exitCode, text(ended)).toBe(130);
    const lines = await linesOf(out);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(400);
    expect(lines.map(({ file }) => file)).toEqual(lines.map((_, index) => `${index}.jpg`));
  });
});

describe('predict with the engines of the app', () => {
  const same = async (out: string): Promise<void> => {
    const expected = new Map((await linesOf(join(folder, 'native.jsonl'))).map((line) => [line.file, line]));
    for (const line of await linesOf(out)) {
      const native = expected.get(line.file);
      expect(line.error?.code).toBe(native?.error?.code);
      if (line.error) continue;
      expect([line.width, line.height]).toEqual([native?.width, native?.height]);
      expect(line.detections.length).toBe(native?.detections.length);
      line.detections.forEach(({ box, score, label }, index) => {
        const other = native?.detections[index];
        expect(label).toBe(other?.label);
        expect(Math.abs(score - (other?.score ?? 0))).toBeLessThan(1e-3);
        expect(iou(box, other?.box ?? [0, 0, 0, 0])).toBeGreaterThan(0.99);
      });
    }
  };

  it('gives the same boxes with wasm, in an isolated page that may use threads', async () => {
    const out = join(folder, 'wasm.jsonl');
    const run = await predict([images, '--engine', 'wasm', '--out', out]);
    expect(run.exitCode, text(run)).toBe(0);
    expect(run.stderr).toMatch(/on wasm \(\d+ CPU threads?\)/u);
    expect(await linesOf(out)).toHaveLength(5);
    await same(out);
  });

  it('gives the same boxes with WebGPU', async () => {
    const one = join(folder, 'one');
    await mkdir(one);
    await writeFile(join(one, 'friends10.jpg'), await readFile(join(images, 'friends10.jpg')));
    const out = join(folder, 'webgpu.jsonl');
    const run = await predict([one, '--engine', 'webgpu', '--out', out], {
      FORELABEL_CHROMIUM_FLAGS: '--use-webgpu-adapter=swiftshader',
    });
    expect(run.exitCode, text(run)).toBe(0);
    expect(run.stderr).toMatch(/on webgpu \(.*swiftshader/iu);
    expect(await linesOf(out)).toHaveLength(1);
    await same(out);
  });

  it('says what to do without a browser', async () => {
    const run = await predict([images, '--engine', 'wasm', '--out', 'x'], { CHROMIUM_PATH: '/no/chromium' });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('CHROMIUM_PATH');
  });
});

describe('exit codes', () => {
  it('is 1 when no image could be read, and the file says why', async () => {
    const out = join(folder, 'none.jsonl');
    const run = await predict([join(images, 'broken.jpg'), join(images, 'page.png'), '--out', out]);
    expect(run.exitCode).toBe(1);
    expect((await linesOf(out)).map(({ error }) => error?.code)).toEqual([
      'image-truncated',
      'image-not-an-image',
    ]);
  });

  it('is 1 for a folder without images', async () => {
    await mkdir(join(folder, 'empty'));
    const run = await predict([join(folder, 'empty'), '--out', '-']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('There is no image in');
  });

  it.each([
    [['predict', 'images', '--out', '-'], /--model/u],
    [['predict', 'images', '--model', 'demo-face'], /--out/u],
    [['predict', 'no-such-folder', '--model', 'demo-face', '--out', '-'], /does not exist/u],
    [['predict', 'images', '--model', 'no-such-model', '--out', '-'], /no model named/u],
    [['predict', 'images', '--model', 'demo-face', '--out', 'images'], /is a folder/u],
    [
      ['predict', '--project', '1', '--model', 'demo-face', '--token', 'hush', '--post'],
      /LABEL_STUDIO_API_KEY/u,
    ],
    [['pretict'], /no command "pretict"/u],
    [[], /forelabel help/u],
  ])('is 2 for %j', async (args, message) => {
    const run = await forelabel(args);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).not.toContain('hush');
    expect(run.stdout).toBe('');
  });
});

describe('models, help, version', () => {
  it('list, explain and name themselves', async () => {
    const models = await forelabel(['models', '--json']);
    expect(JSON.parse(models.stdout)).toMatchObject([{ name: 'demo-face', origin: 'bundled' }]);
    expect((await forelabel(['help', 'predict'])).stdout).toContain('--threshold');
    expect((await forelabel(['predict', '--help'])).stdout).toContain('--threshold');
    expect((await forelabel(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+$/u);
  });
});

describe('serve', () => {
  it('ends cleanly when it is asked to', async () => {
    const run = forelabel(['serve', '--port', '0', '--no-open']);
    let printed = '';
    run.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/http:\/\/127\.0\.0\.1:\d+/u);
    const url = /http:\/\/[\d.:]+/u.exec(printed)?.[0] ?? '';
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('<forelabel-app>');
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('says that the port is taken, and exits with 2', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const run = await forelabel(['serve', '--port', String(port), '--no-open']);
    other.closeAllConnections();
    other.close();
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`--port ${port + 1}`);
  });
});

describe('predict over a Label Studio project', () => {
  const config = `<View><Image name="image" value="$image"/>
    <RectangleLabels name="label" toName="image"><Label value="Thing"/><Label value="Other"/></RectangleLabels></View>`;
  let labelStudio: LabelStudioServer;
  let project: number;
  let tasks: readonly number[];
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    labelStudio = await startLabelStudio();
    env = { LABEL_STUDIO_URL: labelStudio.url, LABEL_STUDIO_API_KEY: labelStudio.pat };
    project = await labelStudio.createProject({ title: 'cli', labelConfig: config });
    const names = ['friends10.jpg', 'friends2.png', 'broken.jpg', 'more/turned.jpg'];
    const files = names.map(async (name) => {
      return { name: name.replace('more/', ''), data: await readFile(join(images, name)) };
    });
    tasks = await labelStudio.importImageFiles(project, await Promise.all(files));
  });
  afterAll(() => labelStudio.stop());

  const stored = async () => {
    const answer = await labelStudio.admin(`/api/predictions/?project=${project}`);
    return (await answer.json()) as { task: number; model_version: string; result: { value: unknown }[] }[];
  };

  it('writes the tasks with their numbers, and posts nothing unless asked to', async () => {
    const out = join(folder, 'tasks.jsonl');
    const run = await predict(['--project', String(project), '--out', out], env);
    expect(run.exitCode, text(run)).toBe(0);
    const lines = await linesOf(out);
    expect(lines.map(({ task }) => task)).toEqual(tasks);
    expect(lines[0]?.file).toMatch(/^\/data\/upload\/.*friends10\.jpg$/u);
    expect(lines[2]?.error?.code).toBe('image-truncated');
    expect(await stored()).toEqual([]);
  });

  it('stores one prediction a readable task, however often and in parts', async () => {
    for (const shard of ['1/2', '2/2', '1/1']) {
      const run = await predict(['--project', String(project), '--post', '--shard', shard], env);
      expect(run.exitCode, text(run)).toBeLessThan(2);
      expect(text(run)).not.toContain(labelStudio.pat);
    }
    const readable = tasks.filter((_, index) => index !== 2);
    const predictions = await stored();
    expect(predictions.map(({ task }) => task).sort((a, b) => a - b)).toEqual(readable);
    expect(new Set(predictions.map(({ model_version }) => model_version))).toEqual(
      new Set(['tiny-model-daa08a63']),
    );
    expect(predictions[0]?.result[0]?.value).toMatchObject({ rectanglelabels: ['Thing'] });
  });

  it('says what is wrong with address, token, project or labels, and exits with 1', async () => {
    const args = ['--project', String(project), '--out', '-'];
    const wrong = await predict(args, { ...env, LABEL_STUDIO_API_KEY: '0'.repeat(40) });
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).not.toBe('');
    const gone = await predict(['--project', '999999', '--out', '-'], env);
    expect(gone.exitCode).toBe(1);
    const bare = await labelStudio.createProject({
      title: 'other labels',
      labelConfig: config.replace('"Thing"', '"Cat"'),
    });
    await labelStudio.importTasks(bare, [{ data: { image: '/x.jpg' } }]);
    const unmatched = await predict(['--project', String(bare), '--post'], env);
    expect(unmatched.exitCode).toBe(1);
    expect(unmatched.stderr).toMatch(/thing.*Cat, Other/u);
  });
});
