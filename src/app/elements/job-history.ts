import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import { gain, jobLine, metric, progressLine, progressPart } from '../look/jobWording.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { ago, exactTime } from '../../ui/wording.ts';
import { isEnded } from '../../training/job.ts';
import type { Job, JobState } from '../../training/job.ts';
import { hashOf } from '../state/route.ts';

const icons: Partial<Readonly<Record<JobState, string>>> = {
  done: 'check',
  failed: 'warning',
  interrupted: 'warning',
  cancelled: 'close',
};

/** A line for each training, newest first; each opens its job. */
@customElement('fl-job-history')
export class JobHistory extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      ul {
        display: grid;
        list-style: none;
      }
      li + li {
        border-top: 1px solid var(--wa-color-surface-border);
      }
      a {
        display: grid;
        grid-template-columns: 24px minmax(0, 1.2fr) minmax(0, 1fr) 112px;
        gap: 0 12px;
        align-items: center;
        min-height: 56px;
        padding: 8px;
        margin: 0 -8px;
        border-radius: var(--wa-border-radius-m);
        color: inherit;
        text-decoration: none;
      }
      a:hover {
        background: var(--wa-color-neutral-fill-quiet);
      }
      .icon {
        display: grid;
        place-items: center;
        color: var(--wa-color-text-quiet);
      }
      .icon.done {
        color: var(--wa-color-success-on-quiet);
      }
      .icon.failed,
      .icon.interrupted {
        color: var(--wa-color-danger-on-quiet);
      }
      .dot {
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--wa-color-brand-fill-loud);
      }
      .what {
        display: grid;
      }
      .what span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .state {
        font-weight: var(--wa-font-weight-semibold);
      }
      time {
        color: var(--wa-color-text-quiet);
        text-align: right;
        white-space: nowrap;
      }
      wa-progress-bar {
        --track-height: 6px;
      }
      @media (max-width: 600px) {
        a {
          grid-template-columns: 24px minmax(0, 1fr) auto;
        }
        .what span {
          overflow-wrap: anywhere;
          white-space: normal;
        }
        .gain {
          grid-column: 2 / -1;
          grid-row: 2;
        }
      }
    `,
  ];

  @property({ attribute: false }) jobs: readonly Job[] = [];
  /** With the project's title: the list holds those of several. */
  @property({ type: Boolean, attribute: 'with-project' }) withProject = false;

  protected override render(): TemplateResult {
    return html`<ul aria-label="Trainings">
      ${this.jobs.map((job) => html`<li>${this.#line(job)}</li>`)}
    </ul>`;
  }

  #line(job: Job): TemplateResult {
    const { state, model, base, metrics, projectTitle } = job;
    const ended = isEnded(job);
    const part = progressPart(job);
    const what = model ?? `from ${base}`;
    return html`<a href=${hashOf('train', job.id)}>
      <span class="icon ${state}" aria-hidden="true">
        ${icons[state] === undefined ? html`<span class="dot"></span>` : html`<wa-icon name=${icons[state]}></wa-icon>`}
      </span>
      <span class="what">
        <span class="state numbers">${jobLine(job)}</span>
        <span class="quiet">${this.withProject ? `${projectTitle} · ` : ''}${what}</span>
      </span>
      <span class="gain numbers">
        ${
          ended
            ? gain(metric(metrics.base, 'AP50'), metric(metrics.new, 'AP50'))
            : state === 'queued'
              ? nothing
              : html`<wa-progress-bar
                    value=${Math.round((part ?? 0) * 1000) / 10}
                    ?indeterminate=${part === null}
                    label="Progress"
                  ></wa-progress-bar>
                  <span class="visually-hidden">${progressLine(job)}</span>`
        }
      </span>
      <time datetime=${job.created} title=${exactTime(job.created)}>${ago(job.created)}</time>
    </a>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-history': JobHistory;
  }
}
