import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** Address and token of a Label Studio. The token goes from the field into the client and nowhere else. */
@customElement('fl-connect-form')
export class ConnectForm extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      form {
        display: grid;
        gap: 16px;
        max-width: 560px;
      }
      details {
        color: var(--wa-color-text-quiet);
      }
      summary {
        width: fit-content;
        cursor: pointer;
        color: var(--wa-color-text-link);
      }
      details ol {
        display: grid;
        gap: 4px;
        margin-top: 8px;
        padding-left: 20px;
      }
    `,
  ];

  @query('#url') private urlField!: WaInput;
  @query('#token') private tokenField!: WaInput;
  @query('#remember') private rememberBox!: HTMLInputElement;
  /** What must be filled in before anything is sent. */
  @state() private missing: string | null = null;

  protected override watched() {
    return [this.app.connection];
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const url = (this.urlField.value ?? '').trim();
    const token = (this.tokenField.value ?? '').trim();
    if (url === '' || token === '') {
      this.missing =
        url === ''
          ? 'The address is missing. Paste the address you open Label Studio with.'
          : 'The token is missing. Paste one from Label Studio, Account & Settings.';
      (url === '' ? this.urlField : this.tokenField).focus();
      return;
    }
    this.missing = null;
    await this.app.connection.connect({ url, token }, { remember: this.rememberBox.checked });
  }

  protected override render(): TemplateResult {
    const { status, problem, info } = this.app.connection;
    return html`<form novalidate autocomplete="off" aria-label="Connect Label Studio" @submit=${this.#submit}>
      <h2>Connect Label Studio</h2>
      <wa-input
        id="url"
        type="url"
        label="Address"
        placeholder="http://localhost:8080"
        value=${info?.url ?? nothing}
        autocomplete="off"
        inputmode="url"
        spellcheck="false"
      ></wa-input>
      <wa-input
        id="token"
        type="password"
        label="Access token"
        autocomplete="off"
        spellcheck="false"
        password-toggle
        data-1p-ignore
        data-lpignore="true"
      ></wa-input>
      <details>
        <summary>How to get a token</summary>
        <ol>
          <li>In Label Studio, open the menu of your picture, top right: Account &amp; Settings.</li>
          <li>Choose Personal Access Token, create one and copy it.</li>
          <li>Paste it here. A legacy token works too, where your organization allows it.</li>
        </ol>
      </details>
      <div class="check">
        <input id="remember" type="checkbox" aria-describedby="remember-hint" />
        <label for="remember">Remember on this computer (encrypted)</label>
        <p id="remember-hint" class="quiet">Otherwise it is gone when this tab is closed.</p>
      </div>
      <fl-error-banner .message=${this.missing ?? problem}></fl-error-banner>
      <div class="row">
        <wa-button type="submit" variant="brand" ?loading=${status === 'connecting'}>Connect</wa-button>
        ${status === 'connecting' ? html`<span class="visually-hidden" role="status">Connecting</span>` : nothing}
      </div>
    </form>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-connect-form': ConnectForm;
  }
}
