/**
 * `npm run bench`: every engine on the same images as MMDetection and ONNX Runtime in Python, in turn, in one run. Where
 * there is a GPU of NVIDIA's, MMDetection runs twice: on the CPU, and on the GPU as what WebGPU is compared with.
 * Prints one table and writes it to bench-results/engines.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listGpus } from '../../src/relay/trainerEnvironment/gpu.ts';
import {
  demo,
  largeModel,
  r50at640,
  r50at800,
  type BenchModel,
  type LargeModel,
} from './engines/benchModels.ts';
import { closeAll, inTurn, type Contender, type Sample } from './engines/contender.ts';
import { openPages } from './engines/pages.ts';
import { peerPython } from './engines/peerPython.ts';
import { mmdetection, mmdetectionOnGpu, onnxRuntime, startNative, startPeers } from './engines/peers.ts';
import { photos } from './engines/photos.ts';
import { median, pairedRatio, printTable, type Row } from './engines/table.ts';
import { besideMMDetection, onTheSameGpu, type Verdict } from './engines/targets.ts';

const rows: Row[] = [];
const left: string[] = [];
let versions: Readonly<Record<string, string>> = {};
/** Why somebody did not take part, by model and name. */
const absent = new Map<string, string>();
/** What MMDetection ran on that was asked to run on the GPU, by model. */
const ranOn = new Map<string, string>();

const note = (line: string): void => {
  left.push(line);
  console.log(line);
};

/** Without the places in ONNX Runtime's sources. */
const gist = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).replace(/\/onnxruntime_src\S.*?false\. /u, '');

/** Lets somebody take part who may not be able to here. */
async function ifPossible(model: BenchModel, name: string, open: () => Promise<void>): Promise<void> {
  try {
    await open();
  } catch (error) {
    absent.set(`${model.name} ${name}`, gist(error));
    note(`${model.name}: ${name} is left out: ${gist(error)}`);
  }
}

type Take = (...contenders: readonly Contender[]) => void;

/** MMDetection and ONNX Runtime on the CPU; and MMDetection on the GPU where there is one of NVIDIA's. */
async function openPeers(model: BenchModel, take: Take): Promise<void> {
  const found = await peerPython();
  const open = async (processor: 'cpu' | 'cuda'): Promise<void> => {
    const { python } = found;
    if (python === null) throw new Error(found.problems.join(' '));
    const peers = await startPeers({ ...found, python }, model.folder, processor);
    take(...peers.contenders);
    ({ versions } = peers);
    if (processor === 'cuda') ranOn.set(model.name, peers.contenders[0]?.device ?? '');
  };
  await ifPossible(model, mmdetection, () => open('cpu'));
  if ((await listGpus()).length === 0) return;
  if (found.python !== null) found.problems.forEach(note);
  await ifPossible(model, mmdetectionOnGpu, () => open('cuda'));
}

/** @param slow how many of the files the slow engines get */
async function measure(
  model: BenchModel,
  files: readonly string[],
  turns: { readonly rounds: number; readonly perTurn: number },
  slow: number,
): Promise<void> {
  const contenders: Contender[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const take: Take = (...some) => {
    contenders.push(...some);
    opened.push(...some);
  };
  try {
    await openPeers(model, take);
    take(await startNative('native', model.folder, 'CPU'));
    await ifPossible(model, 'native, GPU', async () => {
      take(await startNative('native, GPU', model.folder, 'GPU'));
    });
    const pages = await openPages(model);
    opened.push(pages);
    // More threads than cores take turns: with a large model, for minutes.
    const most = model === demo ? 4 : cpus().length;
    for (const threads of [1, 2, 4].filter((each) => each <= most))
      take(await pages.open(wasmName(threads), 'wasm', threads));
    take(await pages.open('relay', 'relay'));
    await ifPossible(model, 'webgpu', async () => {
      take(await pages.open('webgpu', 'webgpu'));
    });
    const fewer = new Map(
      contenders.filter(({ name }) => name.startsWith('wasm')).map(({ name }) => [name, slow]),
    );
    const { samples, afterPause } = await inTurn(contenders, files, turns, fewer);
    const many = await throughput(contenders, files, turns.rounds, fewer);
    const of = (name: string): readonly Sample[] => samples.get(name) ?? [];
    for (const { name, device } of contenders) {
      const own = of(name);
      const stage = (key: 'decode' | 'preprocess' | 'infer' | 'postprocess') =>
        (own[0]?.stages ?? null) === null
          ? null
          : median(own.map(({ stages }) => stages?.[key] ?? Number.NaN));
      rows.push({
        model: model.name,
        engine: name,
        device,
        images: own.length,
        decode: stage('decode'),
        prepare: stage('preprocess'),
        network: stage('infer'),
        boxes: stage('postprocess'),
        total: median(own.map(({ total }) => total)),
        afterPause: median(afterPause.get(name) ?? []),
        imagesPerSecond: 1000 / median(many.get(name) ?? []),
        timesMMDetection: pairedRatio(own, of(mmdetection)),
        timesOnnxRuntime: pairedRatio(own, of(onnxRuntime)),
        timesMMDetectionOnGpu: pairedRatio(own, of(mmdetectionOnGpu)),
        timesNative: pairedRatio(own, of('native')),
        manyTimesMMDetection: median(
          (many.get(name) ?? []).map((ms, round) => (many.get(mmdetection)?.[round] ?? Number.NaN) / ms),
        ),
      });
    }
  } finally {
    await closeAll(opened).catch((error: unknown) => note(String(error)));
  }
}

/** Milliseconds an image of all images at once, by contender and round. */
async function throughput(
  contenders: readonly Contender[],
  files: readonly string[],
  rounds: number,
  fewer: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const { name } = contender;
      const own = files.slice(0, fewer.get(name) ?? files.length);
      times.get(name)?.push((await contender.many(own)) / own.length);
    }
  }
  return times;
}

