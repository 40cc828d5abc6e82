import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { jobLine, presetNames } from '../look/jobWording.ts';
import { factStyles, pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf, duration, exactTime } from '../../ui/wording.ts';
import { isEnded, isResumable } from '../../training/job.ts';
import type { Job } from '../../training/job.ts';
import { AppElement } from '../state/context.ts';
import { problemOf } from '../../ui/problem.ts';
import { hashOf } from '../state/route.ts';
import './error-banner.ts';
import './job-log.ts';
import './job-plots.ts';
import './job-progress.ts';
import './model-comparison.ts';

const triggers: Readonly<Record<Job['trigger'], string>> = {
  person: 'here',
  'label-studio': 'in Label Studio',
  automatic: 'by itself, after new annotations',
};

/** One training: how it goes, what came of it. */
@customElement('fl-job-view')
export class JobView extends AppElement {
  static override styles = [
    sharedStyles,
    pageStyles,
    factStyles,
    css`
      :host {
        display: grid;
        gap: 24px;
        padding: 0;
      }
      .top {
        display: grid;
        gap: 4px;
        justify-items: start;
      }
      .back {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        min-height: 24px;
        text-decoration: none;
      }
      .notes {
        display: grid;
        gap: 4px;
        padding-left: 20px;
        overflow-wrap: anywhere;
      }
      .actions {
        min-height: 34px;
      }
    `,
  ];

  @property() jobId = '';
  @state() private problem: string | null = null;
  @state() private using = false;

  protected override watched() {
    const { training, engine, run } = this.app;
    return [training, engine, run];
  }

  protected override willUpdate(): void {
    const { training } = this.app;
    if (training.availability === 'ready') training.look(this.jobId);
  }

  constructor() {
    super();
    this.addController({ hostDisconnected: () => this.app.training.look(null) });
  }

  async #use(model: string): Promise<void> {
    this.problem = null;
    this.using = true;
    try {
      await this.app.useModel(model);
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.using = false;
  }

