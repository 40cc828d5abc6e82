import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCollect } from '../../../../../src/relay/training/collect/createCollect.ts';
import type { CollectedDataset } from '../../../../../src/relay/training/contracts.ts';
import { json, noAnswer, type Answer } from '../../../labelstudio/fakeLabelStudio.ts';
import { access, annotated, config, fakeProject, region, request, type FakeTask } from './fakeProject.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-collect-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const png = (background: string, width = 100, height = 50) =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
const sent = (bytes: Uint8Array) =>
  new Response(Uint8Array.from(bytes), { headers: { 'content-type': 'image/png' } });

/** An image of its own for every address. */
const ownImage: Answer = async ({ url }) => {
  const colour = createHash('sha256').update(url).digest('hex').slice(0, 6);
  return sent(await png(`#${colour}`));
};

type Fake = Parameters<typeof fakeProject>[0];
interface Choices {
  readonly classes?: readonly string[];
  readonly control?: string;
  readonly usualControl?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

async function run(fake: Fake, choices: Choices = {}) {
  const { fetch, seen } = fakeProject({ image: ownImage, ...fake });
  const collect = createCollect({
    access: () => Promise.resolve(access),
    cacheFolder: join(folder, 'cache'),
    fetch,
  });
  const { classes, signal = new AbortController().signal, onProgress = () => undefined, ...tags } = choices;
  const wanted = { ...request(join(folder, 'job'), classes), ...tags };
  return { dataset: await collect(wanted, { signal, onProgress }), seen };
}

interface Coco {
  readonly categories: readonly { id: number; name: string }[];
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: readonly {
    id: number;
    image_id: number;
    category_id: number;
    bbox: number[];
    area: number;
  }[];
}
const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Coco;
async function both({ train, val }: CollectedDataset): Promise<Coco> {
  const parts = [await read(train.annotations), ...(val === null ? [] : [await read(val.annotations)])];
  return {
    categories: parts[0]?.categories ?? [],
    images: parts.flatMap(({ images }) => images),
    annotations: parts.flatMap(({ annotations }) => annotations),
  };
}
const codes = ({ notes }: CollectedDataset) => notes.map(({ code }) => code);
const tasks = (count: number): FakeTask[] =>
  Array.from({ length: count }, (_, i) => annotated(i + 1, region()));

describe('the data set', () => {
  test('of a small project', async () => {
    const progress: [number, number][] = [];
    const { dataset } = await run(
      {
        config: config('<Label value="Car"/><Label value="Face"/>'),
        tasks: [
          annotated(3, region({ label: 'Car', at: [0, 0, 50, 50] }), region()),
          annotated(5, region({ size: [50, 100] })),
          annotated(4),
          annotated(9, region({ at: [50, 50, 0.1, 10] }), region({ label: 'Old' })),
          annotated(2, region()),
        ],
      },
      { onProgress: (...done) => progress.push(done) },
    );
    expect(dataset.classes).toEqual(['face', 'Car']);
    const { sha256, ...info } = dataset.info;
    expect(info).toEqual({
      tasks: 5,
      train: 4,
      val: 1,
      boxes: 4,
      negatives: 2,
      classes: [
        { name: 'face', boxes: 3 },
        { name: 'Car', boxes: 1 },
      ],
      newClasses: ['Car'],
      droppedClasses: [],
    });
    expect(codes(dataset)).toEqual(['new-classes', 'unknown-labels', 'thin-boxes', 'other-image-shape']);
    const train = await readFile(dataset.train.annotations);
    expect(createHash('sha256').update(train).digest('hex')).toBe(sha256);
    const coco = await both(dataset);
    expect(coco.categories).toMatchObject([
      { id: 1, name: 'face' },
      { id: 2, name: 'Car' },
    ]);
    expect(coco.annotations.filter(({ image_id }) => image_id === 3)).toMatchObject([
      { category_id: 2, bbox: [0, 0, 50, 25], area: 1250, iscrowd: 0 },
      { category_id: 1, bbox: [10, 10, 30, 20], area: 600 },
    ]);
    const files = coco.images.map(({ file_name }) => file_name).sort();
    expect(files).toEqual(['2.png', '3.png', '4.png', '5.png', '9.png']);
    expect((await readdir(dataset.train.images)).sort()).toEqual(files);
    expect(progress.at(0)).toEqual([0, 5]);
    expect(progress.at(-1)).toEqual([5, 5]);
  });

  test('is the same to the byte the next time, and no image is fetched again', async () => {
    const first = await run({ tasks: tasks(12) });
    const bytes = await readFile(first.dataset.train.annotations, 'utf8');
    await writeFile(join(folder, 'job', 'images', '99.png'), 'of an earlier try');
    await writeFile(join(folder, 'job', 'log.txt'), 'kept');
    const again = await run({ tasks: tasks(12).reverse() });
    expect(again.dataset).toEqual(first.dataset);
    expect(await readFile(again.dataset.train.annotations, 'utf8')).toBe(bytes);
    expect(again.seen.filter(({ url }) => url.includes('/data/upload/'))).toEqual([]);
    expect(await readdir(join(folder, 'job', 'images'))).toHaveLength(12);
    expect(await readFile(join(folder, 'job', 'log.txt'), 'utf8')).toBe('kept');
  });

  test('reads every page', async () => {
    const { dataset, seen } = await run({ tasks: tasks(120) });
    expect(dataset.info.tasks).toBe(120);
    expect(seen.filter(({ url }) => url.includes('/api/tasks?'))).toHaveLength(3);
  });

  test('takes of each task the annotation that was submitted last', async () => {
    const at = (x: number) => region({ at: [x, 0, 10, 20] });
    const { dataset } = await run({
      tasks: [
        {
          id: 1,
          annotations: [
            { result: [at(1)], updated_at: '2026-03-01T10:00:00.5Z' },
            { result: [at(2)], updated_at: '2026-03-01T10:00:00Z' },
            { result: [at(3)], updated_at: '2026-03-02T10:00:00Z', was_cancelled: true },
          ],
        },
        { id: 2, annotations: [{ result: [at(4)], was_cancelled: true }] },
        { id: 3, annotations: [{ result: [at(5)] }, { result: [at(6)] }] },
      ],
    });
    const coco = await both(dataset);
    expect(coco.annotations.map(({ image_id, bbox }) => [image_id, bbox[0]])).toEqual([
      [1, 1],
      [3, 6],
    ]);
    expect(codes(dataset)).toEqual(['no-validation']);
    expect(dataset.val).toBeNull();
  });

  test('keeps equal images in one part', async () => {
    const { dataset } = await run({ tasks: tasks(30), image: async () => sent(await png('red')) });
    expect(dataset.val).toBeNull();
    expect(dataset.info.train).toBe(30);
  });

  test('leaves out a task with a box whose place cannot be told', async () => {
    const { dataset } = await run({ tasks: [...tasks(4), annotated(9, region(), region({ turned: 90 }))] });
    expect(dataset.info.tasks).toBe(4);
    expect(codes(dataset)).toEqual(['unreadable-annotations']);
  });

  test('a label without a box is a class, and it is said', async () => {
    const labels = config('<Label value="Face"/><Label value="Car"/>');
    const { dataset } = await run({ config: labels, tasks: tasks(4) });
    expect(dataset.info.classes).toEqual([
      { name: 'face', boxes: 4 },
      { name: 'Car', boxes: 0 },
    ]);
    expect(codes(dataset)).toEqual(['new-classes', 'classes-without-boxes']);
  });
});

describe('images', () => {
  const broken =
    (count: number): Answer =>
    (seen, init) =>
      Number(/(\d+)\.png$/u.exec(seen.url)?.[1]) <= count
        ? new Response('gone', { status: 404 })
        : ownImage(seen, init);

  test('a few that cannot be read are left out', async () => {
    const { dataset } = await run({ tasks: tasks(21), image: broken(2) });
    expect(dataset.info.tasks).toBe(19);
    expect(dataset.notes).toMatchObject([
      {
        code: 'images-left-out',
        message: expect.stringMatching(
          /^2 tasks.*task 1: The image \/data\/upload\/5\/1\.png was not found/u,
        ) as string,
      },
    ]);
  });

  test('with a tenth of them, the training does not start', async () => {
    await expect(
      run({
        tasks: tasks(20),
        image: broken(2),
        routes: { 'GET /api/version': () => json({ release: '1' }), 'GET /api/current-user': () => json({}) },
      }),
    ).rejects.toMatchObject({
      name: 'TrainingError',
      code: 'images-unreadable',
      message: expect.stringMatching(/2 of 20 .*task 1: .*not found; task 2: /u) as string,
    });
  });

  test('where Label Studio went away, that is said', async () => {
    // The pauses between tries, on a quicker clock.
    const { setInterval: everyRealMillisecond } = globalThis;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pump = everyRealMillisecond(() => vi.advanceTimersByTime(100), 1);
    try {
      const gone = run({ tasks: tasks(20), image: noAnswer, routes: { 'GET /api/version': noAnswer } });
      await expect(gone).rejects.toMatchObject({ code: 'label-studio-unreachable' });
    } finally {
      clearInterval(pump);
    }
  });

  test('four are asked for at a time; an abort ends it with its reason', async () => {
    const controller = new AbortController();
    let open = 0;
    const waiting: Answer = (_seen, init) =>
      new Promise((_resolve, reject) => {
        open += 1;
        if (open === 4) setTimeout(() => controller.abort(new Error('enough')), 20);
        init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    await expect(run({ tasks: tasks(30), image: waiting }, { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    expect(open).toBe(4);
  });

  // Another file system, where there is one: no file can have a name in both.
  test.skipIf(!existsSync('/dev/shm'))('are copied where they cannot be linked', async () => {
    const job = await mkdtemp('/dev/shm/forelabel-collect-');
    try {
      const { fetch } = fakeProject({ image: ownImage, tasks: tasks(2) });
      const collect = createCollect({
        access: () => Promise.resolve(access),
        cacheFolder: join(folder, 'cache'),
        fetch,
      });
      const { train } = await collect(request(job), {
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      expect((await sharp(join(train.images, '1.png')).metadata()).width).toBe(100);
    } finally {
      await rm(job, { recursive: true, force: true });
    }
  });
});

describe('refused before anything is fetched', () => {
  const two = config('<Label value="Face"/>').replace(
    '</View>',
    '<RectangleLabels name="second" toName="image"><Label value="Car"/></RectangleLabels></View>',
  );
  const status = (code: number, detail = ''): Fake => ({
    routes: { 'GET /api/projects/5/': () => json({ detail }, code) },
  });

  test.each<[string, Fake, Choices, string, RegExp]>([
    ['no annotation', { tasks: [] }, {}, 'too-few-annotations', /no annotated task/u],
    ['one annotation', { tasks: tasks(1) }, {}, 'too-few-annotations', /one annotated task/u],
    [
      'only skipped',
      { tasks: [{ id: 1, annotations: [{ was_cancelled: true }] }, ...tasks(1)] },
      {},
      'too-few-annotations',
      /one/u,
    ],
    [
      'no box',
      { tasks: [annotated(1), annotated(2)] },
      {},
      'no-boxes',
      /None of the 2 annotated tasks.*\(face\)/u,
    ],
    [
      'only labels of before',
      { tasks: [annotated(1, region({ label: 'Old' })), annotated(2)] },
      {},
      'no-boxes',
      /labels are Old\./u,
    ],
    [
      'no rectangles',
      { config: '<View><Image name="i" value="$i"/></View>' },
      {},
      'no-rectangles',
      /RectangleLabels/u,
    ],
    ['no labels', { config: config('') }, {}, 'no-rectangles', /lists no labels/u],
    ['two tags', { config: two }, {}, 'control-ambiguous', /--control: label, second\. /u],
    [
      'two tags, and the usual one is gone',
      { config: two },
      { usualControl: 'third' },
      'control-ambiguous',
      /--control: label, second\. /u,
    ],
    [
      'a tag that is not there',
      { config: two },
      { control: 'third' },
      'control-unknown',
      /"third".*label, second\.$/u,
    ],
    ['an unknown project', status(404), {}, 'project-unknown', /no project 5/u],
    ['a refused token', status(401, 'Invalid token.'), {}, 'token-refused', /token/u],
    ['a forbidden project', status(403), {}, 'token-refused', /forbids/u],
  ])('%s', async (_name, fake, choices, code, message) => {
    const failure: unknown = await run(fake, choices).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      name: 'TrainingError',
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(String(failure)).toMatch(/[^.]\. [A-Z].*\.$/u);
    expect(await readdir(folder)).toEqual([]);
  });

  test('the tag that was named is the one', async () => {
    const { dataset } = await run(
      {
        config: two,
        tasks: [1, 2].map((id) => annotated(id, region({ tag: 'second', label: 'Car' }), region())),
      },
      { control: 'second' },
    );
    expect(dataset.classes).toEqual(['Car']);
    expect(dataset.info).toMatchObject({ boxes: 2, droppedClasses: ['face'] });
  });

  test('the tag that the project was trained on before is the one where none is named', async () => {
    const both = [1, 2].map((id) => annotated(id, region({ tag: 'second', label: 'Car' }), region()));
    const classes = async (choices: object, labelConfig = two) =>
      (await run({ config: labelConfig, tasks: both }, choices)).dataset.classes;
    expect(await classes({ usualControl: 'second' })).toEqual(['Car']);
    expect(await classes({ usualControl: 'second', control: 'label' })).toEqual(['face']);
    expect(await classes({ usualControl: 'second' }, config('<Label value="Face"/>'))).toEqual(['face']);
  });

  test('one tag on two images is named with the image', async () => {
    const pair =
      '<View><Image name="a" value="$image"/><Image name="b" value="$b"/><RectangleLabels name="label" toName="a,b"><Label value="Face"/></RectangleLabels></View>';
    await expect(run({ config: pair })).rejects.toThrow('label/a, label/b');
    const onA = { ...region(), to_name: 'a' };
    const { dataset } = await run(
      { config: pair, tasks: [annotated(1, onA, { ...onA, to_name: 'b' }), annotated(2)] },
      { control: 'label/a' },
    );
    expect(dataset.info.boxes).toBe(1);
  });

  test('no Label Studio, or a token that cannot be one', async () => {
    const collectWith = (known: typeof access | null) =>
      createCollect({ access: () => Promise.resolve(known), cacheFolder: folder })(
        request(join(folder, 'job')),
        {
          signal: new AbortController().signal,
          onProgress: () => undefined,
        },
      );
    await expect(collectWith(null)).rejects.toMatchObject({ code: 'no-label-studio' });
    const another = { ...access, url: 'http://other.example:8080' };
    await expect(collectWith(another)).rejects.toMatchObject({ code: 'label-studio-changed' });
    await expect(collectWith({ ...access, token: 'my token' })).rejects.toMatchObject({
      code: 'token-refused',
      message: expect.not.stringContaining('my token') as string,
    });
  });
});

test('boxes that are all too thin for a pixel are no boxes', async () => {
  const thin = region({ at: [10, 10, 0.1, 0.1] });
  await expect(run({ tasks: [annotated(1, thin), annotated(2)] })).rejects.toMatchObject({
    code: 'no-boxes',
  });
});

test('a full disk is said so', async () => {
  await mkdir(join(folder, 'cache'));
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  await expect(run({ tasks: tasks(2), image: () => Promise.reject(full) })).rejects.toMatchObject({
    code: 'disk-full',
  });
});