const wasmName = (threads: number): string => `wasm, ${threads} thread${threads === 1 ? '' : 's'}`;
const row = (model: string, engine: string): Row | undefined =>
  rows.find((each) => each.model === model && each.engine === engine);

describe('from the file to the boxes', () => {
  afterAll(async () => {
    printTable(rows);
    const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version, ...versions };
    await mkdir('bench-results', { recursive: true });
    await writeFile(
      join('bench-results', 'engines.json'),
      `${JSON.stringify({ machine, leftOut: left, rows }, null, 2)}\n`,
    );
  });

  it('the demo model', async () => {
    await measure(demo, photos(30), { rounds: 2, perTurn: 5 }, 30);
  }, 1_800_000);

  /** Returns why it could not be measured; null where it was. */
  const measureLarge = async (
    large: LargeModel,
    files: readonly string[],
    slow: number,
  ): Promise<string | null> => {
    const model = await largeModel(large, files[0] ?? '');
    if (model !== null) {
      await measure(model, files, { rounds: 2, perTurn: 1 }, slow);
      return null;
    }
    const why = `There is no such model without MMDetection. ${(await peerPython()).problems.join(' ')}`;
    for (const peer of [mmdetection, mmdetectionOnGpu]) absent.set(`${large.name} ${peer}`, why);
    note(`${large.name}: ${why}`);
    return why;
  };

  it('ResNet-50 at 640', async ({ skip }) => {
    const leftOut = await measureLarge(r50at640, photos(6), 2);
    if (leftOut !== null) skip(leftOut);
  }, 1_800_000);

  it('ResNet-50 at 800 x 1333', async ({ skip }) => {
    const leftOut = await measureLarge(r50at800, photos(4), 1);
    if (leftOut !== null) skip(leftOut);
  }, 3_600_000);

  /** The ratio, where there is one to be judged. */
  const judged = (verdict: Verdict, skip: (note: string) => never): number => {
    if ('skip' in verdict) return skip(verdict.skip);
    if ('fail' in verdict) throw new Error(verdict.fail);
    return verdict.ratio;
  };
  const whyNot = (model: string, name: string): string | null => absent.get(`${model} ${name}`) ?? null;
  const besideIt = (model: string, engine: string): Verdict =>
    besideMMDetection(row(model, engine), whyNot(model, mmdetection));

  it('native is at least twice as fast as MMDetection with the demo model', ({ skip }) => {
    expect(judged(besideIt('demo', 'native'), skip)).toBeGreaterThanOrEqual(2);
  });
  it.for([r50at640.name, r50at800.name])(
    'native is at least 1.4 times as fast as MMDetection with ResNet-50 (%s)',
    (model, { skip }) => {
      expect(judged(besideIt(model, 'native'), skip)).toBeGreaterThanOrEqual(1.4);
    },
  );
  it('wasm takes at most twice MMDetection’s time with the demo model', ({ skip }) => {
    const ratios = [1, 2, 4].map((threads) => judged(besideIt('demo', wasmName(threads)), skip));
    expect(Math.max(...ratios)).toBeGreaterThanOrEqual(0.5);
  });
  it('the relay from the page is within a quarter of native', () => {
    expect(row('demo', 'relay')?.timesNative).toBeGreaterThanOrEqual(1 / 1.25);
  });
  it('WebGPU is at least as fast as PyTorch on the same GPU', async ({ skip }) => {
    const model = r50at800.name;
    const verdict = onTheSameGpu({
      gpus: await listGpus(),
      webgpu: row(model, 'webgpu'),
      webgpuLeftOut: whyNot(model, 'webgpu'),
      mmdetection: ranOn.get(model) ?? null,
      mmdetectionLeftOut: whyNot(model, mmdetectionOnGpu),
    });
    expect(judged(verdict, skip)).toBeGreaterThanOrEqual(1);
  });
});
