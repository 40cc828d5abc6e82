// Trains the bundled model anew and writes models/demo-face: `npm run demo-model` (about 25 minutes on 2 CPU cores).
//
//   --work FOLDER     where the training lies (default: .cache/demo-model); a broken-off one is resumed
//   --epochs N        default 30
//   --cuda            on a GPU
//   --checkpoint PTH  evaluate and export this one instead of training
//   --out FOLDER      write the model here instead of models/demo-face
//
// Data: the Caltech faces, from $FORELABEL_DATA or ../shared/data, and drawings which scripts/portraits makes.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { demoCard } from './demoCard.mjs';
import { darkened, grayed, mergeCoco, splitCoco, writeAltered } from './demoData.mjs';
import { writeDrawings } from './portraits/dataset.mjs';
import { trainerPython } from './trainer-setup.mjs';

const root = join(import.meta.dirname, '..');
const config = join(root, 'models', 'demo-face', 'config.py');
const CLASSES = ['face'];
const DRAWN_TRAIN = { count: 300, seed: 1 };
const DRAWN_HELD_OUT = { count: 60, seed: 2 };

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: join(root, '.cache', 'demo-model') },
    epochs: { type: 'string', default: '30' },
    cuda: { type: 'boolean', default: false },
    checkpoint: { type: 'string' },
    out: { type: 'string', default: join(root, 'models', 'demo-face') },
  },
});
const out = resolve(values.out);
const work = resolve(values.work);
const epochs = Number(values.epochs);

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);

/**
 * Runs a module of the trainer; shows its progress, and its own words when it fails.
 *
 * @param {string} python
 * @param {'train' | 'evaluate' | 'export'} kind
 * @param {string} name of the job file
 * @param {object} job
 * @returns {Promise<Record<string, any>>} the event `finished`
 */
async function runJob(python, kind, name, job) {
  const file = join(work, `${name}.job.json`);
  await writeFile(file, JSON.stringify({ kind, ...job }, null, 2));
  const child = spawn(python, ['-m', `forelabel_trainer.${kind}`, file], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONPATH: join(root, 'src', 'trainer') },
  });
  const ended = new Promise((done) => child.on('close', done));
  let last = { event: 'error', message: `${kind} said nothing` };
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line);
    if (last.event === 'progress' && kind === 'train' && last.iteration % 40 === 0) {
      const minutes = Math.ceil(last.etaSeconds / 60);
      say(`epoch ${last.epoch}/${last.epochs}, loss ${last.loss.toFixed(3)}, ${minutes} min left`);
    }
    if (last.event === 'evaluated') say(`${name}: ${JSON.stringify(last.metrics)}`);
    if (last.event === 'note') say(last.message);
  }
  if ((await ended) !== 0 || last.event !== 'finished')
    throw new Error(`${name}: ${last.message ?? last.event}`);
  return last;
}

/** The Caltech set's folder. */
function caltechFolder() {
  const data = resolve(process.env.FORELABEL_DATA ?? join(root, '..', 'shared', 'data'));
  const folder = join(data, 'caltech_faces');
  if (existsSync(join(folder, 'coco_face.json')) && existsSync(join(folder, 'split.json'))) return folder;
  throw new Error(
    `There are no Caltech faces in ${folder}. Name the folder that holds caltech_faces/ (images/, coco_face.json, ` +
      'split.json) in FORELABEL_DATA. models/demo-face/CARD.md says where the photographs come from.',
  );
}

/** @param {string} caltech */
async function prepareData(caltech) {
  say('Drawing portraits');
  const drawn = join(work, 'drawn');
  const heldOut = join(work, 'drawn-held-out');
  await writeDrawings({ out: drawn, ...DRAWN_TRAIN });
  await writeDrawings({ out: heldOut, ...DRAWN_HELD_OUT });
  const json = async (/** @type {string} */ file) => JSON.parse(await readFile(file, 'utf8'));
  const { train, val } = splitCoco(
    await json(join(caltech, 'coco_face.json')),
    await json(join(caltech, 'split.json')),
  );
  // Copied beside the drawings, so that the file's hash, which the manifest keeps, is the same everywhere.
  await cp(join(caltech, 'images'), join(work, 'photographs', 'images'), { recursive: true });
  const merged = mergeCoco([
    { coco: train, folder: 'photographs' },
    { coco: await json(join(drawn, 'coco.json')), folder: 'drawn' },
  ]);
  const annotations = join(work, 'train.json');
  await writeFile(annotations, JSON.stringify(merged));
  const valFile = join(work, 'val.json');
  await writeFile(valFile, JSON.stringify(val));
  return {
    train: { annotations, images: work },
    val: { annotations: valFile, images: caltech },
    gray: await writeAltered(val, caltech, join(work, 'gray'), grayed),
    dark: await writeAltered(val, caltech, join(work, 'dark'), darkened),
    drawn: { annotations: join(heldOut, 'coco.json'), images: heldOut },
    counts: { photographs: train.images.length, drawings: DRAWN_TRAIN.count, val: val.images.length },
  };
}

/** @param {Record<string, number>} metrics */
const rounded = (metrics) =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, Math.round(value * 1e4) / 1e4]));

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function main() {
  const caltech = caltechFolder();
  const python = await trainerPython({ cuda: values.cuda });
  await mkdir(work, { recursive: true });
  const data = await prepareData(caltech);
  const trained = values.checkpoint
    ? { checkpoint: resolve(values.checkpoint), epochs, dataset: await sha256(data.train.annotations) }
    : await runJob(python, 'train', 'train', {
        name: 'demo-face',
        workDir: join(work, 'run'),
        classes: CLASSES,
        epochs,
        batchSize: 8,
        valInterval: 8,
        logInterval: 20,
        workers: 1,
        resume: existsSync(join(work, 'run', 'last_checkpoint')),
        base: { config },
        data: { train: data.train, val: data.val },
      });
  const { checkpoint } = trained;
  const measure = async (/** @type {'val' | 'gray' | 'dark' | 'drawn'} */ name) => {
    const { metrics } = await runJob(python, 'evaluate', name, { config, checkpoint, data: data[name] });
    return metrics;
  };
  const results = {
    val: await measure('val'),
    gray: await measure('gray'),
    dark: await measure('dark'),
    drawn: await measure('drawn'),
  };
  // Before anything is written: a bad training must not replace a good model.
  if (results.val.AP50 < 0.97 || results.val.AP < 0.65) {
    throw new Error(
      'This model is worse than the bundled one should be (AP50 >= 0.97, AP >= 0.65). Look at the data.',
    );
  }
  const metrics = {
    ...results.val,
    AP50_gray: results.gray.AP50,
    AP50_dark: results.dark.AP50,
    AP_drawn: results.drawn.AP,
    AP50_drawn: results.drawn.AP50,
  };
  await runJob(python, 'export', 'export', {
    name: 'demo-face',
    config,
    checkpoint,
    classes: CLASSES,
    outDir: out,
    precision: 'fp16',
    lineage: { dataset: trained.dataset, epochs: trained.epochs, metrics: rounded(metrics) },
  });
  const manifest = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
  await writeFile(join(out, 'CARD.md'), demoCard({ manifest, results, counts: data.counts }));
  say(`${out} is written.`);
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
