import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/boxed-grid.ts';
import '../elements/connect-form.ts';
import '../elements/error-banner.ts';
import '../elements/folder-drop.ts';
import '../elements/offline-project.ts';
import '../elements/project-list.ts';
import { pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';

/** How many images are predicted at once on this page. */
const shown = 12;

/** Where images come from. On the first visit the samples are predicted before anything is asked. */
@customElement('fl-source-page')
export class SourcePage extends AppElement {
  static override styles = [
    sharedStyles,
    pageStyles,
    css`
      .hero {
        display: grid;
        gap: 16px;
        max-width: 640px;
      }
      .lead {
        font-size: var(--wa-font-size-m);
        color: var(--wa-color-text-quiet);
        text-wrap: pretty;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: baseline;
        gap: 4px 16px;
        margin-bottom: 12px;
      }
      /* Six in a row on a desk: two full rows. */
      fl-boxed-grid {
        --card-width: 176px;
      }
      fl-connect-form {
        max-width: 640px;
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: 16px;
      }
    `,
  ];

  @state() private opened: 'none' | 'connect' = 'none';

  protected override watched() {
    return [this.app.source, this.app.engine, this.app.connection, this.app.peek, this.app.display];
  }

  protected override updated(): void {
    const { source, items } = this.app.source;
    if (source !== null && items !== null && this.app.engine.model !== null) {
      void this.app.peek.show(source.id, items, shown);
    }
  }

  protected override render(): TemplateResult {
    const { source, connection } = this.app;
    const connecting =
      this.opened === 'connect' || connection.status !== 'none' || connection.problem !== null;
    return html`<div class="page">
      ${source.kind === 'samples' ? this.#hero() : this.#chosen()}
      ${connecting ? this.#labelStudio() : nothing}
      <fl-error-banner .message=${source.problem}></fl-error-banner>
      ${source.source === null && source.problem !== null ? nothing : this.#gallery()}
    </div>`;
  }

  #hero(): TemplateResult {
    return html`<div class="hero">
      <h1>Boxes on your images before you start labeling</h1>
      <p class="lead">
        Forelabel finds the objects in this browser, or on the computer that Forelabel runs on, and hands the
        boxes to Label Studio, where you correct them. Your images go nowhere else.
      </p>
      ${this.#buttons()}
      <p class="quiet">
        A task is open already?
        <a href=${hashOf('label-studio')}>Bring Forelabel into Label Studio’s page</a>.
      </p>
    </div>`;
  }

  #buttons(): TemplateResult {
    const { connection } = this.app;
    return html`<div class="actions">
      ${
        connection.status === 'connected' || this.opened === 'connect'
          ? nothing
          : html`<wa-button variant="brand" @click=${() => (this.opened = 'connect')}>
              <wa-icon slot="start" name="link"></wa-icon>Connect Label Studio
            </wa-button>`
      }
      <fl-folder-drop @source-chosen=${() => this.app.route.go('preview')}></fl-folder-drop>
    </div>`;
  }

  #labelStudio(): TemplateResult {
    return this.app.connection.status === 'connected'
      ? html`<fl-project-list
          class="panel"
          @source-chosen=${() => this.app.route.go('model')}
        ></fl-project-list>`
      : html`<fl-connect-form class="panel"></fl-connect-form>`;
  }

  /** A source other than the samples: what it is, where to go on, how to get back. */
  #chosen(): TemplateResult {
    const { kind, title, count: images } = this.app.source;
    const unit = kind === 'project' ? 'task' : 'image';
    const next = kind === 'project' ? 'model' : 'preview';
    return html`
      <div class="choice">
        <div>
          <h1>${title}</h1>
          <p class="quiet numbers">
            ${kind === 'project' ? 'Label Studio project' : 'Folder on this computer'}${
              images === null ? nothing : html` · ${countOf(images, unit)}`
            }
          </p>
        </div>
        <div class="actions">
          <wa-button appearance="plain" @click=${() => void this.app.chooseSamples()}
            >Back to the samples</wa-button
          >
          <wa-button variant="brand" href=${hashOf(next)}>
            ${next === 'model' ? 'Model & labels' : 'Preview'}<wa-icon
              slot="end"
              name="arrow-right"
            ></wa-icon>
          </wa-button>
        </div>
      </div>
      ${kind === 'project' ? html`<fl-offline-project></fl-offline-project>` : nothing} ${this.#buttons()}
    `;
  }

  #gallery(): TemplateResult {
    const { peek, source } = this.app;
    return html`<section aria-label="Images with their boxes">
      <div class="head">
        <h2>${source.kind === 'samples' ? 'Sample images' : 'The first images'}</h2>
        <p class="quiet numbers">${this.#progress()}</p>
      </div>
      ${
        peek.problem === null
          ? html`<fl-boxed-grid .cards=${peek.cards} .expected=${shown} label="Images"></fl-boxed-grid>`
          : html`<fl-error-banner .message=${peek.problem}>
              <wa-button size="s" @click=${() => this.app.peek.reset()}>Try again</wa-button>
            </fl-error-banner>`
      }
    </section>`;
  }

  #progress(): string {
    const { cards } = this.app.peek;
    const { status } = this.app.engine;
    if (status.kind === 'failed') return '';
    const ready = cards.filter(({ result }) => result !== null).length;
    if (ready < cards.length || cards.length === 0) {
      if (status.kind === 'loading') return 'The model is on its way';
      return cards.length === 0 ? '' : `${count(ready)} of ${count(cards.length)}`;
    }
    const boxes = cards.reduce(
      (sum, { result }) =>
        sum + (result?.detections.filter(({ score }) => score >= this.app.display.threshold).length ?? 0),
      0,
    );
    return `${countOf(cards.length, 'image')} · ${countOf(boxes, 'box', 'boxes')}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-source-page': SourcePage;
  }
}
