import { css, html, render } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';
import { AppElement } from '../state/context.ts';
import { shownBoxes } from '../state/display.ts';
import { hashOf } from '../state/route.ts';
import { WindowEvents } from '../state/windowEvents.ts';
import { gridCell, gridCellStyles } from './gridCell.ts';
import { gridGeometry, rowsInView } from './gridGeometry.ts';
import type { GridGeometry } from './gridGeometry.ts';
import { RecycledRows } from './recycledRows.ts';
import type { RowSlot } from './recycledRows.ts';

/** Rows are there this many pixels before they come into view. */
const margin = 600;
/** Pixels a millisecond. Who scrolls faster sees no picture long enough to want it. */
const hurry = 2;
/** After the last fast scroll event, milliseconds: what is in view now is looked at. */
const restMs = 120;

/** What a row that is shown waits for. */
interface Wish {
  readonly sourceId: string;
  readonly abort: AbortController;
  /** Keys that are being read, or whose picture is being made. */
  readonly pending: Set<string>;
  /** By key: why there is no picture. */
  readonly problems: Map<string, string>;
}

/** All done images as small pictures with their boxes; only the rows near the screen exist. */
@customElement('fl-review-grid')
export class ReviewGrid extends AppElement {
  static override styles = [
    sharedStyles,
    gridCellStyles,
    css`
      .list {
        position: relative;
        min-height: 60vh;
      }
      .grid-row {
        position: absolute;
        inset: 0 0 auto;
        display: grid;
        grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
        gap: 12px;
        contain: layout style;
      }
    `,
  ];

  @query('.list') private list!: HTMLElement;

