import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import type { RunPhase, RunProgress } from '../../prelabel/types.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { count, duration, rate } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';

const phases: Readonly<Record<RunPhase, string>> = {
  preparing: 'Looking at what there is to do',
  running: 'Running',
  paused: 'Paused',
  posting: 'Posting to Label Studio',
  waiting: 'Waiting',
  done: 'Done',
  cancelled: 'Cancelled; what is done is kept',
  failed: 'Stopped',
};

/** '312 of 1,000 · 41/s · 17 s left · 310 in Label Studio' */
export function runLine(progress: RunProgress): string {
  const passed = progress.done + progress.failed + progress.skipped;
  const parts = [`${count(passed)} of ${count(progress.total)}`];
  if (progress.phase !== 'running') parts.unshift(phases[progress.phase]);
  if (progress.phase === 'running' && progress.rate !== null) parts.push(rate(progress.rate));
  if (progress.secondsLeft !== null) parts.push(`${duration(progress.secondsLeft)} left`);
  if (progress.posted !== null) parts.push(`${count(progress.posted)} in Label Studio`);
  if (progress.skipped > 0) parts.push(`${count(progress.skipped)} were done before`);
  if (progress.failed > 0) parts.push(`${count(progress.failed)} failed`);
  return parts.join(' · ');
}

/** The run's progress, at the foot of every page from its start until it is put away. */
@customElement('fl-run-bar')
export class RunBar extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      .bar {
        display: grid;
        grid-template-columns: minmax(80px, 1fr) auto auto;
        align-items: center;
        gap: 4px 16px;
        padding: 8px 24px;
        border-top: 1px solid var(--wa-color-surface-border);
        background: var(--wa-color-surface-raised);
      }
      wa-progress-bar {
        --track-height: 8px;
      }
      /* With several images a second it would move without end, and each of its frames lays out the page. */
      wa-progress-bar::part(indicator) {
        transition: none;
      }
      .line {
        font-variant-numeric: tabular-nums;
      }
      .message {
        grid-column: 1 / -1;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        gap: 8px;
      }
      @media (max-width: 700px) {
        .bar {
          grid-template-columns: 1fr auto;
          padding: 8px 16px;
        }
        wa-progress-bar {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  protected override watched() {
    return [this.app.run];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { progress, active, barHidden, watching } = this.app.run;
    if (progress === null || barHidden) return nothing;
    const passed = progress.done + progress.failed + progress.skipped;
    const part = progress.total === 0 ? (active ? 0 : 1) : passed / progress.total;
    return html`<section
      class="bar"
      data-testid="run-bar"
      data-phase=${progress.phase}
      ?data-watching=${watching}
      aria-label="Progress of the run"
    >
      <wa-progress-bar
        value=${Math.round(part * 1000) / 10}
        ?indeterminate=${progress.phase === 'preparing'}
        label="Images done"
      ></wa-progress-bar>
      <span class="line">${watching ? `In another tab · ${runLine(progress)}` : runLine(progress)}</span>
      <span class="visually-hidden" role="status">${phases[progress.phase]}</span>
      <span class="buttons">${active ? this.#controls(progress) : this.#close()}</span>
      ${progress.message === null ? nothing : html`<p class="message">${progress.message}</p>`}
    </section>`;
  }

  #controls({ phase, needsToken }: RunProgress): TemplateResult {
    const { run } = this.app;
    return html`
      ${
        needsToken && !run.watching
          ? html`<wa-button size="s" variant="brand" href=${hashOf('run')}>New token</wa-button>`
          : phase === 'paused'
            ? html`<wa-button size="s" variant="brand" @click=${() => run.resume()}>
                <wa-icon slot="start" name="play"></wa-icon>Resume
              </wa-button>`
            : html`<wa-button size="s" appearance="outlined" @click=${() => run.pause()}>
                <wa-icon slot="start" name="pause"></wa-icon>Pause
              </wa-button>`
      }
      <wa-button size="s" appearance="outlined" @click=${() => run.cancel()}>
        <wa-icon slot="start" name="close"></wa-icon>Cancel
      </wa-button>
    `;
  }

  #close(): TemplateResult {
    return html`<wa-button size="s" appearance="plain" @click=${() => this.app.run.hideBar()}>
      <wa-icon name="close" label="Put the run bar away"></wa-icon>
    </wa-button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-run-bar': RunBar;
  }
}
