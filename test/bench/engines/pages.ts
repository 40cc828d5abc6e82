import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { modelVersion } from '../../../src/detector/manifest.ts';
import { gpuFlags } from '../../../src/cli/chromium.ts';
import type { Answer, EnginePage, PageResult } from '../../../src/cli/page/contract.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { resolveModel, type CatalogModel } from '../../../src/relay/modelCatalog.ts';
import { chromiumPath } from '../../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../../support/forelabelServer.ts';
import type { BenchModel } from './benchModels.ts';
import { closeAll, type Contender, type Measured } from './contender.ts';

/** What the page puts into its global scope. */
type Scope = typeof globalThis & { readonly forelabelEngine: EnginePage };

/** A contender whose boxes can be looked at. */
export interface PageContender extends Contender {
  detect(file: string): Promise<DetectResult>;
}

export interface Pages {
  /** Throws what the engine says when it cannot run here. */
  open(name: string, backend: 'wasm' | 'webgpu' | 'relay', threads?: number): Promise<PageContender>;
  close(): Promise<void>;
}

/** Headless, with a GPU where there is one, as `forelabel predict --engine webgpu` finds it. */
const flags = ['--no-sandbox', '--no-first-run', '--disable-background-networking', ...gpuFlags()];

/** As many as the app and the command line hand over at a time, so that decoding overlaps inference. */
const handedOver = 3;

/** The app's engines in Chromium, each in a page of its own, served by a Forelabel in a process of its own. */
export async function openPages(benchModel: BenchModel): Promise<Pages> {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-bench-'));
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await closeAll(opened).finally(() => rm(home, { recursive: true }));
  };
  try {
    await mkdir(join(home, 'models'));
    await symlink(benchModel.folder, join(home, 'models', 'bench'));
    const model = await resolveModel(benchModel.folder, []);
    const forelabel = await startForelabel({ home });
    opened.push({ close: () => forelabel.stop() });
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: flags });
    opened.push(browser);
    return { close, ...openers(model, forelabel, browser) };
  } catch (error) {
    await close();
    throw error;
  }
}

function openers(model: CatalogModel, forelabel: ForelabelServer, browser: Browser): Pick<Pages, 'open'> {
  return {
    async open(name, backend, threads) {
      const page = await browser.newPage();
      await page.goto(`${forelabel.url}/engine.html`);
      await page.waitForFunction(() => 'forelabelEngine' in globalThis);
      if (backend === 'webgpu') await assertGpu(page);
      const info = unwrap(
        await page.evaluate((request) => (globalThis as Scope).forelabelEngine.open(request), {
          manifest: model.manifest,
          modelUrl: modelUrl(model),
          backend,
          ...(threads !== undefined && { threads }),
        }),
      );
      return contender(name, info.device, page);
    },
  };
}

/** Throws where there is no GPU, or one that is emulated on the CPU: it says nothing of one, and takes minutes to load. */
async function assertGpu(page: Page): Promise<void> {
  const adapter = await page.evaluate(async () => {
    const found = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (found === null) return null;
    const { vendor, architecture, description, isFallbackAdapter } = found.info;
    return { isFallbackAdapter, name: `${vendor} ${architecture} ${description}`.trim() };
  });
  if (adapter === null) throw new Error('There is no GPU here.');
  if (isEmulated(adapter)) throw new Error(`There is no GPU here, only ${adapter.name}.`);
}

/** By its own word or by its name: not every emulation says so. */
export function isEmulated({ isFallbackAdapter, name }: AdapterWords): boolean {
  return isFallbackAdapter || /swiftshader|llvmpipe|softpipe|software|basic render/iu.test(name);
}

interface AdapterWords {
  readonly isFallbackAdapter: boolean;
  readonly name: string;
}

const modelUrl = (model: CatalogModel): string => `/models/${modelVersion(model.manifest)}/`;

/**
 * The page has the bytes in its memory, as it has them when they have come from Label Studio; time runs in the page, from
 * there to the boxes. What it costs to ask from outside is not spent by people.
 */
function contender(name: string, device: string, page: Page): PageContender {
  const handed = new Map<string, string>();
  const handOver = async (file: string): Promise<string> => {
    const known = handed.get(file);
    if (known !== undefined) return known;
    const url = await page.evaluate(
      async (data) => URL.createObjectURL(await (await fetch(data)).blob()),
      `data:image/jpeg;base64,${(await readFile(file)).toString('base64')}`,
    );
    handed.set(file, url);
    return url;
  };
  let call = 0;
  const detect = async (file: string): Promise<PageResult> => {
    const url = await handOver(file);
    call += 1;
    return unwrap(
      await page.evaluate((request) => (globalThis as Scope).forelabelEngine.detect(request), {
        id: call,
        url,
      }),
    );
  };
  return {
    name,
    device,
    detect,
    async one(file): Promise<Measured> {
      const { elapsedMs, timings, detections } = await detect(file);
      return { total: elapsedMs, stages: timings, boxes: detections.length };
    },
    async many(files) {
      const urls: string[] = [];
      for (const file of files) urls.push(await handOver(file));
      const first = call + 1;
      call += files.length;
      const { ms, answers } = await page.evaluate(detectMany, { urls, first, lanes: handedOver });
      for (const answer of answers) unwrap(answer);
      return ms;
    },
    close: () => page.close(),
  };
}

/** Runs in the page: it can use nothing of this file. */
async function detectMany({ urls, first, lanes }: ManyRequest): Promise<ManyAnswer> {
  const answers: Answer<PageResult>[] = [];
  const entries = urls.entries();
  const lane = async (): Promise<void> => {
    for (const [index, url] of entries)
      answers.push(await (globalThis as Scope).forelabelEngine.detect({ id: first + index, url }));
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return { ms: performance.now() - started, answers };
}

interface ManyRequest {
  readonly urls: readonly string[];
  /** Number of the first call. */
  readonly first: number;
  readonly lanes: number;
}

interface ManyAnswer {
  readonly ms: number;
  readonly answers: readonly Answer<PageResult>[];
}

function unwrap<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(`${answer.code ?? ''} ${answer.detail ?? answer.message}`);
}
