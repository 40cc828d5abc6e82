import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { gain } from '../look/jobWording.ts';
import { bannerStyles } from '../look/banner.styles.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** On every page: a training has made a model for the open project. */
@customElement('fl-new-model-banner')
export class NewModelBanner extends AppElement {
  static override styles = [
    sharedStyles,
    bannerStyles,
    css`
      p {
        overflow-wrap: anywhere;
      }
      strong {
        font-weight: var(--wa-font-weight-semibold);
      }
    `,
  ];

  protected override watched() {
    return [this.app.newModel];
  }

  protected override render(): TemplateResult {
    const { offer } = this.app.newModel;
    // The region is there before its words are, so that they are read out.
    return html`<section aria-label="New model" ?hidden=${offer === null}>
      <div role="status">${offer === null ? nothing : this.#bar()}</div>
      <fl-error-banner .message=${this.app.newModel.problem}></fl-error-banner>
    </section>`;
  }

  #bar(): TemplateResult {
    const { newModel } = this.app;
    const { offer, stage } = newModel;
    const better = offer === null ? '' : gain(offer.before, offer.after);
    const [before, after] = {
      offered: ['New model ', ' is ready'],
      waiting: ['New model ', ' is taken as soon as the run has ended'],
      taken: ['Now using the new model ', ''],
    }[stage] as [string, string];
    return html`<div class="bar">
      <p class="numbers">
        ${before}<strong>${offer?.version}</strong>${after}${better === '' ? '' : `: ${better}`}.
      </p>
      <div class="row">
        ${
          stage === 'offered'
            ? html`<wa-button size="s" variant="brand" @click=${() => void newModel.take()}>Use it</wa-button>
                <wa-button size="s" appearance="outlined" @click=${() => newModel.dismiss()}
                  >Not now</wa-button
                >`
            : html`<wa-button size="s" appearance="plain" @click=${() => newModel.dismiss()}>
                ${stage === 'taken' ? 'Close' : 'Not now'}
              </wa-button>`
        }
      </div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-new-model-banner': NewModelBanner;
  }
}
