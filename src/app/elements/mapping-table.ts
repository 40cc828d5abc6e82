import { LitElement, css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import type { LabelDefinition } from '../../labelstudio/types.ts';
import { labelColor } from '../look/classColors.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';

/**
 * Which label each class of the model becomes. Fires 'mapping-changed' with the labels in class order
 * (null = left out). Without any match it says so and shows both lists.
 */
@customElement('fl-mapping-table')
export class MappingTable extends LitElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 16px;
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th {
        padding: 4px 8px 4px 0;
        color: var(--wa-color-text-quiet);
        font-weight: var(--wa-font-weight-normal);
        text-align: left;
      }
      td {
        padding: 6px 8px 6px 0;
        border-top: 1px solid var(--wa-color-surface-border);
        overflow-wrap: anywhere;
      }
      td.arrow {
        width: 32px;
        color: var(--wa-color-text-quiet);
      }
      select {
        width: 100%;
        max-width: 280px;
      }
      .swatch {
        display: inline-block;
        width: 12px;
        height: 12px;
        margin-right: 8px;
        border-radius: 3px;
        box-shadow: 0 0 0 1px rgb(128 128 128 / 50%);
        vertical-align: -1px;
      }
      .out {
        color: var(--wa-color-text-quiet);
      }
      .lists {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(160px, 1fr));
        gap: 8px 24px;
        margin-top: 8px;
      }
      .lists ul {
        padding-left: 18px;
      }
    `,
  ];

  /** The model's classes, in label-index order. */
  @property({ attribute: false }) classes: readonly string[] = [];
  @property({ attribute: false }) labels: readonly LabelDefinition[] = [];
  /** For each class the label it becomes, or null. */
  @property({ attribute: false }) mapping: readonly (string | null)[] = [];

  #chose(index: number, event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const next = this.classes.map((_, i) =>
      i === index ? (value === '' ? null : value) : (this.mapping[i] ?? null),
    );
    this.dispatchEvent(new CustomEvent('mapping-changed', { detail: next, bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    const matched = this.mapping.filter((label) => label !== null).length;
    return html`
      ${matched === 0 ? this.#noMatch() : nothing}
      <table>
        <thead>
          <tr>
            <th scope="col">The model finds</th>
            <th scope="col"><span class="visually-hidden">becomes</span></th>
            <th scope="col">Label Studio gets</th>
          </tr>
        </thead>
        <tbody>
          ${this.classes.map((name, index) => this.#row(name, index))}
        </tbody>
      </table>
      ${
        matched > 0 && matched < this.classes.length
          ? html`<p class="quiet">
              ${countOf(this.classes.length - matched, 'class', 'classes')} without a label: these boxes are
              left out.
            </p>`
          : nothing
      }
    `;
  }

  #row(name: string, index: number): TemplateResult {
    const chosen = this.mapping[index] ?? null;
    const label = this.labels.find(({ value }) => value === chosen);
    const color = labelColor(label?.color ?? null, index);
    return html`<tr>
      <td class=${chosen === null ? 'out' : ''}>
        <span class="swatch" style="background:${chosen === null ? 'transparent' : color}"></span>${name}
      </td>
      <td class="arrow" aria-hidden="true">→</td>
      <td>
        <select aria-label=${`Label for ${name}`} @change=${(event: Event) => this.#chose(index, event)}>
          <option value="" ?selected=${chosen === null}>Leave out</option>
          ${this.labels.map(
            ({ value }) => html`<option value=${value} ?selected=${value === chosen}>${value}</option>`,
          )}
        </select>
      </td>
    </tr>`;
  }

  #noMatch(): TemplateResult {
    return html`<wa-callout variant="danger" size="s" role="alert">
      <wa-icon slot="icon" name="warning"></wa-icon>
      <p>
        No class of the model has a label in this project. Choose a label below for each class that you want,
        or choose another model.
      </p>
      <div class="lists">
        <div>
          <strong>Classes of the model</strong>
          <ul>
            ${this.classes.map((name) => html`<li>${name}</li>`)}
          </ul>
        </div>
        <div>
          <strong>Labels of the project</strong>
          <ul>
            ${this.labels.map(({ value }) => html`<li>${value}</li>`)}
          </ul>
        </div>
      </div>
    </wa-callout>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-mapping-table': MappingTable;
  }
}
