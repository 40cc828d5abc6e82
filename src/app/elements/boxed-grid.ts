import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { shownBoxes } from '../state/display.ts';
import type { PeekCard } from '../state/peekState.ts';
import './image-card.ts';

/** The cards of a look ahead. The threshold filters what the cards hold already; no model runs for it. */
@customElement('fl-boxed-grid')
export class BoxedGrid extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(var(--card-width, 200px), 100%), 1fr));
        gap: 16px;
        list-style: none;
      }
      @media (max-width: 600px) {
        ul {
          grid-template-columns: repeat(2, minmax(0, 1fr));
          gap: 8px;
        }
      }
    `,
  ];

  @property({ attribute: false }) cards: readonly PeekCard[] = [];
  /** How many places to keep free while the cards are not known. */
  @property({ type: Number }) expected = 6;
  /** Accessible name of the list. */
  @property() label = '';

  protected override watched() {
    return [this.app.display];
  }

  protected override render(): TemplateResult {
    if (this.cards.length === 0) {
      return html`<ul aria-label=${this.label} aria-busy="true">
        ${Array.from({ length: this.expected }, () => html`<li><fl-image-card></fl-image-card></li>`)}
      </ul>`;
    }
    return html`<ul aria-label=${this.label}>
      ${repeat(
        this.cards,
        (card) => card.key,
        (card) => this.#card(card),
      )}
    </ul>`;
  }

  #card({ name, url, result, problem }: PeekCard): TemplateResult {
    return html`<li>
      <fl-image-card
        .name=${name}
        .url=${url}
        .width=${result?.width ?? 0}
        .height=${result?.height ?? 0}
        .boxes=${result === null ? null : shownBoxes(result.detections, this.app.display)}
        .problem=${problem}
      ></fl-image-card>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-boxed-grid': BoxedGrid;
  }
}
