import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/boxed-grid.ts';
import '../elements/class-legend.ts';
import '../elements/error-banner.ts';
import '../elements/threshold-control.ts';
import { pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';

const shown = 6;

/** Six images of the source, to find the threshold before thousands are run. */
@customElement('fl-preview-page')
export class PreviewPage extends AppElement {
  static override styles = [
    sharedStyles,
    pageStyles,
    css`
      .layout {
        display: grid;
        grid-template-columns: 280px minmax(0, 1fr);
        gap: 24px;
        align-items: start;
      }
      aside {
        position: sticky;
        top: 112px;
        display: grid;
        gap: 16px;
      }
      fl-boxed-grid {
        --card-width: 260px;
      }
      @media (max-width: 800px) {
        .layout {
          grid-template-columns: minmax(0, 1fr);
        }
        aside {
          position: static;
        }
      }
    `,
  ];

  protected override watched() {
    return [this.app.peek, this.app.display, this.app.source, this.app.engine, this.app.mapping];
  }

  protected override updated(): void {
    const { source, items } = this.app.source;
    if (source !== null && items !== null && this.app.engine.model !== null) {
      void this.app.peek.show(source.id, items, shown);
    }
  }

  protected override render(): TemplateResult {
    const { peek, display, source, engine, mapping } = this.app;
    const scores = peek.cards.flatMap(
      ({ result }) =>
        result?.detections
          .filter(({ label }) => display.looks[label]?.leftOut !== true)
          .map(({ score }) => score) ?? [],
    );
    return html`<div class="page">
      <div>
        <h1>Preview</h1>
        <p class="quiet">
          ${source.kind === 'samples' ? 'The first samples' : `The first images of ${source.title}`}. Only
          boxes at or above the threshold are posted and exported.
        </p>
      </div>
      <fl-error-banner
        .message=${
          source.problem ??
          (engine.status.kind === 'failed' ? engine.status.message : null) ??
          mapping.problem
        }
      ></fl-error-banner>
      <div class="layout">
        <aside class="panel">
          <fl-threshold-control
            .value=${display.threshold}
            .scores=${scores}
            @threshold-changed=${(event: CustomEvent<number>) => display.setThreshold(event.detail)}
          ></fl-threshold-control>
          <fl-class-legend></fl-class-legend>
          <wa-button variant="brand" href=${hashOf('run')}>
            Run<wa-icon slot="end" name="arrow-right"></wa-icon>
          </wa-button>
        </aside>
        ${
          peek.problem === null
            ? html`<fl-boxed-grid .cards=${peek.cards} .expected=${shown} label="Preview"></fl-boxed-grid>`
            : html`<fl-error-banner .message=${peek.problem}>
                <wa-button size="s" @click=${() => peek.reset()}>Try again</wa-button>
              </fl-error-banner>`
        }
      </div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-preview-page': PreviewPage;
  }
}
