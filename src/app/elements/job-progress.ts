import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import { jobLine, progressLine, progressPart } from '../look/jobWording.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import type { Job } from '../../training/job.ts';
import './job-stages.ts';

/** Where a running job stands, and how to stop it. Fires 'cancel-job' once that was confirmed. */
@customElement('fl-job-progress')
export class JobProgress extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        gap: 16px;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: 8px 16px;
      }
      .now {
        display: grid;
        gap: 8px;
      }
      h2 {
        font-size: var(--wa-font-size-l);
      }
      wa-progress-bar {
        --track-height: 8px;
      }
      .line {
        min-height: 24px;
      }
    `,
  ];

  @property({ attribute: false }) job: Job | null = null;
  @property({ type: Boolean }) busy = false;
  @state() private asking = false;

  #cancel(): void {
    this.asking = false;
    this.dispatchEvent(new CustomEvent('cancel-job', { bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult | typeof nothing {
    const { job } = this;
    if (job === null) return nothing;
    const part = progressPart(job);
    return html`
      <div class="head">
        <fl-job-stages .job=${job}></fl-job-stages>
        <wa-button size="s" appearance="outlined" ?disabled=${this.busy} @click=${() => (this.asking = true)}>
          <wa-icon slot="start" name="close"></wa-icon>Cancel
        </wa-button>
      </div>
      <div class="now">
        <h2 class="numbers">${jobLine(job)}</h2>
        <wa-progress-bar
          value=${Math.round((part ?? 0) * 1000) / 10}
          ?indeterminate=${part === null && job.state !== 'queued'}
          label="Progress of this stage"
        ></wa-progress-bar>
        <p class="line quiet numbers">${progressLine(job)}</p>
      </div>
      <wa-dialog
        label="Cancel this training?"
        light-dismiss
        ?open=${this.asking}
        @wa-after-hide=${(event: Event) => {
          if (event.target === event.currentTarget) this.asking = false;
        }}
      >
        <p>
          It stops at once and makes no model. What it has learned up to its last epoch is kept, so that it
          can be resumed.
        </p>
        <wa-button slot="footer" appearance="outlined" @click=${() => (this.asking = false)}
          >Go on training</wa-button
        >
        <wa-button slot="footer" variant="danger" @click=${() => this.#cancel()}
          >Cancel the training</wa-button
        >
      </wa-dialog>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-progress': JobProgress;
  }
}
