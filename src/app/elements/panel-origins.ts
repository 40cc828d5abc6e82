import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { ago, exactTime } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** Which Label Studios may show the panel: the list, with a way out for each, and a field for one more. */
@customElement('fl-panel-origins')
export class PanelOrigins extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      li {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px 16px;
        min-height: 48px;
        padding: 4px 0;
        border-top: 1px solid var(--wa-color-surface-border);
      }
      ul {
        list-style: none;
        border-bottom: 1px solid var(--wa-color-surface-border);
      }
      .origin {
        overflow-wrap: anywhere;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 8px;
      }
      .field {
        display: grid;
        gap: 4px;
        flex: 1 1 200px;
        max-width: 360px;
      }
    `,
  ];

  /** With the field for another one. */
  @property({ type: Boolean }) extend = false;
  @query('#address') private address!: HTMLInputElement | null;

  protected override watched() {
    return [this.app.panelAccess, this.app.connection];
  }

  protected override firstUpdated(): void {
    if (this.app.panelAccess.origins === null) void this.app.panelAccess.load();
    this.#suggest();
  }

  protected override updated(): void {
    this.#suggest();
  }

  /** The Label Studio that is connected with a token is the likely one. */
  #suggest(): void {
    const { info } = this.app.connection;
    if (this.address?.value !== '' || info === null) return;
    const { origin } = new URL(info.url);
    if (this.app.panelAccess.origins !== null && !this.app.panelAccess.isAllowed(origin)) {
      this.address.value = origin;
    }
  }

  async #add(event: Event): Promise<void> {
    event.preventDefault();
    const { address } = this;
    if (address === null) return;
    if (await this.app.panelAccess.allow(address.value)) address.value = '';
    else address.focus();
  }

  protected override render(): TemplateResult {
    const { origins, problem, busy } = this.app.panelAccess;
    return html`
      ${
        origins === null || origins.length === 0
          ? html`<p class="quiet">${origins === null ? 'Reading the list' : 'None yet.'}</p>`
          : html`<ul aria-label="Allowed Label Studios">
              ${origins.map(
                ({ origin, added }) =>
                  html`<li>
                    <span class="origin"
                      >${origin}<br /><span class="quiet" title=${exactTime(added)}
                        >allowed ${ago(added)}</span
                      ></span
                    >
                    <wa-button
                      size="s"
                      appearance="outlined"
                      ?disabled=${busy}
                      @click=${() => void this.app.panelAccess.remove(origin)}
                      >Remove<span class="visually-hidden"> ${origin}</span></wa-button
                    >
                  </li>`,
              )}
            </ul>`
      }
      ${
        this.extend
          ? html`<form novalidate autocomplete="off" @submit=${this.#add}>
              <div class="field">
                <label for="address">Another Label Studio</label>
                <input
                  id="address"
                  type="text"
                  inputmode="url"
                  spellcheck="false"
                  placeholder="http://localhost:8080"
                />
              </div>
              <wa-button type="submit" size="s" appearance="outlined" ?disabled=${busy}>Allow</wa-button>
            </form>`
          : nothing
      }
      <fl-error-banner .message=${problem}></fl-error-banner>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-panel-origins': PanelOrigins;
  }
}
