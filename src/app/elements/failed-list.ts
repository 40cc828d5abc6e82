import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf } from '../../ui/wording.ts';
import type { FailedItem } from '../state/reviewTable.ts';

/** How many rows before a button asks for the rest: a broken storage can fail thousands alike. */
const firstRows = 50;

/** Images that could not be done, or not be posted, each with what to do. Fires 'retry-failed'. */
@customElement('fl-failed-list')
export class FailedList extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: 8px;
      }
      ul {
        display: grid;
        max-height: 360px;
        overflow-y: auto;
        list-style: none;
      }
      li {
        padding: 8px 0;
        border-top: 1px solid var(--wa-color-surface-border);
        overflow-wrap: anywhere;
      }
      .name {
        font-weight: var(--wa-font-weight-semibold);
      }
    `,
  ];

  @property({ attribute: false }) failed: readonly FailedItem[] = [];
  /** A run is under way: nothing can be retried meanwhile. */
  @property({ type: Boolean }) busy = false;
  @state() private all = false;

  #retry(): void {
    this.dispatchEvent(new CustomEvent('retry-failed', { bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    const rows = this.all ? this.failed : this.failed.slice(0, firstRows);
    const retryable = this.failed.some(({ state: each }) => each === 'failed');
    return html`
      <div class="head">
        <h2 class="numbers">${countOf(this.failed.length, 'image')} failed</h2>
        ${
          retryable
            ? html`<wa-button size="s" appearance="outlined" ?disabled=${this.busy} @click=${this.#retry}>
                <wa-icon slot="start" name="retry"></wa-icon>Retry failed
              </wa-button>`
            : nothing
        }
      </div>
      <ul aria-label="Failed images" tabindex="0">
        ${rows.map(
          ({ name, error }) =>
            html`<li>
              <p class="name">${name}</p>
              <p class="quiet">${error?.message ?? 'No reason is known. Retry it.'}</p>
            </li>`,
        )}
      </ul>
      ${
        rows.length < this.failed.length
          ? html`<wa-button size="s" appearance="plain" @click=${() => (this.all = true)}>
              Show all ${count(this.failed.length)}
            </wa-button>`
          : nothing
      }
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-failed-list': FailedList;
  }
}
