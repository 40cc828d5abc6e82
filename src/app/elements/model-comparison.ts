import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { metric, metricMeanings, metricText } from '../look/jobWording.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';
import type { Job } from '../../training/job.ts';

/** The old and the new model on the same validation images, measure by measure. */
@customElement('fl-model-comparison')
export class ModelComparison extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        gap: 8px;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 8px 16px 8px 0;
        border-top: 1px solid var(--wa-color-surface-border);
        text-align: right;
        white-space: nowrap;
      }
      thead th {
        border-top: 0;
        padding-top: 0;
        vertical-align: bottom;
        font-weight: var(--wa-font-weight-normal);
        color: var(--wa-color-text-quiet);
        white-space: normal;
        overflow-wrap: anywhere;
      }
      thead strong {
        display: block;
        color: var(--wa-color-text-normal);
        font-weight: var(--wa-font-weight-semibold);
      }
      .old::before,
      .new::before {
        content: '';
        display: inline-block;
        width: 16px;
        height: 6px;
        margin: 0 8px 2px 0;
        border-radius: 3px;
        background: var(--wa-color-neutral-border-loud);
      }
      .new::before {
        background: var(--wa-color-brand-fill-loud);
      }
      th:first-child {
        text-align: left;
        font-weight: var(--wa-font-weight-normal);
      }
      th:last-child,
      td:last-child {
        padding-right: 0;
      }
      .bars {
        width: 32%;
      }
      .bars span {
        display: block;
        height: 6px;
        min-width: 1px;
        border-radius: 3px;
        background: var(--wa-color-neutral-border-loud);
      }
      .bars span + span {
        margin-top: 4px;
        background: var(--wa-color-brand-fill-loud);
      }
      .change {
        display: inline-flex;
        align-items: center;
        gap: 4px;
      }
      .better {
        color: var(--wa-color-success-on-quiet);
      }
      .worse {
        color: var(--wa-color-danger-on-quiet);
      }
      .headline td,
      .headline th {
        font-weight: var(--wa-font-weight-bold);
      }
      @media (max-width: 600px) {
        .bars {
          display: none;
        }
        th,
        td {
          padding-right: 8px;
        }
      }
    `,
  ];

  @property({ attribute: false }) job: Job | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { job } = this;
    if (job === null) return nothing;
    if (job.metrics.new === null) {
      return html`<p class="quiet">
        No task could be spared for a comparison. Annotate more tasks, and the next training will be measured.
      </p>`;
    }
    const val = job.dataset?.val;
    return html`
      <table>
        <thead>
          <tr>
            <th scope="col"><span class="visually-hidden">Measure</span></th>
            <th class="bars" aria-hidden="true"></th>
            <th scope="col"><strong class="old">Old model</strong>${job.base}</th>
            <th scope="col"><strong class="new">New model</strong>${job.model ?? 'not registered'}</th>
            <th scope="col"><strong>Change</strong></th>
          </tr>
        </thead>
        <tbody>
          ${metricMeanings.map(([key, name, meaning]) => this.#row(key, name, meaning))}
        </tbody>
      </table>
      ${
        val === undefined
          ? nothing
          : html`<p class="quiet numbers">
              Both on the same ${countOf(val, 'validation image')}, which no training of this project uses; 1
              is perfect.
            </p>`
      }
    `;
  }

  #row(key: string, name: string, meaning: string): TemplateResult | typeof nothing {
    const before = metric(this.job?.metrics.base ?? null, key);
    const after = metric(this.job?.metrics.new ?? null, key);
    if (before === null && after === null) return nothing;
    return html`<tr class=${key === 'AP50' ? 'headline' : ''}>
      <th scope="row" title=${meaning}>${name}</th>
      <td class="bars" aria-hidden="true">
        <span style="width:${(before ?? 0) * 100}%"></span><span style="width:${(after ?? 0) * 100}%"></span>
      </td>
      <td>${metricText(before)}</td>
      <td>${metricText(after)}</td>
      <td>${before === null || after === null ? '–' : this.#change(after - before)}</td>
    </tr>`;
  }

  /** Sign, arrow and colour say the same. */
  #change(by: number): TemplateResult {
    const rounded = Math.round(by * 100) / 100;
    const [kind, icon, sign, label] =
      rounded > 0
        ? ['better', 'up', '+', 'better']
        : rounded < 0
          ? ['worse', 'down', '−', 'worse']
          : ['', 'same', '±', 'the same'];
    return html`<span class="change ${kind}">
      ${sign}${Math.abs(rounded).toFixed(2)}<wa-icon name=${icon} label=${label}></wa-icon>
    </span>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-model-comparison': ModelComparison;
  }
}
