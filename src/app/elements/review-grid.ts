import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@lit-labs/virtualizer';
import { grid } from '@lit-labs/virtualizer/layouts/grid.js';
import type { ItemResult } from '../../store/types.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import './review-thumb.ts';

/** All done images as thumbnails; only those near the screen exist. */
@customElement('fl-review-grid')
export class ReviewGrid extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      lit-virtualizer {
        min-height: 60vh;
      }
    `,
  ];

  readonly #layout = grid({
    itemSize: { width: '200px', height: '176px' },
    gap: '12px',
    padding: '0px',
    justify: 'start',
    flex: { preserve: 'aspect-ratio' },
  });
  readonly #keyOf = (result: unknown): unknown => (result as ItemResult).key;
  readonly #render = (result: unknown): TemplateResult =>
    html`<fl-review-thumb role="listitem" .result=${result}></fl-review-thumb>`;

  protected override watched() {
    return [this.app.review, this.app.display];
  }

  protected override render(): TemplateResult {
    return html`<lit-virtualizer
      role="list"
      aria-label="Results"
      .items=${this.app.review.sorted(this.app.display.threshold)}
      .layout=${this.#layout}
      .keyFunction=${this.#keyOf}
      .renderItem=${this.#render}
    ></lit-virtualizer>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-review-grid': ReviewGrid;
  }
}
