import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '../elements/class-legend.ts';
import '../elements/error-banner.ts';
import '../elements/review-grid.ts';
import '../elements/review-single.ts';
import '../elements/threshold-control.ts';
import { controlStyles, pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import type { ReviewOrder } from '../state/reviewOrder.ts';
import { hashOf } from '../state/route.ts';

const orders: Readonly<Record<ReviewOrder, string>> = {
  run: 'Order of the run',
  uncertain: 'Most uncertain first',
  lowest: 'Lowest score first',
};

/** All results of the chosen source and model: a grid, or one image in the single view. */
@customElement('fl-review-page')
export class ReviewPage extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    pageStyles,
    css`
      :host([single]) {
        padding: 0;
      }
      .layout {
        display: grid;
        grid-template-columns: 240px minmax(0, 1fr);
        gap: 24px;
        align-items: start;
      }
      aside {
        position: sticky;
        top: 112px;
        display: grid;
        gap: 16px;
      }
      .page {
        max-width: 1600px;
      }
      .field {
        display: grid;
        gap: 4px;
      }
      @media (max-width: 800px) {
        .layout {
          grid-template-columns: minmax(0, 1fr);
        }
        aside {
          position: static;
        }
      }
    `,
  ];

  protected override watched() {
    const { review, display, source, route, engine } = this.app;
    return [review, display, source, route, engine];
  }

  protected override render(): TemplateResult {
    const { review, route, source } = this.app;
    if (review.count === 0) return this.#empty();
    const { item } = route.place;
    this.toggleAttribute('single', item !== null);
    if (item !== null) return html`<fl-review-single .key=${item}></fl-review-single>`;
    return html`<div class="page">
      <fl-error-banner .message=${review.problem}></fl-error-banner>
      <div class="layout">
        <aside class="panel">
          <div>
            <h1>Review</h1>
            <p class="quiet numbers">${source.title} · ${countOf(review.doneCount, 'image')}</p>
          </div>
          ${this.#controls()}
        </aside>
        <fl-review-grid></fl-review-grid>
      </div>
    </div>`;
  }

  #controls(): TemplateResult {
    const { review, display } = this.app;
    const scores = review.scores(display.looks.map(({ leftOut }) => leftOut));
    return html`
      <fl-threshold-control
        .value=${display.threshold}
        .scores=${scores}
        @threshold-changed=${(event: CustomEvent<number>) => display.setThreshold(event.detail)}
      ></fl-threshold-control>
      <fl-class-legend></fl-class-legend>
      <div class="field">
        <label for="order">Sort</label>
        <select
          id="order"
          @change=${(event: Event) => {
            const chosen = (event.target as HTMLSelectElement).value;
            const order = (Object.keys(orders) as ReviewOrder[]).find((each) => each === chosen);
            if (order !== undefined) review.setOrder(order);
          }}
        >
          ${Object.entries(orders).map(
            ([order, name]) =>
              html`<option value=${order} ?selected=${order === review.order}>${name}</option>`,
          )}
        </select>
      </div>
      ${
        review.failed.length === 0
          ? nothing
          : html`<a href=${hashOf('run')}>${countOf(review.failed.length, 'image')} failed</a>`
      }
    `;
  }

  #empty(): TemplateResult {
    const { review, source } = this.app;
    return html`<div class="page narrow">
      <h1>Review</h1>
      <fl-error-banner .message=${review.problem}></fl-error-banner>
      <p class="quiet">There are no results for ${source.title} with this model yet.</p>
      <div class="actions"><wa-button variant="brand" href=${hashOf('run')}>Go to Run</wa-button></div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-review-page': ReviewPage;
  }
}
