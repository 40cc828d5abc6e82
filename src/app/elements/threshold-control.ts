import { LitElement, css, html, svg } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, score as say } from '../../ui/wording.ts';

const bins = 40;
/** The slider's lower end. Scores below it (class times centerness can be lower) are noise and not counted. */
const floor = 0.05;

/** How many scores fall into each of 40 equal parts of 0..1. */
export function histogram(scores: Iterable<number>): readonly number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of scores) {
    if (value < floor) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(value * bins)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/**
 * The score below which boxes are left out, under a histogram of all scores. Fires 'threshold-changed' with
 * the number. It knows scores only: moving it can never run a model.
 */
@customElement('fl-threshold-control')
export class ThresholdControl extends LitElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: block;
      }
      .head {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        gap: 8px;
      }
      svg {
        display: block;
        width: calc(100% - 16px);
        height: 40px;
        margin: 4px 8px 0;
      }
      rect {
        fill: var(--wa-color-neutral-border-normal);
      }
      rect.kept {
        fill: var(--wa-color-brand-fill-loud);
      }
    `,
  ];

  /** 0..1 */
  @property({ type: Number }) value = 0.3;
  /** Of every detection of the images in view, 0..1. */
  @property({ attribute: false }) scores: readonly number[] | Float64Array = [];

  #moved(event: Event): void {
    const value = Number((event.target as HTMLInputElement).value);
    this.dispatchEvent(
      new CustomEvent('threshold-changed', { detail: value, bubbles: true, composed: true }),
    );
  }

  protected override render(): TemplateResult {
    let [counted, kept] = [0, 0];
    for (const score of this.scores) {
      if (score >= floor) counted += 1;
      if (score >= Math.max(floor, this.value)) kept += 1;
    }
    return html`
      <div class="head">
        <label for="range">Threshold</label>
        <output class="numbers" for="range">${say(this.value)}</output>
      </div>
      ${this.#bars()}
      <input
        id="range"
        type="range"
        min=${floor}
        max="1"
        step="0.01"
        .value=${String(this.value)}
        aria-describedby="kept"
        @input=${this.#moved}
      />
      <p id="kept" class="quiet numbers">${count(kept)} of ${count(counted)} boxes</p>
    `;
  }

  /** The axis is the slider's: 0.05 to 1. Heights are square roots, so that a few sure boxes stay visible. */
  #bars(): TemplateResult {
    const counts = histogram(this.scores);
    const most = Math.sqrt(Math.max(1, ...counts));
    const first = Math.floor(floor * bins);
    return svg`<svg viewBox="${first} 0 ${bins - first} 1" preserveAspectRatio="none" aria-hidden="true">
      ${counts.map((n, bin) => {
        const height = Math.sqrt(n) / most;
        const kept = (bin + 1) / bins > this.value;
        return svg`<rect class=${kept ? 'kept' : ''} x=${bin + 0.1} y=${1 - height} width="0.8" height=${height}></rect>`;
      })}
    </svg>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-threshold-control': ThresholdControl;
  }
}
