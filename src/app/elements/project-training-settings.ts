import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/skeleton/skeleton.js';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, score } from '../../ui/wording.ts';
import type { ProjectSettings, ProjectSettingsPatch } from '../../training/api.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** Proposed when training by itself is switched on. */
const usual = 50;

/** What the relay does by itself for the chosen project. Each change is kept at once. */
@customElement('fl-project-training-settings')
export class ProjectTrainingSettings extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 16px;
        align-content: start;
      }
      .every {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
        grid-column: 2;
      }
      .every input {
        width: 88px;
        height: auto;
      }
      .check label {
        font-weight: var(--wa-font-weight-normal);
      }
      .threshold {
        display: grid;
        gap: 4px;
      }
      .threshold label {
        font-weight: var(--wa-font-weight-normal);
      }
      .head {
        display: flex;
        justify-content: space-between;
        gap: 8px;
      }
      wa-skeleton {
        height: 120px;
      }
    `,
  ];

  /** The slider while it is being moved; kept when it is let go. */
  @state() private moving: number | null = null;

  protected override watched() {
    return [this.app.projectTraining, this.app.source];
  }

  #change(patch: ProjectSettingsPatch): void {
    const { chosen } = this.app.source;
    if (chosen !== null) void this.app.projectTraining.change(chosen.project.id, patch);
  }

  protected override render(): TemplateResult {
    const { settings, settingsProblem } = this.app.projectTraining;
    return html`
      <h2>Settings of this project</h2>
      ${
        settings === null
          ? settingsProblem === null
            ? html`<wa-skeleton effect="pulse"></wa-skeleton>`
            : nothing
          : this.#controls(settings)
      }
      <fl-error-banner .message=${settingsProblem}></fl-error-banner>
    `;
  }

  #controls({ trainEvery, annotations, threshold, takeNewModel }: ProjectSettings): TemplateResult {
    const shown = this.moving ?? threshold;
    return html`
      <div class="check">
        <input
          id="every"
          type="checkbox"
          .checked=${trainEvery > 0}
          @change=${(event: Event) =>
            this.#change({ trainEvery: (event.target as HTMLInputElement).checked ? usual : 0 })}
        />
        <label for="every">Train after new annotations</label>
        ${
          trainEvery === 0
            ? html`<p class="quiet">Needs Label Studio’s own buttons to be connected, below.</p>`
            : html`<div class="every">
                <label for="number">every</label>
                <input
                  id="number"
                  type="number"
                  min="1"
                  max="1000000"
                  inputmode="numeric"
                  aria-describedby="count"
                  .value=${String(trainEvery)}
                  @change=${(event: Event) => {
                    const number = Math.round(Number((event.target as HTMLInputElement).value));
                    if (number >= 1 && number <= 1_000_000) this.#change({ trainEvery: number });
                    else this.requestUpdate();
                  }}
                />
                <p id="count" class="quiet numbers">${count(annotations)} of ${count(trainEvery)} so far</p>
              </div>`
        }
      </div>
      <div class="check">
        <input
          id="take"
          type="checkbox"
          .checked=${takeNewModel}
          @change=${(event: Event) => this.#change({ takeNewModel: (event.target as HTMLInputElement).checked })}
        />
        <label for="take">Take new models without asking</label>
        <p class="quiet">In open pages, as soon as a training is done.</p>
      </div>
      <div class="threshold">
        <div class="head">
          <label for="threshold">Threshold for Label Studio’s own buttons</label>
          <output class="numbers" for="threshold">${score(shown)}</output>
        </div>
        <input
          id="threshold"
          type="range"
          min="0.05"
          max="1"
          step="0.01"
          .value=${String(shown)}
          @input=${(event: Event) => (this.moving = Number((event.target as HTMLInputElement).value))}
          @change=${(event: Event) => {
            this.moving = null;
            this.#change({ threshold: Number((event.target as HTMLInputElement).value) });
          }}
        />
      </div>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-project-training-settings': ProjectTrainingSettings;
  }
}
