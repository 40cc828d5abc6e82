import { ContextProvider } from '@lit/context';
import { LitElement, html } from 'lit';
import { afterEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-lit';
import '../../../src/app/elements/review-grid.ts';
import type { AppState } from '../../../src/app/state/appState.ts';
import { appContext } from '../../../src/app/state/context.ts';
import { DisplayState } from '../../../src/app/state/display.ts';
import { ReviewState } from '../../../src/app/state/reviewState.ts';
import { SourceState } from '../../../src/app/state/sourceState.ts';
import { Thumbnails } from '../../../src/app/state/thumbnails.ts';
import { fileSource } from '../../../src/prelabel/fileSource.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

const VERSION = 'm-00000000';
const ROWS = 3000;

/** What the grid needs of the app, over results in memory: one box of 0.9 in each, and one of 0.2. */
class Surroundings extends LitElement {
  readonly review: ReviewState;
  readonly display = new DisplayState();
  readonly source = new SourceState();
  readonly thumbnails = new Thumbnails();
  loads = 0;

  constructor() {
    super();
    const results = memoryStore();
    const settings = {
      read: <T>(setting: { readonly initial: T }) => Promise.resolve(setting.initial),
      write: () => Promise.resolve(),
    };
    this.review = new ReviewState(() => Promise.resolve({ results, settings }));
    const paths = Array.from({ length: ROWS }, (_, i) => `${i}.png`);
    const picture = drawPng(40, 30);
    const blob = (): Promise<Blob> => {
      this.loads += 1;
      return picture;
    };
    const source = fileSource(
      'folder:f',
      'f',
      paths.map((path) => ({ path, blob })),
    );
    this.source.useFolder(source);
    for (const path of paths) {
      const detections = [0.9, 0.2].map((score) => ({ x1: 4, y1: 3, x2: 20, y2: 15, score, label: 0 }));
      const one = {
        sourceId: source.id,
        key: `file:${path}`,
        name: path,
        taskId: null,
        modelVersion: VERSION,
      };
      const rest = {
        state: 'done',
        width: 40,
        height: 30,
        detections,
        timings: null,
        backend: null,
      } as const;
      void results.put({ ...one, ...rest, error: null, at: 1 }, { queueForPosting: false });
    }
    void this.review.load(source.id, VERSION);
    new ContextProvider(this, { context: appContext, initialValue: this as unknown as AppState });
  }

  protected override render() {
    return html`<fl-review-grid></fl-review-grid>`;
  }
}
customElements.define('test-grid-surroundings', Surroundings);

afterEach(() => scrollTo(0, 0));

async function shown() {
  await page.viewport(1000, 700);
  const screen = render(html`<test-grid-surroundings></test-grid-surroundings>`);
  const around = screen.container.querySelector<Surroundings>('test-grid-surroundings');
  if (around === null) throw new Error('Nothing was drawn.');
  await around.updateComplete;
  const grid = around.shadowRoot?.querySelector('fl-review-grid');
  const root = grid?.shadowRoot;
  if (!root) throw new Error('There is no grid.');
  const names = (): string[] =>
    [...root.querySelectorAll('.name')].map((each) => each.textContent).filter((text) => text !== '');
  const frames = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
  };
  await expect.poll(() => names()[0]).toBe('0.png');
  return { around, root, names, frames };
}

test('a grid of thousands has the elements of some screens, in the order of the images, and makes none while it is scrolled', async () => {
  const { root, names, frames } = await shown();
  await expect.poll(() => root.querySelectorAll('image').length).toBeGreaterThan(12);
  const inOrder = (): boolean => {
    const numbers = names().map((each) => Number.parseInt(each));
    return numbers.every((each, i) => i === 0 || each === (numbers[i - 1] ?? 0) + 1);
  };
  scrollBy(0, 3000);
  await frames(3);
  const cells = new Set(root.querySelectorAll('.cell'));
  expect(cells.size).toBeLessThan(60);
  for (let i = 0; i < 40; i++) {
    scrollBy(0, i < 25 ? 140 : -90);
    await frames(1);
  }
  await frames(3);
  expect([...root.querySelectorAll('.cell')].filter((cell) => !cells.has(cell)).length).toBeLessThan(10);
  expect(inOrder()).toBe(true);
  scrollTo(0, document.documentElement.scrollHeight);
  await expect.poll(() => names().at(-1)).toBe(`${ROWS - 1}.png`);
  expect(inOrder()).toBe(true);
  const last = [...root.querySelectorAll('[role=listitem]')].at(-1);
  expect([last?.ariaPosInSet, last?.ariaSetSize]).toEqual([String(ROWS), String(ROWS)]);
});

test('who rushes past thousands of images does not load them; where the way ends, they come', async () => {
  const { around, root, frames } = await shown();
  await expect.poll(() => root.querySelectorAll('image').length).toBeGreaterThan(12);
  const before = around.loads;
  for (let i = 0; i < 30; i++) {
    scrollBy(0, 2000);
    await frames(1);
  }
  expect(around.loads - before).toBeLessThan(30);
  await expect
    .poll(() => {
      const cells = [...root.querySelectorAll('.cell')].filter((cell) => {
        const { top, bottom } = cell.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      });
      return cells.length > 8 && cells.every((cell) => cell.querySelector('image') !== null);
    })
    .toBe(true);
});

test('the threshold changes the boxes in view, and the focus survives scrolling', async () => {
  const { around, root, frames } = await shown();
  around.display.setThreshold(0.1);
  await expect.poll(() => root.querySelector('svg')?.ariaLabel).toMatch(/^0\.png: 2 /u);
  await userEvent.tab();
  const focused = root.activeElement;
  expect(focused?.getAttribute('href')).toBe('#/review/file%3A0.png');
  scrollTo(0, 20_000);
  await frames(3);
  expect(root.activeElement).toBe(focused);
  expect(focused?.getAttribute('href')).toBe('#/review/file%3A0.png');
});

test('fits a phone: two columns, and no wider than the screen', async () => {
  const { root } = await shown();
  await page.viewport(360, 640);
  await expect
    .poll(
      () =>
        new Set([...root.querySelectorAll('.cell')].map((cell) => cell.getBoundingClientRect().left)).size,
    )
    .toBe(2);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(360);
});
