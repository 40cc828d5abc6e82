import { css, html, LitElement } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { keyMeanings } from '../state/reviewKeys.ts';

/** All keys of the single view. */
@customElement('fl-keys-dialog')
export class KeysDialog extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 8px 24px;
      }
      dt {
        white-space: nowrap;
      }
    `,
  ];

  @state() open = false;

  show(): void {
    this.open = true;
  }

  protected override render(): TemplateResult {
    return html`<wa-dialog
      label="Keys of the single view"
      light-dismiss
      ?open=${this.open}
      @wa-after-hide=${() => (this.open = false)}
    >
      <dl>
        ${keyMeanings.map(
          ([keys, meaning]) =>
            html`<dt>
                ${keys.split(' ').map((key) => (key === '–' ? html` – ` : html`<kbd>${key}</kbd> `))}
              </dt>
              <dd>${meaning}</dd>`,
        )}
      </dl>
    </wa-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-keys-dialog': KeysDialog;
  }
}
