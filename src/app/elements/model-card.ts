import { html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { factStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { bytes } from '../../ui/wording.ts';
import type { ListedModel } from '../../engine/client/modelList.ts';

const origins: Readonly<Record<ListedModel['origin'], string>> = {
  bundled: 'comes with Forelabel',
  own: 'your own',
  folder: 'from a folder',
};

/** COCO's two headline numbers, explained. */
const metrics: readonly (readonly [string, string])[] = [
  ['AP', 'Average precision over overlaps from 50% to 95% (COCO mAP); 1 is perfect'],
  ['AP50', 'Average precision where half an overlap counts as found; 1 is perfect'],
];

/** What there is to know about a model before trusting it. */
@customElement('fl-model-card')
export class ModelCard extends LitElement {
  static override styles = [sharedStyles, factStyles];

  @property({ attribute: false }) model: ListedModel | null = null;

  protected override render(): TemplateResult | typeof nothing {
    if (this.model === null) return nothing;
    const { manifest, version, origin } = this.model;
    const { classes, files, lineage } = manifest;
    return html`<dl class="numbers">
      <dt>Version</dt>
      <dd><code>${version}</code>, ${origins[origin]}</dd>
      <dt>Finds</dt>
      <dd>${classes.join(', ')}</dd>
      <dt>Size</dt>
      <dd>
        ${bytes(files[0]?.bytes ?? 0)}, ${files[0]?.precision === 'fp16' ? 'half' : 'full'} precision weights
      </dd>
      ${metrics.map(([name, meaning]) => this.#metric(name, meaning))}
      <dt>Trained</dt>
      <dd>
        ${this.#date(lineage.date)}${lineage.parent === null ? nothing : html`, from ${lineage.parent}`}
      </dd>
    </dl>`;
  }

  #metric(name: string, meaning: string): TemplateResult | typeof nothing {
    const value = this.model?.manifest.lineage.metrics[name];
    if (value === undefined) return nothing;
    return html`<dt title=${meaning}>${name}</dt>
      <dd title=${meaning}>${value.toFixed(3)} on its validation images</dd>`;
  }

  #date(iso: string): TemplateResult | string {
    const date = new Date(iso);
    if (Number.isNaN(date.getTime())) return iso;
    return html`<time datetime=${iso} title=${iso}
      >${date.toLocaleDateString('en', { dateStyle: 'medium' })}</time
    >`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-model-card': ModelCard;
  }
}
