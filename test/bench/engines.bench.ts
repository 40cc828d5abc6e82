/**
 * `npm run bench`: every engine on the same images as MMDetection and ONNX Runtime in Python, in turn, in one run.
 * Prints one table and writes it to bench-results/engines.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { demo, largeModel, type BenchModel } from './engines/benchModels.ts';
import { inTurn, type Contender, type Sample } from './engines/contender.ts';
import { openPages, type Pages } from './engines/pages.ts';
import { startNative, startPeers } from './engines/peers.ts';
import { photos } from './engines/photos.ts';
import { median, pairedRatio, printTable, type Row } from './engines/table.ts';

const mmdetection = 'MMDetection';
const python = 'ONNX Runtime (Python)';
const rows: Row[] = [];
const left: string[] = [];
let versions: Readonly<Record<string, string>> = {};

const note = (line: string): void => {
  left.push(line);
  console.log(line);
};

/** WebGPU, or null and a word why not. */
async function webgpuContender(pages: Pages): Promise<Contender | null> {
  try {
    return await pages.open('webgpu', 'webgpu');
  } catch (error) {
    note(`webgpu is left out: ${gist(error)}`);
    return null;
  }
}

/** Without the places in ONNX Runtime's sources. */
const gist = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).replace(/\/onnxruntime_src\S.*?false\. /u, '');

async function nativeContenders(model: BenchModel): Promise<readonly Contender[]> {
  const contenders = [await startNative('native', model.folder, 'CPU')];
  try {
    contenders.push(await startNative('native, GPU', model.folder, 'GPU'));
  } catch (error) {
    note(`native on the GPU is left out: ${gist(error)}`);
  }
  return contenders;
}

/** @param slow how many of the files the slow engines get */
async function measure(
  model: BenchModel,
  files: readonly string[],
  turns: { readonly rounds: number; readonly perTurn: number },
  slow: number,
): Promise<void> {
  const peers = await startPeers(model.folder);
  ({ versions } = peers);
  const contenders: Contender[] = [...peers.contenders, ...(await nativeContenders(model))];
  const pages = await openPages(model);
  // More threads than cores take turns: with a large model, for minutes.
  const most = model === demo ? 4 : cpus().length;
  for (const threads of [1, 2, 4].filter((each) => each <= most))
    contenders.push(await pages.open(wasmName(threads), 'wasm', threads));
  contenders.push(await pages.open('relay', 'relay'));
  const webgpu = await webgpuContender(pages);
  if (webgpu !== null) contenders.push(webgpu);
  try {
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
        timesOnnxRuntime: pairedRatio(own, of(python)),
        manyTimesMMDetection: median(
          (many.get(name) ?? []).map((ms, round) => (many.get(mmdetection)?.[round] ?? Number.NaN) / ms),
        ),
      });
    }
  } finally {
    for (const contender of contenders) await contender.close();
    await pages.close();
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

  it('ResNet-50 at 640', async () => {
    const files = photos(6);
    await measure(await largeModel(640, 640, files[0] ?? ''), files, { rounds: 2, perTurn: 1 }, 2);
  }, 1_800_000);

  it('ResNet-50 at 800 x 1333', async () => {
    const files = photos(4);
    await measure(await largeModel(1333, 800, files[0] ?? ''), files, { rounds: 2, perTurn: 1 }, 1);
  }, 3_600_000);

  it('native is at least twice as fast as MMDetection with the demo model', () => {
    expect(row('demo', 'native')?.timesMMDetection).toBeGreaterThanOrEqual(2);
  });
  it('native is at least 1.4 times as fast as MMDetection with ResNet-50', () => {
    expect(row('r50 640x640', 'native')?.timesMMDetection).toBeGreaterThanOrEqual(1.4);
    expect(row('r50 1333x800', 'native')?.timesMMDetection).toBeGreaterThanOrEqual(1.4);
  });
  it('wasm takes at most twice MMDetection’s time with the demo model', () => {
    const best = Math.max(
      ...[1, 2, 4].map((threads) => row('demo', wasmName(threads))?.timesMMDetection ?? 0),
    );
    expect(best).toBeGreaterThanOrEqual(0.5);
  });
  it('the relay from the page is within a quarter of native', () => {
    expect(row('demo', 'relay')?.total).toBeLessThanOrEqual((row('demo', 'native')?.total ?? 0) * 1.25);
  });
  it('WebGPU is at least as fast as PyTorch on the same GPU', ({ skip }) => {
    const webgpu = row('r50 1333x800', 'webgpu');
    if (webgpu === undefined) return skip('No GPU is at hand.');
    expect(webgpu.timesMMDetection).toBeGreaterThanOrEqual(1);
  });
});
