/** Where the panel may stand in the window. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Distance to the window's right and lower edge, in CSS pixels. */
export interface Place {
  readonly right: number;
  readonly bottom: number;
}

/** As `getBoundingClientRect` says it. */
export type Rectangle = Pick<DOMRect, 'left' | 'top' | 'right' | 'bottom'>;

/** Room that is kept to what must not be covered. */
const gap = 8;
/** Label Studio's head, 48 pixels high, stands above everything: under it, the panel's own head could not be reached. */
export const headRoom = 48 + gap;

/** Above Label Studio's own row of buttons. */
export const initialPlace: Place = { right: 24, bottom: 88 };

/**
 * The place nearest to the wished one that is in the window and covers nothing of what must stay free: above it, and where
 * there is no room, below.
 */
export function allowedPlace(wish: Place, panel: Size, view: Size, keptFree: readonly Rectangle[]): Place {
  const right = within(wish.right, view.width - panel.width);
  const highest = view.height - headRoom - panel.height;
  let bottom = within(wish.bottom, highest);
  for (const free of keptFree) {
    if (!covers({ right, bottom }, panel, view, free)) continue;
    const above = view.height - free.top + gap;
    const below = view.height - free.bottom - gap - panel.height;
    const hasRoomAbove = above <= highest;
    bottom = hasRoomAbove || below < 0 ? within(above, highest) : below;
  }
  return { right, bottom };
}

function covers({ right, bottom }: Place, panel: Size, view: Size, free: Rectangle): boolean {
  const x2 = view.width - right;
  const y2 = view.height - bottom;
  return x2 - panel.width < free.right && x2 > free.left && y2 - panel.height < free.bottom && y2 > free.top;
}

const within = (value: number, most: number): number => Math.min(Math.max(0, value), Math.max(0, most));
