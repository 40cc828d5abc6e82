/** One row's element, and what it shows now. */
export interface RowSlot {
  readonly element: HTMLElement;
  row: number;
}

/**
 * Rows of one height in a list that is scrolled: only those in a range exist, and the element of one that leaves is
 * used again for one that comes, for making elements is what scrolling costs. They stay in the order of their rows,
 * so that the tab key goes through them as they are seen. The row that holds the focus stays until it loses it.
 */
export class RecycledRows {
  readonly #list: HTMLElement;
  /** By row. */
  readonly #slots = new Map<number, RowSlot>();
  readonly #spare: RowSlot[] = [];
  #rowHeight = 0;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  get slots(): readonly RowSlot[] {
    return [...this.#slots.values()];
  }

  /** Shows the rows from `first` to `last`, both included. Gives those that have to be drawn. */
  show(first: number, last: number, rowHeight: number): readonly RowSlot[] {
    const resized = rowHeight !== this.#rowHeight;
    this.#rowHeight = rowHeight;
    const free = this.slots.filter(({ row, element }) => (row < first || row > last) && !holdsFocus(element));
    for (const { row } of free) this.#slots.delete(row);
    const drawn: RowSlot[] = [];
    // From below, so that the next row, before which each is put, is there already.
    for (let row = last; row >= first; row--) {
      const known = this.#slots.get(row);
      if (known !== undefined) {
        if (resized) this.#place(known);
        continue;
      }
      const slot = free.pop() ?? this.#spare.pop() ?? newSlot();
      slot.row = row;
      this.#slots.set(row, slot);
      this.#place(slot);
      this.#list.insertBefore(slot.element, this.#after(row));
      drawn.push(slot);
    }
    for (const slot of free) {
      slot.element.remove();
      // One row more or less is in view at every other step.
      if (this.#spare.length < 4) this.#spare.push(slot);
    }
    return drawn;
  }

  #place({ element, row }: RowSlot): void {
    element.style.transform = `translateY(${row * this.#rowHeight}px)`;
  }

  #after(row: number): HTMLElement | null {
    let nearest: RowSlot | null = null;
    for (const slot of this.#slots.values())
      if (slot.row > row && (nearest === null || slot.row < nearest.row)) nearest = slot;
    return nearest?.element ?? null;
  }
}

function newSlot(): RowSlot {
  const element = document.createElement('div');
  element.className = 'grid-row';
  element.role = 'presentation';
  return { element, row: -1 };
}

function holdsFocus(element: HTMLElement): boolean {
  const root = element.getRootNode();
  return root instanceof ShadowRoot && element.contains(root.activeElement);
}
