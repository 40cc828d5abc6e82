import { css, html, LitElement } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { styleMap } from 'lit/directives/style-map.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { score } from '../../ui/wording.ts';
import type { Box } from './boxGeometry.ts';

/** The boxes of one image as a list. Fires 'box-chosen' and 'box-removed' with the detection's index. */
@customElement('fl-box-list')
export class BoxList extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      ul {
        display: grid;
        gap: 4px;
        list-style: none;
      }
      li {
        display: flex;
        border: 1px solid transparent;
        border-radius: var(--wa-border-radius-m);
      }
      li.chosen {
        border-color: var(--wa-color-brand-border-loud);
        background: var(--wa-color-brand-fill-quiet);
      }
      button {
        display: flex;
        align-items: center;
        gap: 8px;
        min-width: 0;
        min-height: 32px;
        padding: 0 8px;
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      .box {
        flex: 1;
        text-align: left;
      }
      .name {
        flex: 1;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .swatch {
        flex: none;
        width: 12px;
        height: 12px;
        border-radius: 3px;
      }
    `,
  ];

  @property({ attribute: false }) boxes: readonly (Box & { readonly index: number })[] = [];
  @property({ type: Number }) chosen = -1;
  /** Boxes cannot be removed here. */
  @property({ type: Boolean }) fixed = false;

  #fire(name: 'box-chosen' | 'box-removed', index: number): void {
    this.dispatchEvent(new CustomEvent(name, { detail: index, bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    if (this.boxes.length === 0) return html`<p class="quiet">No box is at or above the threshold.</p>`;
    return html`<ul aria-label="Boxes">
      ${this.boxes.map((box) => this.#row(box))}
    </ul>`;
  }

  #row({ index, name, color, score: value }: Box & { readonly index: number }): TemplateResult {
    const chosen = index === this.chosen;
    return html`<li class=${chosen ? 'chosen' : ''}>
      <button
        class="box"
        type="button"
        aria-pressed=${chosen}
        @click=${() => this.#fire('box-chosen', index)}
      >
        <span class="swatch" style=${styleMap({ background: color })}></span>
        <span class="name">${name}</span>
        <span class="numbers">${score(value)}</span>
      </button>
      <button
        type="button"
        title="Remove this box"
        ?hidden=${this.fixed}
        @click=${() => this.#fire('box-removed', index)}
      >
        <wa-icon name="close" label="Remove ${name} ${score(value)}"></wa-icon>
      </button>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-box-list': BoxList;
  }
}
