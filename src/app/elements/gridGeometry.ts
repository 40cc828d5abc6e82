/** Where the cards of a grid lie; all in CSS pixels. */
export interface GridGeometry {
  readonly columns: number;
  /** From the top of one row to the top of the next. */
  readonly rowHeight: number;
}

const gap = 12;
/** Of a card, at least; two of them fit a phone. */
const cardWidth = { wide: 200, narrow: 140 };
/** The line below the picture, and the space between them. */
const caption = 24;

/** As many columns as fit into `width`; pictures are 4:3. */
export function gridGeometry(width: number): GridGeometry {
  const least = width < 500 ? cardWidth.narrow : cardWidth.wide;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const card = (width - gap * (columns - 1)) / columns;
  return { columns, rowHeight: Math.round(card * 0.75) + caption + gap };
}

/** The rows within `margin` of what is seen of a list whose top is at `top` on a screen of height `height`. */
export function rowsInView(
  rows: number,
  rowHeight: number,
  top: number,
  height: number,
  margin: number,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.floor((-top - margin) / rowHeight));
  const last = Math.min(rows, Math.ceil((height - top + margin) / rowHeight)) - 1;
  return { first, last };
}
