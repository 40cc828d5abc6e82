/**
 * `npm run bench:parity`: the product's engines beside MMDetection's `inference_detector`, from the encoded files to the
 * boxes. Blood cells (72 test images, three classes) with a model trained here for it, or the one that
 * FORELABEL_PARITY_MODEL names (a folder with model.json, config.py and checkpoint.pth); faces (90 validation images)
 * with the bundled model. FORELABEL_PARITY_ENGINES: default native,relay,wasm; webgpu where there is a GPU, or with
 * FORELABEL_CHROMIUM_FLAGS=--use-webgpu-adapter=swiftshader an emulated one, which takes half a minute an image:
 * FORELABEL_PARITY_IMAGES=3 takes the first three of each set.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Detection } from '../../src/detector/types.ts';
import { bloodCellFiles, bloodCellFolder, runTrainer, trainBloodCellModel } from '../support/bloodCells.ts';
import { compareBoxes, type Agreement, type ScoredBox } from '../support/boxAgreement.ts';
import { chromiumPath } from '../support/chromium.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';
import { openPages } from './engines/pages.ts';

const repository = join(import.meta.dirname, '..', '..');
const faces = join(process.env.FORELABEL_DATA ?? join(repository, '..', 'shared', 'data'), 'caltech_faces');
const engines = (process.env.FORELABEL_PARITY_ENGINES ?? 'native,relay,wasm').split(',');
/** Images of each set that are compared. */
const most = Number(process.env.FORELABEL_PARITY_IMAGES ?? Infinity);
/** Three of them take three minutes of processor time and give an AP50 of about 0.8. */
const EPOCHS = 3;
/** Boxes from here on are compared: what lies below is near no threshold that people choose. */
const FLOOR = 0.1;

const box = v.tuple([v.number(), v.number(), v.number(), v.number()]);
const lineSchema = v.object({
  file: v.string(),
  detections: v.array(v.object({ label: v.string(), score: v.number(), box })),
});
const answerSchema = v.array(
  v.object({
    file: v.string(),
    detections: v.array(
      v.object({
        ...{ x1: v.number(), y1: v.number(), x2: v.number(), y2: v.number() },
        ...{ score: v.number(), label: v.number() },
      }),
    ),
  }),
);
type ByImage = ReadonlyMap<string, readonly ScoredBox[]>;

const rows: ({ data: string; engine: string; images: number } & Agreement)[] = [];
let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'forelabel-parity-'));
});
afterAll(async () => {
  console.table(rows);
  await mkdir('bench-results', { recursive: true });
  await writeFile(join('bench-results', 'parity.json'), `${JSON.stringify(rows, null, 2)}\n`);
  await rm(work, { recursive: true, force: true });
});

/** Class names by their index. */
async function classesOf(model: string): Promise<readonly string[]> {
  return (JSON.parse(await readFile(join(model, 'model.json'), 'utf8')) as { classes: string[] }).classes;
}

async function mmdetection(model: string, images: readonly string[]): Promise<ByImage> {
  const out = join(work, `${basename(model)}-${images.length}.json`);
  const config = join(model, 'config.py');
  const checkpoint = join(model, 'checkpoint.pth');
  await runTrainer('predict', work, { config, checkpoint, images, out, device: 'cpu' });
  const answers = v.parse(answerSchema, JSON.parse(await readFile(out, 'utf8')));
  const classes = await classesOf(model);
  return new Map(
    answers.map(({ file, detections }) => [
      basename(file),
      detections.map((detection) => scoredBox(detection, classes)),
    ]),
  );
}

function scoredBox({ x1, y1, x2, y2, score, label }: Detection, classes: readonly string[]): ScoredBox {
  return { box: [x1, y1, x2, y2], score, label: classes[label] ?? '' };
}

/** The engine of the app that has the relay detect: it is in no command, so a page of the app is asked. */
async function relay(model: string, images: readonly string[]): Promise<ByImage> {
  const classes = await classesOf(model);
  const pages = await openPages({ name: basename(model), folder: model });
  try {
    const engine = await pages.open('relay', 'relay');
    const found = new Map<string, readonly ScoredBox[]>();
    for (const file of images) {
      const { detections } = await engine.detect(file);
      found.set(
        basename(file),
        detections.map((detection) => scoredBox(detection, classes)),
      );
    }
    return found;
  } finally {
    await pages.close();
  }
}

async function forelabel(engine: string, model: string, images: readonly string[]): Promise<ByImage> {
  const out = join(work, `${engine}.jsonl`);
  const options = ['--model', model, '--engine', engine, '--threshold', '0.05', '--out', out];
  await execa(process.execPath, [forelabelCommand, 'predict', ...options, ...images], {
    stderr: 'inherit',
    env: { FORELABEL_HOME: join(work, 'home'), CHROMIUM_PATH: chromiumPath() },
  });
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const { file, detections } = v.parse(lineSchema, JSON.parse(line));
      return [basename(file), detections];
    }),
  );
}

interface Data {
  readonly data: string;
  readonly present: boolean;
  readonly images: () => Promise<readonly string[]>;
  readonly model: () => Promise<string>;
  /** Compared boxes an image that there are at the very least; fewer would prove little. */
  readonly boxesAnImage: number;
}

const all: readonly Data[] = [
  {
    data: 'BCCD test',
    present: existsSync(bloodCellFolder),
    images: () => bloodCellFiles('test'),
    model: () =>
      process.env.FORELABEL_PARITY_MODEL === undefined
        ? trainBloodCellModel(join(work, 'training'), EPOCHS)
        : Promise.resolve(process.env.FORELABEL_PARITY_MODEL),
    boxesAnImage: 7,
  },
  {
    data: 'Caltech faces val',
    present: existsSync(faces),
    images: async () => {
      const split = JSON.parse(await readFile(join(faces, 'split.json'), 'utf8')) as { val: string[] };
      return split.val.map((name) => join(faces, name));
    },
    model: () => Promise.resolve(join(repository, 'models', 'demo-face')),
    boxesAnImage: 1,
  },
];

describe.each(all)('$data', ({ data, present, images, model, boxesAnImage }) => {
  it.skipIf(!present)(
    `score within 1e-3 and IoU >= 0.99 on 99.9 % of the boxes${present ? '' : ' (skipped: the images are not here)'}`,
    async () => {
      const files = (await images()).slice(0, most);
      const folder = await model();
      const expected = await mmdetection(folder, files);
      for (const engine of engines) {
        const got = await (engine === 'relay' ? relay(folder, files) : forelabel(engine, folder, files));
        const agreement = compareBoxes(expected, got, FLOOR);
        rows.push({ data, engine, images: files.length, ...agreement });
      }
      for (const row of rows.filter((each) => each.data === data)) {
        expect(row.boxes, row.engine).toBeGreaterThanOrEqual(boxesAnImage * files.length);
        expect(row.agreeing / row.boxes, row.engine).toBeGreaterThanOrEqual(0.999);
      }
    },
    3_600_000,
  );
});
