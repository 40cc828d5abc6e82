import { LitElement, css, html, svg, unsafeCSS } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import uPlot from 'uplot';
import uPlotCss from 'uplot/dist/uPlot.min.css?inline';
import { sharedStyles } from '../../ui/shared.styles.ts';

/** One line of a plot. */
export interface PlotLine {
  readonly name: string;
  /** One for each x; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Number of the theme's plot colour, 1 to 4. */
  readonly color: 1 | 2 | 3 | 4;
  /** Dashed lines are told apart without colour. */
  readonly dash?: readonly number[];
  readonly digits?: number;
}

const height = 176;

/** Lines over steps or epochs, in the theme's colours. Its room is there before the first point is. */
@customElement('fl-metric-plot')
export class MetricPlot extends LitElement {
  static override styles = [
    unsafeCSS(uPlotCss),
    sharedStyles,
    css`
      :host {
        min-width: 0;
      }
      figure {
        display: grid;
        gap: 8px;
      }
      h3 {
        font-size: var(--wa-font-size-s);
        font-weight: var(--wa-font-weight-semibold);
      }
      figcaption {
        display: contents;
      }
      ul {
        order: 1;
        min-height: 24px;
        display: flex;
        flex-wrap: wrap;
        gap: 0 16px;
        list-style: none;
        font-size: var(--wa-font-size-xs);
        line-height: 24px;
      }
      /* A legend of four names takes two rows on most screens. */
      :host(.two-rows) ul {
        min-height: 48px;
        align-content: start;
      }
      li {
        display: flex;
        align-items: center;
        gap: 6px;
        font-variant-numeric: tabular-nums;
      }
      li svg {
        width: 20px;
        height: 4px;
      }
      .canvas {
        position: relative;
        height: ${height}px;
      }
      .canvas > div {
        position: absolute;
        inset: 0;
      }
      .empty {
        display: grid;
        place-content: center;
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-lowered);
        color: var(--wa-color-text-quiet);
        text-align: center;
      }
    `,
  ];

  @property() heading = '';
  /** What the x axis counts: 'step', 'epoch'. */
  @property() unit = 'step';
  @property({ attribute: false }) xs: readonly number[] = [];
  @property({ attribute: false }) lines: readonly PlotLine[] = [];
  /** End of the x axis, which begins at 0, so that nothing shifts while points come; null: from the values. */
  @property({ type: Number }) end: number | null = null;
  /** Top of the y axis; null: from the values. */
  @property({ type: Number }) top: number | null = null;
  @property() waiting = 'Nothing to draw yet';
  /** Index of the x under the pointer. */
  @state() private hovered: number | null = null;
  @query('.canvas > div') private ground!: HTMLElement | null;

  #plot: uPlot | null = null;
  #drawn = '';
  readonly #resized = new ResizeObserver(() => this.#fit());
  readonly #themed = new MutationObserver(() => this.#draw(true));

  constructor() {
    super();
    this.addController({
      hostConnected: () => {
        this.#resized.observe(this);
        this.#themed.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
        this.#draw(true);
      },
      hostDisconnected: () => {
        this.#resized.disconnect();
        this.#themed.disconnect();
        this.#plot?.destroy();
        this.#plot = null;
      },
    });
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('xs') || changed.has('lines') || changed.has('top') || changed.has('end'))
      this.#draw(false);
  }

  protected override render(): TemplateResult {
    const empty = this.xs.length === 0;
    return html`<figure>
      <figcaption>
        <h3>${this.heading}</h3>
        <ul aria-hidden="true">
          ${empty ? '' : this.lines.map((line) => this.#key(line))}
        </ul>
      </figcaption>
      <div class="canvas" role="img" aria-label=${this.#summary()}>
        <div class=${empty ? 'empty' : ''}>${empty ? this.waiting : ''}</div>
      </div>
    </figure>`;
  }

  #key(line: PlotLine): TemplateResult {
    const value = line.values[this.hovered ?? line.values.length - 1] ?? lastOf(line.values);
    const stroke = `var(--fl-plot-${line.color})`;
    return html`<li>
      ${svg`<svg viewBox="0 0 20 4"><line x1="0" x2="20" y1="2" y2="2" style="stroke:${stroke};stroke-width:2;stroke-dasharray:${(line.dash ?? []).join(' ')}"></line></svg>`}
      <span>${line.name} ${value === null ? '–' : say(value, line)}</span>
    </li>`;
  }

  /** The plot for those who do not see it. */
  #summary(): string {
    const last = this.xs.at(-1);
    if (last === undefined) return `${this.heading}: ${this.waiting}`;
    const parts = this.lines.flatMap((line) => {
      const known = line.values.filter((value) => value !== null);
      const [first] = known;
      const now = known.at(-1);
      if (first === undefined || now === undefined) return [];
      return [
        known.length === 1
          ? `${line.name} ${say(now, line)}`
          : `${line.name} from ${say(first, line)} to ${say(now, line)}, between ${say(Math.min(...known), line)} and ${say(Math.max(...known), line)}`,
      ];
    });
    return `${this.heading} up to ${this.unit} ${last}: ${parts.join('; ')}.`;
  }

  /** A new plot where its lines or the theme have changed; else only new points. */
  #draw(anew: boolean): void {
    const { ground } = this;
    if (ground === null || this.xs.length === 0) {
      this.#plot?.destroy();
      this.#plot = null;
      return;
    }
    const data = [[...this.xs], ...this.lines.map(({ values }) => [...values])] as uPlot.AlignedData;
    const shape = JSON.stringify([this.lines.map(({ name, color }) => [name, color]), this.top, this.end]);
    if (this.#plot !== null && !anew && shape === this.#drawn) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    this.#drawn = shape;
    this.#plot = new uPlot(this.#options(), data, ground);
  }

  #fit(): void {
    const width = this.ground?.clientWidth ?? 0;
    if (width > 0) this.#plot?.setSize({ width, height });
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: color('--wa-color-text-quiet'),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: color('--wa-color-surface-border'), width: 1 },
      ticks: { show: false },
    };
    const one = this.xs.length === 1;
    return {
      width: this.ground?.clientWidth ?? 320,
      height,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: {
          time: false,
          range: (_, min, max) => [0, Math.max(this.end ?? 0, max, min + 1)],
        },
        y: { range: (_, __, max) => [0, this.top ?? (max > 0 ? max * 1.05 : 1)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          gap: 6,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
          space: 56,
        },
        { ...axis, size: 52, gap: 6, space: 36, values: (_, splits) => splits.map(shortNumber) },
      ],
      series: [
        {},
        ...this.lines.map(({ name, color: number, dash, values }) => ({
          label: name,
          stroke: color(`--fl-plot-${number}`),
          width: 2,
          spanGaps: true,
          ...(dash !== undefined && { dash: [...dash] }),
          // A line of few points is hard to see without them.
          points: { show: one || values.length <= 24, size: 5, fill: color(`--fl-plot-${number}`) },
        })),
      ],
      hooks: {
        setCursor: [
          ({ cursor }) => {
            this.hovered = cursor.idx ?? null;
          },
        ],
      },
    };
  }
}

function say(value: number, { digits = 2 }: PlotLine): string {
  return value !== 0 && Math.abs(value) < 10 ** -digits ? shortNumber(value) : value.toFixed(digits);
}

/** 0.00025 -> '2.5e-4'; few characters for an axis. */
function shortNumber(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 0.001
    ? value.toExponential(1).replace('.0e', 'e').replace('-', '−')
    : String(Number(value.toPrecision(3)));
}

function lastOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-metric-plot': MetricPlot;
  }
}
