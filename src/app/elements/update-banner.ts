import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { bannerStyles } from '../look/banner.styles.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';

/** On every page: a new version of Forelabel is here. It is taken when the user says so, not before. */
@customElement('fl-update-banner')
export class UpdateBanner extends AppElement {
  static override styles = [sharedStyles, bannerStyles];

  protected override watched() {
    return [this.app.installation, this.app.run];
  }

  protected override render(): TemplateResult {
    // The region is there before its words are, so that they are read out.
    return html`<section aria-label="New version" ?hidden=${this.app.installation.update === 'none'}>
      <div role="status">${this.app.installation.update === 'none' ? nothing : this.#bar()}</div>
    </section>`;
  }

  #bar(): TemplateResult {
    const { installation, run } = this.app;
    const what =
      installation.update === 'waiting'
        ? 'A new Forelabel is there.'
        : 'Another tab has changed to a new Forelabel.';
    return html`<div class="bar">
      <p>
        ${what}
        ${run.active ? 'The run goes on after the reload, where it was.' : 'Nothing that is saved is lost.'}
      </p>
      <div class="row">
        <wa-button
          size="s"
          variant="brand"
          ?loading=${installation.reloading}
          @click=${() => installation.reload()}
          >Reload</wa-button
        >
        <wa-button
          size="s"
          appearance="outlined"
          ?disabled=${installation.reloading}
          @click=${() => installation.later()}
          >Not now</wa-button
        >
      </div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-update-banner': UpdateBanner;
  }
}
