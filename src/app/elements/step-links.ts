import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { hashOf, steps } from '../state/route.ts';
import type { Page, Step } from '../state/route.ts';
import { stepState } from '../state/stepState.ts';

const names: Readonly<Record<Step, string>> = {
  source: 'Source',
  model: 'Model & labels',
  preview: 'Preview',
  run: 'Run',
  review: 'Review',
  train: 'Train',
};

/** The line of steps: links, each with its state. */
@customElement('fl-step-links')
export class StepLinks extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      ol {
        display: flex;
        gap: 4px;
        padding: 0 16px;
        overflow-x: auto;
        list-style: none;
        scrollbar-width: none;
      }
      li {
        flex: none;
        display: flex;
        align-items: center;
      }
      li + li::before {
        content: '';
        width: 12px;
        height: 1px;
        margin-right: 4px;
        background: var(--wa-color-neutral-border-normal);
      }
      a {
        display: flex;
        align-items: center;
        gap: 6px;
        height: var(--fl-steps-height);
        padding: 0 8px;
        border-bottom: 2px solid transparent;
        color: var(--wa-color-text-quiet);
        text-decoration: none;
        font-variant-numeric: tabular-nums;
      }
      a:focus-visible {
        outline-offset: -3px;
      }
      a:hover {
        color: var(--wa-color-text-normal);
      }
      a[aria-current] {
        border-bottom-color: var(--wa-color-brand-fill-loud);
        color: var(--wa-color-text-normal);
        font-weight: var(--wa-font-weight-semibold);
      }
      wa-icon {
        color: var(--wa-color-success-on-quiet);
      }
      wa-icon.attention {
        color: var(--wa-color-danger-on-quiet);
      }
    `,
  ];

  #inView: Page = 'source';
  /** Of the whole line when it was scrolled last: marks and numbers that come later push the current step away. */
  #width = 0;

  protected override watched() {
    return this.app.all;
  }

  protected override updated(): void {
    const { step } = this.app.route.place;
    const width = this.renderRoot.querySelector('ol')?.scrollWidth ?? 0;
    if (step === this.#inView && width === this.#width) return;
    this.#inView = step;
    this.#width = width;
    // On a narrow screen the line scrolls sideways.
    this.renderRoot.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }

  protected override render(): TemplateResult {
    return html`<nav aria-label="Steps">
      <ol>
        ${steps.map((step) => this.#link(step))}
      </ol>
    </nav>`;
  }

  #link(step: Step): TemplateResult {
    const current = this.app.route.place.step === step;
    const { done, attention, note } = stepState(step, this.app);
    return html`<li>
      <a href=${hashOf(step)} aria-current=${current ? 'step' : nothing}>
        ${names[step]}${note === '' ? nothing : html` <span>${note}</span>`}
        ${
          attention
            ? html`<wa-icon class="attention" name="warning" label="needs you"></wa-icon>`
            : done
              ? html`<wa-icon name="check" label="done"></wa-icon>`
              : nothing
        }
      </a>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-step-links': StepLinks;
  }
}
