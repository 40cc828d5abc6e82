import type { EngineChoice } from '../../src/engine/client/engineChoice.ts';
import type { ListedModel } from '../../src/engine/client/modelList.ts';
import type { DetectResult, Engine } from '../../src/engine/types.ts';
import type { Detection } from '../../src/detector/types.ts';
import type { Prediction, Region } from '../../src/labelstudio/types.ts';
import { PanelEngine } from '../../src/panel/page/panelEngine.ts';
import { OccupiedError } from '../../src/panel/occupied.ts';
import type { PanelKept } from '../../src/panel/page/panelState.ts';
import type { BoxChange, BoxOutcome, OpenTask, PageView, TaskPage } from '../../src/panel/page/taskPage.ts';
import { memoryStore } from '../../src/prelabel/memoryStore.ts';
import { memorySettings } from '../../src/store/memorySettings.ts';

const labelConfig =
  '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">' +
  '<Label value="Cell" predicted_values="thing"/><Label value="Dirt"/></RectangleLabels></View>';

export const twoImages =
  '<View><Image name="left" value="$l"/><Image name="right" value="$r"/>' +
  '<RectangleLabels name="other" toName="left"><Label value="Nothing"/></RectangleLabels>' +
  '<RectangleLabels name="a" toName="left"><Label value="thing"/></RectangleLabels>' +
  '<RectangleLabels name="b" toName="right"><Label value="thing"/></RectangleLabels></View>';

export const openTask = (id: number, more: Partial<OpenTask> = {}): OpenTask => ({
  ...{ id, project: 3, url: 'http://localhost:8080', labelConfig },
  ...{ annotation: '1', boxes: 0, ours: [] },
  ...more,
});

/** An annotation that behaves as Label Studio's: regions by id, some of them touched by a person. */
export class FakePage implements TaskPage {
  view: PageView = { kind: 'none', message: 'No task is open. Open one.' };
  /** Of the open task. */
  regions = new Map<string, Region>();
  readonly touched = new Set<string>();
  readonly posted: Prediction[] = [];
  readonly fetched: string[] = [];
  /** Each is one step of Label Studio's undo. */
  readonly changes: BoxChange[] = [];
  next: readonly number[] = [];
  /** A task that the page has opened and not yet told of. */
  opening: number | null = null;
  /** Boxes that came into the annotation after the panel was told of it. */
  others = 0;
  /** Instead of an image. */
  failure: Error | null = null;
  /** What `change` waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();

  show(view: PageView): void {
    this.view = view;
    this.regions = new Map();
    this.#tell();
  }

  open(id: number, more: Partial<OpenTask> = {}): void {
    this.show({ kind: 'task', task: openTask(id, more) });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refresh(): Promise<void> {
    const open = this.opening;
    this.opening = null;
    if (open !== null) this.open(open);
    return Promise.resolve();
  }

  fetchImage(task: number, field: string, signal: AbortSignal): Promise<Blob> {
    this.fetched.push(`${task} ${field}`);
    signal.throwIfAborted();
    if (this.failure !== null) return Promise.reject(this.failure);
    return Promise.resolve(new Blob([`${task} ${field}`]));
  }

  async change(task: number, change: BoxChange): Promise<BoxOutcome> {
    await this.gate;
    const open = this.view.kind === 'task' ? this.view.task.id : null;
    if (open !== task) throw new Error('Another task is open. Open it again.');
    if (change.add.length > 0 && !change.over && this.others > 0) throw new OccupiedError();
    this.changes.push(change);
    const removed = change.remove.filter((id) => !this.touched.has(id) && this.regions.delete(id));
    for (const region of change.add) this.regions.set(region.id, region);
    return { added: change.add.map(({ id }) => id), removed };
  }

  post(prediction: Prediction): Promise<boolean> {
    const isNew = !this.posted.some(
      (each) => each.task === prediction.task && each.model_version === prediction.model_version,
    );
    if (isNew) this.posted.push(prediction);
    return Promise.resolve(isNew);
  }

  upcoming(): Promise<readonly number[]> {
    return Promise.resolve(this.next);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const box = (score: number, label = 0): Detection => ({
  ...{ x1: 100 * score, y1: 10, x2: 100 * score + 20, y2: 40 },
  ...{ score, label },
});

/** A detector that finds four boxes with scores 0.9, 0.6, 0.4 and 0.1 on every image, and counts its work. */
export class FakeDetector {
  readonly seen: string[] = [];
  aborted = 0;
  /** What the detector waits for. */
  gate: Promise<void> = Promise.resolve();

  async detect(image: Blob, { signal }: { signal?: AbortSignal } = {}): Promise<DetectResult> {
    const name = await image.text();
    await Promise.race([this.gate, aborts(signal)]).catch((error: unknown) => {
      this.aborted += 1;
      throw error;
    });
    this.seen.push(name);
    const timings = { decode: 1, preprocess: 1, infer: 10, postprocess: 1, total: 13 };
    return { width: 200, height: 100, detections: [0.9, 0.6, 0.4, 0.1].map((score) => box(score)), timings };
  }
}

function aborts(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

export const listed = (version: string, classes: readonly string[] = ['thing']): ListedModel => ({
  ...{ name: version, version, origin: 'bundled', url: `/models/${version}/` },
  // What the panel reads of a manifest.
  manifest: { classes: [...classes] } as ListedModel['manifest'],
});

export function fakeEngine(
  detector: FakeDetector,
  models: readonly ListedModel[] = [listed('cells-1')],
  onChoice: (choice: EngineChoice) => void = () => undefined,
): PanelEngine {
  return new PanelEngine(
    () => Promise.resolve({ models: [...models], problems: [] }),
    (model, { choice }) => {
      onChoice(choice);
      const engine: Engine = {
        info: {
          ...{ backend: 'wasm', device: '1 thread', why: 'A test.', warmUpMs: 1 },
          modelVersion: model.version,
        },
        detect: (image, options) => detector.detect(image, options),
        dispose: () => Promise.resolve(),
      };
      return Promise.resolve(engine);
    },
  );
}

/** Storage that lives as long as the test. */
export function memoryKept(): PanelKept {
  return { results: memoryStore(), settings: memorySettings() };
}
