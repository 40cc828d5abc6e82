import { css, html, nothing, svg } from 'lit';
import type { TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { ItemResult } from '../../store/types.ts';
import { countOf } from '../../ui/wording.ts';
import { boxStyles, frameStyles } from '../look/image.styles.ts';
import type { Box } from './boxGeometry.ts';
import { describeBoxes } from './describeBoxes.ts';

/** What a card of the grid shows. */
export interface GridCell {
  readonly href: string;
  /** Its place among all, from 1, and how many those are: most of them are not on the page. */
  readonly place: number;
  readonly of: number;
  /** Undefined until it has been read. */
  readonly result: ItemResult | undefined;
  readonly boxes: readonly Box[];
  /** Of its small picture; null while it is being made. */
  readonly url: string | null;
  /** Why there is no picture, or null. */
  readonly problem: string | null;
}

/**
 * A card of the grid as plain elements of the grid's own: a custom element with a shadow root for each would make
 * scrolling through thousands of them jerk. Its frame has a fixed shape, so nothing moves when the picture arrives.
 */
export function gridCell({ href, place, of, result, boxes, url, problem }: GridCell): TemplateResult {
  const { name = '', width = 4, height = 3 } = result ?? {};
  return html`<div role="listitem" class="cell" aria-posinset=${place} aria-setsize=${of}>
    <a href=${href}>
      <div class="frame">
        <svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${describeBoxes(name, boxes)}>
          ${keyed(
            url,
            url === null
              ? nothing
              : svg`<image href=${url} width=${width} height=${height} preserveAspectRatio="none"></image>`,
          )}
          <path class="edge" d=${boxes.map(outline).join('')}></path>
          ${colorsOf(boxes).map(
            (color) =>
              svg`<path class="box" stroke=${color} d=${boxes
                .filter((box) => box.color === color)
                .map(outline)
                .join('')}></path>`,
          )}
        </svg>
        ${problem === null ? nothing : html`<div class="problem" role="note">${problem}</div>`}
      </div>
      <div class="caption">
        <span class="name" title=${name}>${name}</span>
        <span class="numbers"
          >${problem === null ? (result === undefined ? nothing : countOf(boxes.length, 'box', 'boxes')) : 'failed'}</span
        >
      </div>
    </a>
  </div>`;
}

/** A box as a part of a path: one path for all boxes of a colour is one element instead of many. */
function outline({ x1, y1, x2, y2 }: Box): string {
  const [width, height] = [Math.max(0, x2 - x1), Math.max(0, y2 - y1)];
  return `M${x1} ${y1}h${width}v${height}h${-width}z`;
}

function colorsOf(boxes: readonly Box[]): readonly string[] {
  return [...new Set(boxes.map(({ color }) => color))];
}

const cellStyles = css`
  .cell {
    min-width: 0;
  }
  .cell a {
    display: block;
    color: inherit;
    text-decoration: none;
  }
  .frame svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  path {
    fill: none;
  }
  .caption {
    display: flex;
    justify-content: space-between;
    gap: 8px;
    height: 20px;
    margin-top: 4px;
    color: var(--wa-color-text-quiet);
    font-size: var(--wa-font-size-xs);
    line-height: 20px;
    white-space: nowrap;
  }
  .name {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .numbers {
    flex: none;
  }
`;

export const gridCellStyles = [frameStyles, boxStyles, cellStyles];
