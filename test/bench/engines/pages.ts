import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { modelVersion } from '../../../src/detector/manifest.ts';
import type { Answer, EnginePage } from '../../../src/cli/page/contract.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { resolveModel, type CatalogModel } from '../../../src/relay/modelCatalog.ts';
import { chromiumPath } from '../../support/chromium.ts';
import { startForelabel } from '../../support/forelabelServer.ts';
import type { BenchModel } from './benchModels.ts';
import { ahead, type Contender, type Measured } from './contender.ts';

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

/** Headless, with a GPU where there is one. */
const flags = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-angle=vulkan',
  '--ignore-gpu-blocklist',
];

/** The app's engines in Chromium, each in a page of its own, served by a Forelabel in a process of its own. */
export async function openPages(benchModel: BenchModel): Promise<Pages> {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-bench-'));
  await mkdir(join(home, 'models'));
  await symlink(benchModel.folder, join(home, 'models', 'bench'));
  const forelabel = await startForelabel({ home });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: flags });
  const model = await resolveModel(benchModel.folder, []);
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
    async close() {
      await browser.close();
      await forelabel.stop();
      await rm(home, { recursive: true });
    },
  };
}

/** Throws where there is no GPU, or one that is emulated on the CPU: it says nothing of one, and takes minutes to load. */
async function assertGpu(page: Page): Promise<void> {
  const adapter = await page.evaluate(async () => {
    const found = await navigator.gpu.requestAdapter();
    return found && `${found.info.vendor} ${found.info.architecture} ${found.info.description}`;
  });
  if (adapter === null) throw new Error('There is no GPU here.');
  if (/swiftshader|llvmpipe|software/iu.test(adapter)) {
    throw new Error(`There is no GPU here, only ${adapter}.`);
  }
}

const modelUrl = (model: CatalogModel): string => `/models/${modelVersion(model.manifest)}/`;

/** The time of an image is the engine's own: what it costs to ask from outside is not spent by people. */
function contender(name: string, device: string, page: Page): PageContender {
  let call = 0;
  const detect = async (file: string): Promise<DetectResult> => {
    // The page fetches the bytes from its own memory, as it has them when they have come from Label Studio.
    const url = `data:image/jpeg;base64,${(await readFile(file)).toString('base64')}`;
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
      const { timings, detections } = await detect(file);
      return { total: timings.total, stages: timings, boxes: detections.length };
    },
    many: (files) => ahead(files, detect),
    close: () => page.close(),
  };
}

function unwrap<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(`${answer.code ?? ''} ${answer.detail ?? answer.message}`);
}
