import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/error-banner.ts';
import '../elements/mapping-table.ts';
import '../elements/model-card.ts';
import { controlStyles, pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';

/** Which model, and what its classes become in Label Studio. */
@customElement('fl-model-page')
export class ModelPage extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    pageStyles,
    css`
      .choose {
        display: grid;
        gap: 4px;
      }
      .problems {
        padding-left: 18px;
        color: var(--wa-color-text-quiet);
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override watched() {
    return [this.app.engine, this.app.mapping, this.app.source, this.app.run];
  }

  #chooseModel(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const model = this.app.engine.models.find(({ version }) => version === value);
    if (model !== undefined) this.app.chooseModel(model);
  }

  protected override render(): TemplateResult {
    const blocked = this.app.mapping.problem !== null;
    return html`<div class="page narrow">
      <h1>Model &amp; labels</h1>
      <section class="panel stack" aria-label="Model">${this.#model()}</section>
      <section class="panel stack" aria-label="Labels">${this.#labels()}</section>
      <div class="actions">
        <wa-button variant="brand" ?disabled=${blocked} href=${blocked ? nothing : hashOf('preview')}>
          Preview<wa-icon slot="end" name="arrow-right"></wa-icon>
        </wa-button>
      </div>
    </div>`;
  }

  #model(): TemplateResult {
    const { models, model, problems, status } = this.app.engine;
    const running = this.app.run.active;
    return html`
      ${
        models.length > 1
          ? html`<div class="choose">
              <label for="model">Model</label>
              <select id="model" ?disabled=${running} @change=${this.#chooseModel}>
                ${models.map(
                  ({ version }) =>
                    html`<option value=${version} ?selected=${version === model?.version}>
                      ${version}
                    </option>`,
                )}
              </select>
              ${
                running
                  ? html`<p class="quiet">A run is under way. Cancel it to choose another model.</p>`
                  : html`<p class="quiet">
                      Results belong to a model: with another one, a run goes through all images anew.
                    </p>`
              }
            </div>`
          : html`<h2>${model?.manifest.name ?? 'Model'}</h2>`
      }
      <fl-model-card .model=${model}></fl-model-card>
      <fl-error-banner .message=${status.kind === 'failed' ? status.message : null}></fl-error-banner>
      ${
        problems.length === 0
          ? nothing
          : html`<div>
              <p>These folders hold no model that can be used:</p>
              <ul class="problems">
                ${problems.map((problem) => html`<li>${problem}</li>`)}
              </ul>
            </div>`
      }
    `;
  }

  #labels(): TemplateResult {
    const { mapping, controls, problem, projectUnfit } = this.app.mapping;
    if (this.app.source.kind !== 'project') {
      return html`
        <h2>Labels</h2>
        <p class="quiet">
          Without a Label Studio project there is nothing to match: boxes keep the model’s own class names,
          here and in exports.
        </p>
      `;
    }
    return html`
      <h2>Labels of ${this.app.source.title}</h2>
      ${projectUnfit ? html`<fl-error-banner .message=${problem}></fl-error-banner>` : nothing}
      ${controls.length > 1 ? this.#controls() : nothing}
      ${
        mapping === null
          ? nothing
          : html`<fl-mapping-table
              .classes=${this.app.engine.model?.manifest.classes ?? []}
              .labels=${mapping.control.labels}
              .mapping=${mapping.labels}
              @mapping-changed=${(event: CustomEvent<readonly (string | null)[]>) =>
                this.app.chooseLabels(event.detail)}
            ></fl-mapping-table>`
      }
    `;
  }

  #controls(): TemplateResult {
    const { controls, mapping } = this.app.mapping;
    const choose = (event: Event): void => {
      const control = controls[Number((event.target as HTMLSelectElement).value)];
      if (control !== undefined) this.app.chooseControl(control);
    };
    return html`<div class="choose">
      <label for="control">This project draws rectangles in several places. Boxes go to</label>
      <select id="control" @change=${choose}>
        ${controls.map(
          (control, index) =>
            html`<option value=${index} ?selected=${control === mapping?.control}>
              ${control.name} on ${control.toName} ($${control.imageField})
            </option>`,
        )}
      </select>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-model-page': ModelPage;
  }
}
