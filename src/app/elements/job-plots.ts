import { css, html, LitElement } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import type { Evaluated, LossPoint } from '../../training/events.ts';
import { metric } from '../look/jobWording.ts';
import type { PlotLine } from './metric-plot.ts';
import './metric-plot.ts';

const partNames: Readonly<Record<string, string>> = {
  cls: 'classes',
  bbox: 'boxes',
  centerness: 'centerness',
};
const dashes = [
  [6, 4],
  [2, 3],
  [8, 3, 2, 3],
];

/** What a training learns, as it learns it. */
@customElement('fl-job-plots')
export class JobPlots extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr));
        gap: 24px;
      }
    `,
  ];

  @property({ attribute: false }) losses: readonly LossPoint[] = [];
  @property({ attribute: false }) epochs: readonly Evaluated[] = [];
  /** Nothing more will come. */
  @property({ type: Boolean }) ended = false;

  protected override render(): TemplateResult {
    const steps = this.losses.map(({ iteration }) => iteration);
    const { iterations = null, epochs = null } = this.losses.at(-1) ?? {};
    const none = this.ended ? 'Nothing was measured' : null;
    return html`
      <fl-metric-plot
        class="two-rows"
        heading="Loss"
        .end=${iterations}
        .xs=${steps}
        .lines=${this.#lossLines()}
        .waiting=${none ?? 'Comes with the first steps'}
      ></fl-metric-plot>
      <fl-metric-plot
        heading="Average precision"
        unit="epoch"
        .top=${1}
        .end=${epochs}
        .xs=${this.epochs.map(({ epoch }, index) => epoch ?? index + 1)}
        .lines=${this.#precisionLines()}
        .waiting=${none ?? 'Comes after the first epoch'}
      ></fl-metric-plot>
      <fl-metric-plot
        heading="Learning rate"
        .end=${iterations}
        .xs=${steps}
        .lines=${[{ name: 'now', values: this.losses.map(({ lr }) => lr), color: 4, digits: 5 }]}
        .waiting=${none ?? 'Comes with the first steps'}
      ></fl-metric-plot>
    `;
  }

  #lossLines(): readonly PlotLine[] {
    const parts = [...new Set(this.losses.flatMap(({ losses }) => Object.keys(losses)))].slice(0, 3);
    return [
      { name: 'all', values: this.losses.map(({ loss }) => loss), color: 1 },
      ...parts.map((part, index): PlotLine => ({
        name: partNames[part] ?? part,
        values: this.losses.map(({ losses }) => losses[part] ?? null),
        color: ([2, 3, 4] as const)[index] ?? 4,
        ...(dashes[index] !== undefined && { dash: dashes[index] }),
      })),
    ];
  }

  #precisionLines(): readonly PlotLine[] {
    const values = (name: string) => this.epochs.map(({ metrics }) => metric(metrics, name));
    return [
      { name: 'AP50', values: values('AP50'), color: 1 },
      { name: 'AP', values: values('AP'), color: 2, dash: [6, 4] },
    ];
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-plots': JobPlots;
  }
}
