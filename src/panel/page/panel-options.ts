import { LitElement, css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { pageBackends } from '../../engine/client/engineChoice.ts';
import type { EngineChoice } from '../../engine/client/engineChoice.ts';
import type { Mapping } from '../../labelstudio/types.ts';
import { Watch } from '../../ui/observable.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { engineName } from '../../ui/wording.ts';
import { comboName, comboOf } from './keys.ts';
import { relayIsOffered } from './loadChosenEngine.ts';
import type { PanelState } from './panelState.ts';
import { controlKey } from './targets.ts';

const engines: readonly EngineChoice[] = ['auto', ...pageBackends];
const mac = /mac|iphone|ipad/iu.test(navigator.userAgent);

/** What is rarely changed: model, labels, where boxes go, the key. */
@customElement('fl-panel-options')
export class PanelOptions extends LitElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      .field {
        display: grid;
        gap: 4px;
      }
      select,
      input[type='text'] {
        width: 100%;
      }
      .labels {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        gap: 4px 8px;
        align-items: center;
      }
      .labels span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .scroll {
        max-height: 144px;
        overflow-y: auto;
      }
    `,
  ];

  @property({ attribute: false }) panel!: PanelState;
  protected readonly watch = new Watch(this, () => [this.panel]);

  #chooseModel(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const model = this.panel.engine.models.find(({ version }) => version === value);
    if (model !== undefined) void this.panel.chooseModel(model);
  }

  #chooseEngine(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const choice = engines.find((each) => each === value);
    if (choice !== undefined) this.panel.engine.chooseEngine(choice);
  }

  #chooseLabel(mapping: Mapping, index: number, event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const labels = mapping.labels.map((label, i) => (i === index ? (value === '' ? null : value) : label));
    void this.panel.chooseLabels(mapping.control, labels);
  }

  #pressKey(event: KeyboardEvent): void {
    const combo = comboOf(event);
    if (combo === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.panel.setKey(combo);
  }

  protected override render(): TemplateResult {
    const { settings, engine } = this.panel;
    const { controls, control, mappings } = this.panel.targets;
    return html`
      <div class="field">
        <label for="model">Model</label>
        <select id="model" @change=${this.#chooseModel}>
          ${engine.models.map(
            ({ version }) =>
              html`<option value=${version} ?selected=${version === engine.model?.version}>
                ${version}
              </option>`,
          )}
        </select>
      </div>
      <div class="field">
        <label for="engine">Run it on</label>
        <select id="engine" aria-describedby="engine-why" @change=${this.#chooseEngine}>
          ${engines.map(
            (choice) =>
              html`<option
                value=${choice}
                ?selected=${choice === engine.engineChoice}
                ?disabled=${choice === 'relay' && !relayIsOffered}
              >
                ${choice === 'auto' ? 'The fastest of this browser' : engineName(choice)}
              </option>`,
          )}
        </select>
        <p id="engine-why" class="quiet">
          ${engine.info?.why}
          ${
            relayIsOffered
              ? 'Images leave this browser only for the relay, if you choose it.'
              : 'The relay needs Forelabel under the host name of Label Studio.'
          }
        </p>
      </div>
      ${
        controls.length < 2
          ? nothing
          : html`<div class="field">
              <label for="control">Draw with</label>
              <select
                id="control"
                @change=${(event: Event) => {
                  const { value } = event.target as HTMLSelectElement;
                  void this.panel.chooseControl(value === '' ? null : value);
                }}
              >
                <option value="" ?selected=${control === null}>One control for each image</option>
                ${controls.map(
                  (each) =>
                    html`<option value=${controlKey(each)} ?selected=${controlKey(each) === control}>
                      ${each.name} on ${each.toName}
                    </option>`,
                )}
              </select>
            </div>`
      }
      ${mappings.map((mapping, index) => this.#labels(mapping, index))}
      <div class="check">
        <input
          id="post"
          type="checkbox"
          .checked=${settings.delivery === 'post'}
          @change=${(event: Event) =>
            this.panel.setDelivery((event.target as HTMLInputElement).checked ? 'post' : 'insert')}
        />
        <label for="post">Post as prediction</label>
        <p class="quiet">Beside the annotation, not into it.</p>
      </div>
      <div class="field">
        <label for="key">Key</label>
        <input
          id="key"
          type="text"
          readonly
          aria-describedby="key-hint"
          .value=${comboName(settings.key, mac)}
          @keydown=${this.#pressKey}
        />
        <p id="key-hint" class="quiet">Press another one here, with Ctrl, Alt or ⌘.</p>
      </div>
    `;
  }

  #labels(mapping: Mapping, index: number): TemplateResult {
    const classes = this.panel.engine.model?.manifest.classes ?? [];
    const several = this.panel.targets.mappings.length > 1;
    const id = `labels-${index}`;
    return html`<div class="field" role="group" aria-labelledby=${id}>
      <strong id=${id}>Labels${several ? ` on ${mapping.control.toName}` : nothing}</strong>
      <div class="scroll labels">
        ${classes.map(
          (name, i) => html`
            <span title=${name}>${name}</span>
            <select
              aria-label=${`Label for ${name}`}
              @change=${(event: Event) => this.#chooseLabel(mapping, i, event)}
            >
              <option value="" ?selected=${(mapping.labels[i] ?? null) === null}>Leave out</option>
              ${mapping.control.labels.map(
                ({ value }) =>
                  html`<option value=${value} ?selected=${value === mapping.labels[i]}>${value}</option>`,
              )}
            </select>
          `,
        )}
      </div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-panel-options': PanelOptions;
  }
}
