import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { bannerStyles } from '../look/banner.styles.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';

/** On every page: who does not answer, what is shown instead, and that it is tried again by itself. */
@customElement('fl-offline-banner')
export class OfflineBanner extends AppElement {
  static override styles = [
    sharedStyles,
    bannerStyles,
    css`
      .bar {
        --banner-border: var(--wa-color-warning-border-quiet);
        --banner-fill: var(--wa-color-warning-fill-quiet);
      }
      p {
        overflow-wrap: anywhere;
      }
      strong {
        font-weight: var(--wa-font-weight-bold);
      }
    `,
  ];

  protected override watched() {
    return [this.app.engine, this.app.reach];
  }

  protected override render(): TemplateResult {
    const messages = this.#messages();
    return html`<section aria-label="Offline" ?hidden=${messages.length === 0}>
      <div role="status">
        ${
          messages.length === 0
            ? nothing
            : html`<div class="bar">
                <div>${messages.map((text) => html`<p><strong>Offline:</strong> ${text}</p>`)}</div>
                <wa-button size="s" appearance="outlined" @click=${() => void this.app.tryReach()}>
                  Try again now
                </wa-button>
              </div>`
        }
      </div>
    </section>`;
  }

  #messages(): string[] {
    const { engine, reach } = this.app;
    const messages = reach.away.map(
      (server) =>
        `Label Studio at ${server} does not answer. What you see are the tasks that are kept here; results wait in this browser and are posted when it is back.`,
    );
    if (engine.offline) {
      messages.unshift(
        'Forelabel’s own server does not answer. The models that are kept here work; training does not.',
      );
    }
    return messages;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-offline-banner': OfflineBanner;
  }
}
