import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/backend-connection.ts';
import '../elements/error-banner.ts';
import '../elements/job-history.ts';
import '../elements/job-view.ts';
import '../elements/project-training-settings.ts';
import '../elements/train-form.ts';
import { pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';
import { WindowEvents } from '../state/windowEvents.ts';

/** Training: start one, see those there were, and what happens by itself. One job has its own view. */
@customElement('fl-train-page')
export class TrainPage extends AppElement {
  static override styles = [
    sharedStyles,
    pageStyles,
    css`
      .layout {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 320px;
        gap: 24px;
        align-items: start;
      }
      .column {
        display: grid;
        gap: 24px;
      }
      .lead {
        max-width: 640px;
        text-wrap: pretty;
      }
      @media (max-width: 900px) {
        .layout {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  /** Project that was read last, and whether the relay could look at it. */
  #read = '';

  constructor() {
    super();
    // Whoever comes back from Label Studio has annotated more.
    new WindowEvents(this, { focus: () => this.#readProject(true) });
    this.addController({ hostConnected: () => this.#opened() });
  }

  protected override watched() {
    const { route, training, source, connection } = this.app;
    return [route, training, source, connection];
  }

  #opened(): void {
    const { training } = this.app;
    training.clearProblem();
    // A server that was off may be there by now.
    if (training.availability === 'offline' || training.availability === 'absent') void training.start();
  }

  protected override updated(): void {
    this.#readProject(false);
  }

  #readProject(again: boolean): void {
    const { source, training, relayHasAccess } = this.app;
    const { chosen } = source;
    if (chosen === null || training.availability !== 'ready') return;
    const read = JSON.stringify([chosen.url, chosen.project.id, relayHasAccess]);
    if (read === this.#read && !again) return;
    this.#read = read;
    void this.app.projectTraining.read(chosen, relayHasAccess);
  }

  protected override render(): TemplateResult {
    const { item } = this.app.route.place;
    const { availability } = this.app.training;
    const narrow = availability !== 'ready' || (item === null && this.app.source.chosen === null);
    return html`<div class="page ${narrow ? 'narrow' : ''}">
      ${
        availability !== 'ready'
          ? html`<h1>Train</h1>
              ${this.#unavailable()}`
          : item !== null
            ? html`<fl-job-view .jobId=${item}></fl-job-view>`
            : this.#overview()
      }
    </div>`;
  }

  #unavailable(): TemplateResult | typeof nothing {
    const { training } = this.app;
    if (training.availability === 'unknown') return nothing;
    if (training.availability === 'offline') {
      return html`<fl-error-banner .message=${training.problem}>
        <wa-button size="s" appearance="outlined" @click=${() => void training.start()}>Try again</wa-button>
      </fl-error-banner>`;
    }
    return html`<section class="panel stack">
      <h2>Training needs Forelabel on your machine</h2>
      <p>
        The server of this page only serves it. Start <code>npx forelabel serve</code> where the training is
        to run, and open the address that it prints.
      </p>
    </section>`;
  }

  #overview(): TemplateResult {
    const { chosen } = this.app.source;
    return html`
      <div>
        <h1>Train</h1>
        <p class="quiet lead">
          ${
            chosen === null
              ? 'Makes the model better with the boxes that you have corrected in Label Studio.'
              : `Makes the model better with the boxes that you have corrected in ${chosen.project.title}.`
          }
        </p>
      </div>
      ${chosen === null ? html`${this.#needsProject()}${this.#history()}` : this.#project()}
    `;
  }

  #needsProject(): TemplateResult {
    const connecting = this.app.connection.status === 'connecting';
    return html`<section class="panel stack">
      <h2>Choose a Label Studio project</h2>
      <p>Training learns from its annotations. Connect Label Studio and choose a project under Source.</p>
      <div class="actions">
        <wa-button variant="brand" ?loading=${connecting} href=${hashOf('source')}>
          <wa-icon slot="start" name="link"></wa-icon>Source
        </wa-button>
      </div>
    </section>`;
  }

  #project(): TemplateResult {
    return html`<div class="layout">
      <div class="column">
        <section class="panel" aria-label="New training">
          <fl-train-form
            @job-started=${(event: CustomEvent<string>) => this.app.route.go('train', event.detail)}
          ></fl-train-form>
        </section>
        ${this.#history()}
      </div>
      <aside class="column" aria-label="This project">
        <fl-project-training-settings class="panel"></fl-project-training-settings>
        <fl-backend-connection class="panel"></fl-backend-connection>
      </aside>
    </div>`;
  }

  #history(): TemplateResult {
    const { jobs } = this.app.training;
    const projects = new Set(jobs.map(({ labelStudio, project }) => `${labelStudio} ${project}`));
    return html`<section class="panel stack" aria-labelledby="history">
      <h2 id="history">Trainings</h2>
      ${
        jobs.length === 0
          ? html`<p class="quiet">None yet. Each has its line here, with what it gained.</p>`
          : html`<fl-job-history .jobs=${jobs} ?with-project=${projects.size > 1}></fl-job-history>`
      }
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-train-page': TrainPage;
  }
}
