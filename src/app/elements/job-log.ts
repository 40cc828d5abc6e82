import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** The trainer's own words, folded away; read from the relay once it is unfolded, and followed. */
@customElement('fl-job-log')
export class JobLog extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      summary {
        width: fit-content;
        cursor: pointer;
        font-weight: var(--wa-font-weight-semibold);
      }
      pre {
        height: 320px;
        margin: 8px 0 0;
        padding: 12px;
        overflow: auto;
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-lowered);
        font-family: var(--wa-font-family-code);
        font-size: var(--wa-font-size-xs);
        line-height: 1.5;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @query('pre') private text!: HTMLElement | null;
  #atEnd = true;

  protected override watched() {
    return [this.app.training];
  }

  #toggled(event: Event): void {
    const { watch } = this.app.training;
    if ((event.target as HTMLDetailsElement).open) watch?.unfoldLog();
    else watch?.foldLog();
  }

  protected override willUpdate(): void {
    // Who scrolls up wants to read; who is at the end wants to follow.
    const { text } = this;
    this.#atEnd = text === null || text.scrollHeight - text.scrollTop - text.clientHeight < 24;
  }

  protected override updated(): void {
    if (this.#atEnd && this.text !== null) this.text.scrollTop = this.text.scrollHeight;
  }

  protected override render(): TemplateResult {
    const { log, logProblem } = this.app.training.watch ?? { log: null, logProblem: null };
    return html`<details @toggle=${this.#toggled}>
      <summary>Log</summary>
      <fl-error-banner .message=${logProblem}></fl-error-banner>
      <pre tabindex="0" aria-label="Log of the training">
${log === null ? 'Reading…' : log === '' ? 'Nothing yet.' : log}</pre>
    </details>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-log': JobLog;
  }
}
