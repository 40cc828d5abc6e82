import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { isInstalling } from '../look/jobWording.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import type { Job, JobState } from '../../training/job.ts';

interface Stage {
  readonly state: JobState | 'install';
  readonly name: string;
}

const usual: readonly Stage[] = [
  { state: 'collecting', name: 'Collect' },
  { state: 'training', name: 'Train' },
  { state: 'evaluating', name: 'Compare' },
  { state: 'exporting', name: 'Export' },
];

/** The way of a running job: what is behind it, where it is, what is to come. */
@customElement('fl-job-stages')
export class JobStages extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      ol {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 8px;
        list-style: none;
        color: var(--wa-color-text-quiet);
      }
      li {
        display: flex;
        align-items: center;
        gap: 4px;
      }
      li + li::before {
        content: '';
        width: 16px;
        height: 1px;
        margin-right: 4px;
        background: var(--wa-color-neutral-border-normal);
      }
      @media (max-width: 600px) {
        li + li::before {
          width: 4px;
          margin-right: 0;
        }
      }
      [aria-current] {
        color: var(--wa-color-text-normal);
        font-weight: var(--wa-font-weight-semibold);
      }
      wa-icon {
        color: var(--wa-color-success-on-quiet);
      }
    `,
  ];

  @property({ attribute: false }) job: Job | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { job } = this;
    if (job === null) return nothing;
    const installing = isInstalling(job);
    const stages = installing ? withInstall(job.state) : usual;
    const now = stages.findIndex(({ state }) => state === (installing ? 'install' : job.state));
    return html`<ol aria-label="Stages">
      ${stages.map(
        ({ name }, index) =>
          html`<li aria-current=${index === now ? 'step' : nothing}>
            ${name}${index < now ? html`<wa-icon name="check" label="done"></wa-icon>` : nothing}
          </li>`,
      )}
    </ol>`;
  }
}

/** The installation stands before the state in which it happens. */
function withInstall(state: JobState): readonly Stage[] {
  const before = Math.max(
    0,
    usual.findIndex((each) => each.state === state),
  );
  return [...usual.slice(0, before), { state: 'install', name: 'Install' }, ...usual.slice(before)];
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-job-stages': JobStages;
  }
}