  async #remove(): Promise<void> {
    if (await this.app.training.remove(this.jobId)) this.app.route.go('train');
  }

  protected override render(): TemplateResult {
    const job = this.app.training.find(this.jobId);
    return html`
      <div class="top">
        <a class="back" href=${hashOf('train')}><wa-icon name="arrow-left"></wa-icon>All trainings</a>
        <h1>${job === undefined ? 'Training' : `Training of ${job.projectTitle}`}</h1>
        ${
          job === undefined
            ? nothing
            : html`<p class="quiet">
                Started ${triggers[job.trigger]},
                <time datetime=${job.created}>${exactTime(job.created)}</time>
              </p>`
        }
      </div>
      ${job === undefined ? html`<p>There is no such training. It may have been deleted.</p>` : this.#job(job)}
    `;
  }

  #job(job: Job): TemplateResult {
    const { training } = this.app;
    const { watch, busy } = training;
    const ended = isEnded(job);
    return html`
      ${
        ended
          ? this.#outcome(job)
          : html`<fl-job-progress
              class="panel"
              .job=${job}
              ?busy=${busy}
              @cancel-job=${() => void training.cancel(job.id)}
            ></fl-job-progress>`
      }
      <fl-error-banner .message=${this.problem ?? training.problem}></fl-error-banner>
      <section class="panel" aria-label="Plots">
        <fl-job-plots
          .losses=${watch?.losses ?? []}
          .epochs=${watch?.epochs ?? []}
          ?ended=${ended}
        ></fl-job-plots>
      </section>
      ${
        job.notes.length === 0
          ? nothing
          : html`<section class="panel stack" aria-labelledby="notes">
              <h2 id="notes">Good to know</h2>
              <ul class="notes">
                ${job.notes.map(({ message }) => html`<li>${message}</li>`)}
              </ul>
            </section>`
      }
      <section class="panel stack" aria-labelledby="facts">
        <h2 id="facts">Details</h2>
        ${this.#facts(job)}
        <fl-job-log></fl-job-log>
      </section>
    `;
  }

  #outcome(job: Job): TemplateResult {
    if (job.state === 'done') return this.#done(job);
    const { busy } = this.app.training;
    return html`<wa-callout variant=${job.state === 'cancelled' ? 'neutral' : 'danger'} size="s">
      <wa-icon slot="icon" name=${job.state === 'cancelled' ? 'close' : 'warning'}></wa-icon>
      <div class="stack">
        <div>
          <h2>${jobLine(job)}</h2>
          <p>${job.error?.message ?? 'It made no model. Resume it, or start another one.'}</p>
        </div>
        <div class="actions">
          ${
            isResumable(job)
              ? html`<wa-button
                  size="s"
                  variant="brand"
                  ?loading=${busy}
                  @click=${() => void this.app.training.resume(job.id)}
                >
                  <wa-icon slot="start" name="play"></wa-icon>Resume
                </wa-button>`
              : nothing
          }
          ${this.#deleteButton()}
        </div>
      </div>
    </wa-callout>`;
  }

  #done(job: Job): TemplateResult {
    const { model } = job;
    const inUse = this.app.engine.model?.version === model;
    const running = this.app.run.active;
    return html`<section class="panel stack" aria-labelledby="outcome">
      <h2 id="outcome">Old and new model</h2>
      <fl-model-comparison .job=${job}></fl-model-comparison>
      <div class="actions">
        ${
          model === null
            ? nothing
            : inUse
              ? html`<wa-button variant="brand" href=${hashOf('preview')}>
                  Preview<wa-icon slot="end" name="arrow-right"></wa-icon>
                </wa-button>`
              : html`<wa-button
                  variant="brand"
                  ?disabled=${running}
                  ?loading=${this.using}
                  @click=${() => void this.#use(model)}
                >
                  Use this model
                </wa-button>`
        }
        <span class="quiet" role="status">
          ${inUse ? 'This page uses the new model.' : running ? 'A run is under way: take it after that.' : nothing}
        </span>
      </div>
    </section>`;
  }

  #deleteButton(): TemplateResult {
    return html`<wa-button size="s" appearance="outlined" @click=${() => void this.#remove()}>
      <wa-icon slot="start" name="trash"></wa-icon>Delete
    </wa-button>`;
  }

  #facts(job: Job): TemplateResult {
    const { dataset } = job;
    const { started, ended } = job;
    const seconds =
      started === null || ended === null ? null : (Date.parse(ended) - Date.parse(started)) / 1000;
    return html`<dl class="numbers">
      <dt>Starts from</dt>
      <dd><code>${job.base}</code></dd>
      ${
        job.model === null
          ? nothing
          : html`<dt>New model</dt>
              <dd><code>${job.model}</code></dd>`
      }
      <dt>Thoroughness</dt>
      <dd>${presetNames[job.request.preset]}, ${countOf(job.epochs, 'epoch')}</dd>
      ${
        dataset === null
          ? nothing
          : html`<dt>Tasks</dt>
              <dd>
                ${count(dataset.tasks)}: ${count(dataset.train)} to learn from, ${count(dataset.val)} to
                measure
                on${dataset.negatives === 0 ? nothing : html`; ${count(dataset.negatives)} without a box`}
              </dd>
              <dt>Boxes</dt>
              <dd>
                ${count(dataset.boxes)}:
                ${dataset.classes.map(({ name, boxes }) => `${name} ${count(boxes)}`).join(', ')}
              </dd>`
      }
      ${
        job.attempts > 1
          ? html`<dt>Started</dt>
              <dd>${countOf(job.attempts, 'time')}</dd>`
          : nothing
      }
      ${
        seconds === null
          ? nothing
          : html`<dt>Took</dt>
              <dd>${duration(seconds)}</dd>`
      }
    </dl>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-view': JobView;
  }
}
