import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { presetNames } from '../look/jobWording.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';
import { addressName } from '../../labelstudio/address.ts';
import { isEnded } from '../../training/job.ts';
import type { Job, Preset, TrainRequestInput } from '../../training/job.ts';
import { AppElement } from '../state/context.ts';
import type { ProjectSource } from '../state/sourceState.ts';
import './error-banner.ts';

const nameRule = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;
/** With fewer there is nothing to learn from and nothing to measure on. */
const fewest = 2;

/** What to train with, and the button. Fires 'job-started' with the job's id. */
@customElement('fl-train-form')
export class TrainForm extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      form {
        display: grid;
        gap: 24px;
      }
      fieldset {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(180px, 100%), 1fr));
        gap: 8px;
        min-width: 0;
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        margin-bottom: 8px;
        padding: 0;
        font-weight: var(--wa-font-weight-semibold);
      }
      .preset {
        display: grid;
        grid-template-columns: 18px 1fr;
        gap: 0 8px;
        align-content: start;
        padding: 12px;
        border: 1px solid var(--wa-color-surface-border);
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-default);
        font-weight: inherit;
        cursor: pointer;
      }
      .preset:hover {
        border-color: var(--wa-color-brand-border-loud);
      }
      .preset:has(:checked) {
        border-color: var(--wa-color-brand-border-loud);
        background: var(--wa-color-brand-fill-quiet);
      }
      .preset:has(:focus-visible) {
        outline: 2px solid var(--wa-color-focus);
        outline-offset: 2px;
      }
      .preset input {
        width: 18px;
        height: 18px;
        margin: 3px 0 0;
        accent-color: var(--wa-color-brand-fill-loud);
      }
      .preset input:focus-visible {
        outline: none;
      }
      .preset strong {
        font-weight: var(--wa-font-weight-semibold);
      }
      .preset span {
        grid-column: 2;
        text-wrap: pretty;
      }
      .fields {
        display: grid;
        grid-template-columns: minmax(0, 2fr) minmax(0, 1fr) minmax(0, 2fr);
        gap: 16px;
        align-items: start;
      }
      .field {
        display: grid;
        gap: 4px;
      }
      .field select,
      .field input {
        width: 100%;
      }
      .wrong {
        color: var(--wa-color-danger-on-quiet);
      }
      .start {
        display: grid;
        gap: 8px;
        justify-items: start;
      }
      @media (max-width: 600px) {
        .fields {
          grid-template-columns: minmax(0, 1fr);
        }
        wa-button {
          width: 100%;
        }
      }
    `,
  ];

  @state() private preset: Preset = 'default';
  @state() private epochs = '';
  @state() private base = '';
  @state() private name = '';

  protected override watched() {
    const { training, projectTraining, source, engine, mapping } = this.app;
    return [training, projectTraining, source, engine, mapping];
  }

  async #start(event: Event): Promise<void> {
    event.preventDefault();
    const { chosen } = this.app.source;
    if (chosen === null || this.#reason() !== null || this.#wrong.length > 0) return;
    const job = await this.app.training.train(chosen.url, this.#request(chosen));
    if (job === null) return;
    this.dispatchEvent(new CustomEvent('job-started', { detail: job.id, bubbles: true, composed: true }));
  }

  #request({ project }: ProjectSource): TrainRequestInput {
    const { controls, mapping } = this.app.mapping;
    const control = controls.length > 1 ? mapping?.control.name : undefined;
    return {
      project: project.id,
      preset: this.preset,
      ...(this.epochs !== '' && { epochs: Number(this.epochs) }),
      ...(this.base !== '' && { base: this.base }),
      ...(this.name !== '' && { name: this.name }),
      ...(control !== undefined && { control }),
    };
  }

  /** Why no training can start with this project, in words; null when one can. */
  #reason(): string | null {
    const { projectUnfit, problem } = this.app.mapping;
    if (projectUnfit) return problem;
    if (this.#running !== undefined)
      return 'This project is being trained already. Wait for its end, or cancel it.';
    const { annotated } = this.app.projectTraining;
    if (annotated === null || annotated >= fewest) return null;
    return annotated === 0
      ? 'No task of this project is annotated yet. Annotate at least 2 in Label Studio, then come back: this page counts again.'
      : 'Only 1 task of this project is annotated. Annotate at least 2 in Label Studio, then come back: this page counts again.';
  }

  /** A training of this very project; others wait for each other, two of one project do not. */
  get #running(): Job | undefined {
    const { chosen } = this.app.source;
    return this.app.training.jobs.find(
      (job) =>
        !isEnded(job) && job.project === chosen?.project.id && job.labelStudio === addressName(chosen.url),
    );
  }

  /** Fields that hold what cannot be sent. */
  get #wrong(): readonly ('epochs' | 'name')[] {
    const epochs = Number(this.epochs);
    return [
      ...(this.epochs !== '' && !(Number.isInteger(epochs) && epochs >= 1 && epochs <= 1000)
        ? (['epochs'] as const)
        : []),
      ...(this.name !== '' && !nameRule.test(this.name) ? (['name'] as const) : []),
    ];
  }

  protected override render(): TemplateResult {
    const { training, projectTraining } = this.app;
    const reason = this.#reason();
    const waits = training.jobs.some((job) => !isEnded(job));
    return html`<form novalidate autocomplete="off" aria-label="New training" @submit=${this.#start}>
      ${this.#presets()} ${this.#fields()}
      <div class="start">
        <wa-button
          type="submit"
          variant="brand"
          ?disabled=${reason !== null || this.#wrong.length > 0}
          ?loading=${training.busy}
        >
          <wa-icon slot="start" name="play"></wa-icon>${this.#label()}
        </wa-button>
        ${
          reason === null
            ? html`<p class="quiet">
                ${
                  this.app.relayHasAccess
                    ? 'It goes on when this page is closed.'
                    : 'Forelabel on this machine keeps the token, in a file only you can read.'
                }
                ${waits ? 'Another project is being trained: this one waits for its end.' : nothing}
                ${
                  training.status?.trainer === 'missing'
                    ? 'The first training installs MMDetection, which takes some minutes, once.'
                    : nothing
                }
              </p>`
            : html`<p class="reason" role="status">${reason}</p>`
        }
        <fl-error-banner .message=${training.problem ?? projectTraining.countProblem}></fl-error-banner>
      </div>
    </form>`;
  }

  #label(): string {
    const { annotated } = this.app.projectTraining;
    return annotated === null || annotated < fewest
      ? 'Train'
      : `Train on ${countOf(annotated, 'annotated task')}`;
  }

  #presets(): TemplateResult {
    const presets = this.app.training.status?.presets ?? [];
    return html`<fieldset>
      <legend>How thoroughly</legend>
      ${presets.map(
        ({ name, epochs, about }) =>
          html`<label class="preset">
            <input
              type="radio"
              name="preset"
              value=${name}
              .checked=${name === this.preset}
              @change=${() => (this.preset = name)}
            />
            <strong
              >${presetNames[name]} <span class="quiet numbers">${countOf(epochs, 'epoch')}</span></strong
            >
            <span class="quiet">${about}</span>
          </label>`,
      )}
    </fieldset>`;
  }

  #fields(): TemplateResult {
    const { models } = this.app.engine;
    const preset = this.app.training.status?.presets.find(({ name }) => name === this.preset);
    const wrong = this.#wrong;
    const typed = (set: (text: string) => void) => (event: Event) =>
      set((event.target as HTMLInputElement | HTMLSelectElement).value.trim());
    return html`<div class="fields">
      <div class="field">
        <label for="base">Start from</label>
        <select id="base" @change=${typed((text) => (this.base = text))}>
          <option value="">The project’s newest model</option>
          ${models.map(({ version }) => html`<option value=${version}>${version}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for="epochs" title="How often the training goes over all images">Epochs</label>
        <input
          id="epochs"
          type="number"
          min="1"
          max="1000"
          inputmode="numeric"
          placeholder=${preset?.epochs ?? nothing}
          aria-invalid=${wrong.includes('epochs')}
          aria-describedby="epochs-wrong"
          .value=${this.epochs}
          @input=${typed((text) => (this.epochs = text))}
        />
        <p id="epochs-wrong" class="wrong">
          ${wrong.includes('epochs') ? 'A whole number from 1 to 1,000.' : nothing}
        </p>
      </div>
      <div class="field">
        <label for="name">Name of the new model</label>
        <input
          id="name"
          type="text"
          maxlength="64"
          spellcheck="false"
          placeholder="From the project’s title"
          aria-invalid=${wrong.includes('name')}
          aria-describedby="name-wrong"
          .value=${this.name}
          @input=${typed((text) => (this.name = text))}
        />
        <p id="name-wrong" class="wrong">
          ${wrong.includes('name') ? 'Letters, digits, dots, dashes and underscores, a letter or digit first.' : nothing}
        </p>
      </div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-train-form': TrainForm;
  }
}
