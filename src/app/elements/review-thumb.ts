import { css, html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import type { ItemResult } from '../../store/types.ts';
import { AppElement } from '../state/context.ts';
import { shownBoxes } from '../state/display.ts';
import { problemOf } from '../../ui/problem.ts';
import { hashOf } from '../state/route.ts';
import './image-card.ts';

/** One result in the grid: a link to its single view. Its picture is fetched when it comes into view. */
@customElement('fl-review-thumb')
export class ReviewThumb extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
        width: 100%;
        height: 100%;
      }
      a {
        display: block;
        color: inherit;
        text-decoration: none;
      }
    `,
  ];

  @property({ attribute: false }) result: ItemResult | null = null;
  @state() private url: string | null = null;
  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.display];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // The virtualizer gives the same element another result when it scrolls.
    if (changed.has('result') && changed.get('result')?.key !== this.result?.key) void this.#fetch();
  }

  async #fetch(): Promise<void> {
    const { result } = this;
    const { items } = this.app.source;
    this.url = null;
    this.problem = null;
    if (result === null || items === null) return;
    try {
      const { url } = await this.app.thumbnails.get(`${result.sourceId} ${result.key}`, () =>
        items.load(result.key),
      );
      if (this.result?.key === result.key) this.url = url;
    } catch (error) {
      if (this.result?.key === result.key) this.problem = problemOf(error);
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { result } = this;
    if (result === null) return nothing;
    return html`<a href=${hashOf('review', result.key)}>
      <fl-image-card
        .name=${result.name}
        .url=${this.url}
        .width=${result.width}
        .height=${result.height}
        .boxes=${shownBoxes(result.detections, this.app.display)}
        .problem=${this.problem}
      ></fl-image-card>
    </a>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-review-thumb': ReviewThumb;
  }
}