  #rows: RecycledRows | null = null;
  #geometry: GridGeometry = gridGeometry(0);
  readonly #wishes = new Map<RowSlot, Wish>();
  readonly #toDraw = new Set<RowSlot>();
  #isBack = false;
  #scrolled = { at: 0, top: 0 };
  #rest: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    super();
    // In the next frame: it changes the height of what is observed.
    const resize = new ResizeObserver(() => requestAnimationFrame(() => this.#layOut()));
    this.addController({
      hostConnected: () => resize.observe(this),
      hostDisconnected: () => {
        resize.disconnect();
        for (const { abort } of this.#wishes.values()) abort.abort();
        this.#wishes.clear();
      },
    });
  }

  protected readonly scrolling = new WindowEvents(this, { scroll: () => this.#scroll() });

  protected override watched() {
    return [this.app.review, this.app.display];
  }

  get #keys(): readonly string[] {
    return this.app.review.sorted(this.app.display.threshold);
  }

  protected override render(): TemplateResult {
    return html`<div class="list" role="list" aria-label="Results"></div>`;
  }

  protected override updated(): void {
    this.#rows ??= new RecycledRows(this.list);
    this.#layOut();
    for (const slot of this.#rows.slots) this.#draw(slot);
  }

  #layOut(): void {
    if (this.#rows === null) return;
    const { columns } = this.#geometry;
    this.#geometry = gridGeometry(this.clientWidth);
    const rows = Math.ceil(this.#keys.length / this.#geometry.columns);
    this.list.style.height = `${rows * this.#geometry.rowHeight}px`;
    this.list.style.setProperty('--columns', String(this.#geometry.columns));
    if (rows > 0 && !this.#isBack) this.#comeBack();
    this.#showRows();
    if (columns !== this.#geometry.columns) for (const slot of this.#rows.slots) this.#draw(slot);
  }

  /** To where the grid was left, or to the image that was looked at since, where that is not in view. */
  #comeBack(): void {
    this.#isBack = true;
    const { top, looked } = this.app.review.left;
    const { columns, rowHeight } = this.#geometry;
    if (top > 0) scrollTo(0, top);
    const at = looked === null ? -1 : this.#keys.indexOf(looked);
    if (at < 0) return;
    const y = this.list.getBoundingClientRect().top + Math.floor(at / columns) * rowHeight;
    if (y < 0 || y + rowHeight > innerHeight) scrollBy(0, y - (innerHeight - rowHeight) / 2);
  }

  #showRows(): void {
    if (this.#rows === null) return;
    const { columns, rowHeight } = this.#geometry;
    const { top } = this.list.getBoundingClientRect();
    const rows = Math.ceil(this.#keys.length / columns);
    const { first, last } = rowsInView(rows, rowHeight, top, innerHeight, margin);
    for (const slot of this.#rows.show(first, last, rowHeight)) {
      this.#endWish(slot);
      this.#draw(slot);
    }
    // A smaller window needs fewer rows.
    for (const slot of this.#wishes.keys()) if (!slot.element.isConnected) this.#endWish(slot);
  }

  #scroll(): void {
    const now = performance.now();
    const speed = Math.abs(scrollY - this.#scrolled.top) / Math.max(1, now - this.#scrolled.at);
    this.#scrolled = { at: now, top: scrollY };
    this.app.review.scrolledTo(scrollY);
    if (speed > hurry) {
      if (this.#rest !== null) clearTimeout(this.#rest);
      this.#rest = setTimeout(() => {
        this.#rest = null;
        for (const slot of this.#rows?.slots ?? []) this.#drawSoon(slot);
      }, restMs);
    }
    this.#showRows();
  }

  #draw(slot: RowSlot): void {
    this.#toDraw.delete(slot);
    const { columns } = this.#geometry;
    const keys = this.#keys.slice(slot.row * columns, (slot.row + 1) * columns);
    const place = { slot, wish: this.#wishOf(slot), of: this.#keys.length };
    render(
      keys.map((key, index) => this.#cell(key, slot.row * columns + index + 1, place)),
      slot.element,
    );
  }

  /** Once a frame, however much arrives for a row in it. */
  #drawSoon(slot: RowSlot): void {
    if (this.#toDraw.size === 0)
      requestAnimationFrame(() => {
        const rows = [...this.#toDraw];
        this.#toDraw.clear();
        for (const each of rows) if (each.element.isConnected) this.#draw(each);
      });
    this.#toDraw.add(slot);
  }

  #cell(key: string, place: number, { slot, wish, of }: { slot: RowSlot; wish: Wish; of: number }) {
    const { review, display, thumbnails } = this.app;
    const result = review.peek(key);
    const problem = wish.problems.get(key) ?? null;
    const picture = `${wish.sourceId} ${key}`;
    const url = thumbnails.peek(picture);
    if (problem === null && !wish.pending.has(key)) {
      if (result === undefined) void this.#wait(key, slot, wish, () => review.read(key));
      else if (url === null && this.#rest === null)
        void this.#wait(key, slot, wish, () => this.#picture(key, picture, wish));
    }
    const boxes = result === undefined ? [] : shownBoxes(result.detections, display);
    return gridCell({ href: hashOf('review', key), place, of, result, boxes, url, problem });
  }

  #wishOf(slot: RowSlot): Wish {
    const sourceId = this.app.source.source?.id ?? '';
    const known = this.#wishes.get(slot);
    if (known?.sourceId === sourceId) return known;
    this.#endWish(slot);
    const wish = {
      sourceId,
      abort: new AbortController(),
      pending: new Set<string>(),
      problems: new Map<string, string>(),
    };
    this.#wishes.set(slot, wish);
    return wish;
  }

  #endWish(slot: RowSlot): void {
    this.#wishes.get(slot)?.abort.abort();
    this.#wishes.delete(slot);
  }

  /** Does what is missing for a card, and draws its row again when there is anything new. */
  async #wait(key: string, slot: RowSlot, wish: Wish, work: () => Promise<unknown>): Promise<void> {
    wish.pending.add(key);
    let found: unknown;
    try {
      found = await work();
    } catch (error) {
      if (!isAbort(error)) wish.problems.set(key, problemOf(error));
    }
    wish.pending.delete(key);
    const isNew = found !== undefined || wish.problems.has(key);
    if (isNew && this.#wishes.get(slot) === wish) this.#drawSoon(slot);
  }

  async #picture(key: string, picture: string, { abort }: Wish): Promise<unknown> {
    const { items } = this.app.source;
    if (items === null) return undefined;
    return this.app.thumbnails.get(picture, () => items.load(key), abort.signal);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-review-grid': ReviewGrid;
  }
}
