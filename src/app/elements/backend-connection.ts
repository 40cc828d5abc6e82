import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/copy-button/copy-button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import type { BackendStatus } from '../../training/api.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

const stateLines: Readonly<Record<BackendStatus['state'], string>> = {
  connected: 'Connected',
  incomplete: 'Connected in part',
  absent: 'Not connected',
  blocked: 'Label Studio refuses this address',
};

/** `NAME=value` pairs in a message, which people have to copy. */
const setting = /\b[A-Z][A-Z0-9_]{4,}=\w+/gu;
/** What the message says about settings that are right already. */
const aside = /\([^)]*\)/gu;

/** Whether Label Studio's own buttons (Retrieve Predictions, Start Training) reach this relay, and how to make it so. */
@customElement('fl-backend-connection')
export class BackendConnection extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
        align-content: start;
        justify-items: start;
      }
      .state {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: 24px;
      }
      .dot {
        width: 8px;
        height: 8px;
        border: 2px solid var(--wa-color-neutral-border-loud);
        border-radius: 50%;
      }
      .connected {
        border-color: var(--wa-color-success-fill-loud);
        background: var(--wa-color-success-fill-loud);
      }
      .blocked,
      .incomplete {
        border-radius: 1px;
        border-color: var(--wa-color-danger-fill-loud);
        background: var(--wa-color-danger-fill-loud);
      }
      p {
        overflow-wrap: anywhere;
      }
      ul {
        display: grid;
        gap: 4px;
        width: 100%;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
        padding: 4px 4px 4px 12px;
        font-size: var(--wa-font-size-xs);
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-lowered);
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override watched() {
    const { projectTraining, training, source } = this.app;
    return [projectTraining, training, source];
  }

  #connect(): void {
    const { chosen } = this.app.source;
    if (chosen === null) return;
    void this.app.projectTraining.connectBackend(chosen.project.id, () =>
      this.app.training.handOver(chosen.url),
    );
  }

  protected override render(): TemplateResult {
    const { backend, backendProblem, connecting } = this.app.projectTraining;
    const state = backend?.state ?? (this.app.relayHasAccess ? null : 'absent');
    return html`
      <h2>Label Studio’s own buttons</h2>
      <p class="state" role="status">
        <span class="dot ${state ?? ''}" aria-hidden="true"></span
        >${state === null ? 'Asking Label Studio' : stateLines[state]}
      </p>
      ${state === null ? nothing : this.#more(state)}
      <fl-error-banner .message=${backendProblem}></fl-error-banner>
      ${
        state === 'connected'
          ? nothing
          : html`<wa-button
              size="s"
              appearance="outlined"
              ?disabled=${state === null && backendProblem === null}
              ?loading=${connecting}
              @click=${() => this.#connect()}
            >
              <wa-icon slot="start" name="link"></wa-icon
              >${state === 'absent' || state === null ? 'Connect' : 'Try again'}
            </wa-button>`
      }
    `;
  }

  #more(state: BackendStatus['state']): TemplateResult {
    const { backend } = this.app.projectTraining;
    const message = backend?.message ?? null;
    if (message !== null) {
      const settings = [...new Set(message.replace(aside, '').match(setting))];
      return html`<p>${message}</p>
        ${
          settings.length === 0
            ? nothing
            : html`<ul aria-label="Settings of Label Studio">
                ${settings.map(
                  (each) =>
                    html`<li>
                      <code>${each}</code>
                      <wa-copy-button .value=${each} copy-label="Copy ${each}"></wa-copy-button>
                    </li>`,
                )}
              </ul>`
        }`;
    }
    return state === 'connected'
      ? html`<p class="quiet">
          ‘Retrieve Predictions’ and ‘Start Training’ in Label Studio come here, to ${backend?.url}, and
          annotations are counted.
        </p>`
      : html`<p class="quiet">
          Lets ‘Retrieve Predictions’ and ‘Start Training’ in Label Studio work, shows boxes when a task is
          opened, and counts annotations.
        </p>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-backend-connection': BackendConnection;
  }
}
