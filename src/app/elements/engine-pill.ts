import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/popover/popover.js';
import type { CandidateReport, EngineInfo, Timings } from '../../engine/types.ts';
import { factStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { backendName, bytes, engineName, milliseconds, rate } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import './engine-choice.ts';

const stages: readonly (readonly [keyof Timings, string, string])[] = [
  ['decode', 'Decode', 'From file bytes to upright pixels'],
  ['preprocess', 'Prepare', 'Resize and normalise to the network’s input'],
  ['infer', 'Network', 'The neural network itself'],
  ['postprocess', 'Boxes', 'From the network’s answer to boxes, overlapping ones removed (NMS)'],
  ['transfer', 'Way', 'To the machine that Forelabel runs on, and back'],
];

/** Which engine runs and how fast; a click says why this one, on what, and where the time goes. */
@customElement('fl-engine-pill')
export class EnginePill extends AppElement {
  static override styles = [
    sharedStyles,
    factStyles,
    css`
      button {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 32px;
        padding: 0 12px;
        border: 1px solid var(--wa-color-surface-border);
        border-radius: 16px;
        background: var(--wa-color-surface-raised);
        color: var(--wa-color-text-normal);
        font: inherit;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
        cursor: pointer;
      }
      button:focus-visible {
        border-radius: 16px;
      }
      button:hover {
        border-color: var(--wa-color-neutral-border-loud);
      }
      .dot {
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--wa-color-neutral-border-loud);
      }
      .dot.ready {
        background: var(--wa-color-success-fill-loud);
      }
      .dot.failed {
        border-radius: 1px;
        background: var(--wa-color-danger-fill-loud);
      }
      wa-popover {
        --max-width: min(360px, calc(100vw - 32px));
      }
      .facts {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        overflow-wrap: anywhere;
        gap: 12px;
        font-size: var(--wa-font-size-s);
        line-height: 1.5;
      }
      dl {
        column-gap: 16px;
      }
      dd {
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  protected override watched() {
    return [this.app.engine];
  }

  protected override render(): TemplateResult {
    const { status } = this.app.engine;
    return html`
      <button id="pill" type="button" data-testid="engine" title="Which engine runs, and how fast">
        <span class="dot ${status.kind}" aria-hidden="true"></span><span>${this.#text()}</span>
      </button>
      <wa-popover for="pill" placement="bottom-end" aria-label="Engine">
        <div class="facts">${this.#facts()}</div>
      </wa-popover>
    `;
  }

  /** 'WebGPU · 14 ms' once an image has been run. */
  #text(): string {
    const { status, meanTimings } = this.app.engine;
    if (status.kind === 'failed') return 'No engine';
    if (status.kind === 'loading') {
      const { progress } = status;
      if (progress === null || progress.totalBytes === 0) return 'Starting…';
      if (progress.loadedBytes >= progress.totalBytes) return 'Warming up…';
      return `Loading ${Math.floor((100 * progress.loadedBytes) / progress.totalBytes)}%`;
    }
    const name = backendName(status.engine.info.backend);
    return meanTimings === null ? name : `${name} · ${milliseconds(meanTimings.total)}`;
  }

  #facts(): TemplateResult {
    const { status, model } = this.app.engine;
    if (status.kind === 'failed') return html`<p>${status.message}</p>`;
    if (status.kind === 'loading') {
      const size = model?.manifest.files[0]?.bytes;
      return html`<p>
        The model${size === undefined ? nothing : html` (${bytes(size)})`} is being loaded and checked. It
        stays in this browser for the next visit.
      </p>`;
    }
    return this.#engineFacts(status.engine.info);
  }

  #engineFacts(info: EngineInfo): TemplateResult {
    const { meanTimings } = this.app.engine;
    return html`
      <p>${info.why}</p>
      <dl>
        <dt>Engine</dt>
        <dd>${backendName(info.backend)}</dd>
        <dt>Runs on</dt>
        <dd>${info.device}</dd>
        <dt>Model</dt>
        <dd>${info.modelVersion}</dd>
        <dt>Warm-up</dt>
        <dd>${milliseconds(info.warmUpMs)}</dd>
        ${
          meanTimings === null
            ? nothing
            : stages.map(([stage, name, meaning]) => {
                const ms = meanTimings[stage];
                if (ms === undefined) return nothing;
                return html`<dt title=${meaning}>${name}</dt>
                  <dd title=${meaning}>${milliseconds(ms)}</dd>`;
              })
        }
        ${
          meanTimings === null
            ? nothing
            : html`<dt>An image</dt>
                <dd>
                  ${milliseconds(meanTimings.total)} (mean of the last ${this.app.engine.timings.length})
                </dd>
                <dt>Rate</dt>
                <dd>${rate(1000 / meanTimings.total)}, one after the other</dd>`
        }
      </dl>
      ${this.#candidates(info.candidates ?? [])}
    `;
  }

  /** Every engine that could run here, with what an image takes on it, and which one is wanted. */
  #candidates(candidates: readonly CandidateReport[]): TemplateResult | typeof nothing {
    if (candidates.length < 2) return nothing;
    return html`
      <dl class="candidates" aria-label="Engines">
        ${candidates.map(
          ({ backend, ms, said }) =>
            html`<dt>${engineName(backend)}</dt>
              <dd>${ms === null ? nothing : html`${milliseconds(ms)} an image. `}${said}</dd>`,
        )}
      </dl>
      <fl-engine-choice></fl-engine-choice>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-engine-pill': EnginePill;
  }
}
