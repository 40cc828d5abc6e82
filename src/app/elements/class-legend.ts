import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';

/** The classes with their colours; a click (or 1-9 in the single view) hides one. */
@customElement('fl-class-legend')
export class ClassLegend extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        list-style: none;
      }
      button {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 28px;
        padding: 0 10px 0 8px;
        border: 1px solid var(--wa-color-neutral-border-normal);
        border-radius: 14px;
        background: transparent;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      button[aria-pressed='false'] {
        color: var(--wa-color-text-quiet);
        text-decoration: line-through;
      }
      .swatch {
        width: 12px;
        height: 12px;
        border-radius: 3px;
        box-shadow: 0 0 0 1px rgb(128 128 128 / 50%);
      }
      button[aria-pressed='false'] .swatch {
        background: transparent !important;
      }
    `,
  ];

  protected override watched() {
    return [this.app.display];
  }

  protected override render(): TemplateResult {
    const { looks, hidden } = this.app.display;
    return html`<ul aria-label="Classes">
      ${looks.map(({ name, color, leftOut }, label) =>
        leftOut
          ? nothing
          : html`<li>
              <button
                type="button"
                aria-pressed=${!hidden.has(label)}
                title=${hidden.has(label) ? `Show ${name}` : `Hide ${name} in the views`}
                @click=${() => this.app.display.toggleClass(label)}
              >
                <span class="swatch" style="background:${color}"></span>${name}
              </button>
            </li>`,
      )}
    </ul>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-class-legend': ClassLegend;
  }
}
