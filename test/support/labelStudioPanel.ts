/** A tab of Label Studio with the panel in it, as a person works with the two. */
import type { FrameLocator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** A region as Label Studio saves it. */
export interface SavedRegion {
  readonly id: string;
  readonly value: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotation: number;
    readonly rectanglelabels: readonly string[];
  };
  readonly from_name: string;
  readonly to_name: string;
  readonly original_width: number;
  readonly original_height: number;
  readonly score?: number;
}

/** What the tests read of the editor, and what stands for a drag with the mouse. */
interface EditorWindow {
  readonly Htx: {
    readonly task: { readonly id: number } | null;
    readonly isLoading: boolean;
    readonly annotationStore: {
      readonly predictions: readonly { readonly id: string }[];
      readonly annotations: readonly { readonly id: string }[];
      readonly selected: {
        readonly id: string;
        readonly type: string;
        readonly regionStore: {
          readonly regions: readonly {
            setPosition(x: number, y: number, width: number, height: number, rotation: number): void;
          }[];
        };
        serializeAnnotation(): readonly SavedRegion[];
        appendResults(results: readonly unknown[]): unknown;
      } | null;
      deleteAnnotation(annotation: unknown): void;
      selectPrediction(id: string): void;
      selectAnnotation(id: string): void;
    };
  };
}

export class LabelStudioPanel {
  readonly page: Page;
  readonly panel: FrameLocator;
  readonly #url: string;
  #project: number;

  constructor(page: Page, url: string, project: number) {
    this.page = page;
    this.panel = page.frameLocator('#forelabel-panel iframe');
    this.#url = url;
    this.#project = project;
  }

  /** Loads the data manager with the task in its quick view; of the same project as before, unless one is named. */
  async open(task: number, project = this.#project): Promise<void> {
    this.#project = project;
    // A tab behind another is not always drawn, and a frame in it that is not drawn is not clicked.
    await this.page.bringToFront();
    await this.page.goto(`${this.#url}/projects/${this.#project}/data?task=${task}`);
    await this.shows(task);
  }

  /** Loads the label stream of a project. */
  async stream(project: number, first: number): Promise<void> {
    this.#project = project;
    await this.page.goto(`${this.#url}/projects/${project}/data?labeling=1`);
    await this.shows(first);
  }

  /**
   * Submits, and waits until Label Studio has loaded what it shows next. A task that is clicked before that opens, and then
   * the submitted one comes back in its place, whatever the address says.
   */
  async submit(): Promise<void> {
    const read = () => {
      const { isLoading, annotationStore } = (window as unknown as EditorWindow).Htx;
      return isLoading ? null : (annotationStore.selected?.id ?? null);
    };
    const before = await this.page.evaluate(read);
    await this.page.getByRole('button', { name: 'Submit current annotation' }).click();
    await expect.poll(() => this.page.evaluate(read), { timeout: 20_000 }).not.toBe(before);
    await expect.poll(() => this.page.evaluate(read), { timeout: 20_000 }).not.toBeNull();
  }

  /** Clicks the task in the data manager's list, which does not load the page anew. `row` counts from 0. */
  async choose(row: number, task: number): Promise<void> {
    await this.page.bringToFront();
    await this.page
      .locator('[class*="table__row-wrapper"]')
      .nth(row)
      .click({ position: { x: 80, y: 30 } });
    await this.shows(task);
  }

  /** Waits until the editor has the task. */
  async shows(task: number): Promise<void> {
    await this.page.waitForFunction((id) => {
      const { Htx } = window as unknown as Partial<EditorWindow>;
      return Htx?.task?.id === id && !Htx.isLoading && Htx.annotationStore.selected !== null;
    }, task);
  }

  /** Runs the bookmark's code, as the browser does when it is pressed. */
  async press(bookmark: string): Promise<void> {
    await this.page.bringToFront();
    await this.page.evaluate(decodeURIComponent(bookmark.replace(/^javascript:/u, '')));
  }

  get button() {
    return this.panel.getByRole('button', { name: /^(?:Pre-label|Post prediction)/u });
  }

  get threshold() {
    return this.panel.getByLabel('Threshold');
  }

  /** Waits until the panel's line of words is one. */
  async says(words: string | RegExp, timeout = 40_000): Promise<void> {
    try {
      await this.panel.getByText(words).waitFor({ timeout });
    } catch (cause) {
      const said = await this.panel.locator('fl-panel main').innerText({ timeout: 1000 });
      throw new Error(`The panel does not say ${String(words)}, but: ${said}`, { cause });
    }
  }

  /** What the annotation that is open would be saved as. */
  regions(): Promise<readonly SavedRegion[]> {
    return this.page.evaluate(
      () => (window as unknown as EditorWindow).Htx.annotationStore.selected?.serializeAnnotation() ?? [],
    );
  }

  async hasRegions(count: number): Promise<void> {
    await expect.poll(async () => (await this.regions()).length, { timeout: 20_000 }).toBe(count);
  }

  /** Moves a region of the open annotation into the image's corner, as a drag would. */
  async moveRegion(index: number): Promise<void> {
    await this.page.evaluate((at) => {
      const { selected } = (window as unknown as EditorWindow).Htx.annotationStore;
      selected?.regionStore.regions[at]?.setPosition(20, 20, 60, 60, 0);
    }, index);
  }

  /** Adds a region to the open annotation, as drawing one would. */
  async draw(label: string): Promise<void> {
    await this.page.evaluate((name) => {
      const { selected } = (window as unknown as EditorWindow).Htx.annotationStore;
      const value = { x: 5, y: 5, width: 20, height: 20, rotation: 0, rectanglelabels: [name] };
      selected?.appendResults([
        { id: 'drawn', type: 'rectanglelabels', from_name: 'label', to_name: 'image', value },
      ]);
    }, label);
  }

  selected(): Promise<string | undefined> {
    return this.page.evaluate(() => (window as unknown as EditorWindow).Htx.annotationStore.selected?.type);
  }

  async select(what: 'prediction' | 'annotation' | 'nothing'): Promise<void> {
    // Label Studio loads a task twice: what is selected in between does not stay so.
    await this.page.waitForTimeout(1500);
    await this.page.evaluate((kind) => {
      const { annotationStore: store } = (window as unknown as EditorWindow).Htx;
      if (kind === 'nothing') store.deleteAnnotation(store.selected);
      else if (kind === 'prediction') store.selectPrediction(store.predictions[0]?.id ?? '');
      else store.selectAnnotation(store.annotations.at(-1)?.id ?? '');
    }, what);
  }
}
