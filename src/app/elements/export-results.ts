import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { isFormatName } from '../../formats/format.ts';
import type { FormatName } from '../../formats/format.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { score } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { exportName, exportResults } from '../state/exportResults.ts';
import type { ExportChoice } from '../state/exportResults.ts';
import { openSaveTarget } from '../state/saveTarget.ts';
import { problemOf } from '../../ui/problem.ts';
import './error-banner.ts';

const formats: Readonly<Record<FormatName, string>> = {
  jsonl: 'JSON Lines (one line an image)',
  coco: 'COCO',
  labelstudio: 'Label Studio tasks (JSON)',
  yolo: 'YOLO (zip)',
  voc: 'Pascal VOC (zip)',
};

/** Saves the results as a file: the boxes that are shown, above the threshold. */
@customElement('fl-export-results')
export class ExportResults extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      .address {
        display: grid;
        gap: 4px;
        max-width: 480px;
      }
    `,
  ];

  @state() private format: FormatName = 'jsonl';
  @state() private withImages = false;
  @state() private urlPrefix = '';
  @state() private busy = false;
  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.display, this.app.source];
  }

  get #choice(): ExportChoice {
    const { format, urlPrefix } = this;
    return { format, urlPrefix: urlPrefix.trim(), withImages: this.withImages && this.#canHoldImages };
  }

  /** The others name the images, and whoever reads them looks for them elsewhere. */
  get #canHoldImages(): boolean {
    return this.format === 'coco' || this.format === 'yolo' || this.format === 'voc';
  }

  async #save(): Promise<void> {
    this.problem = null;
    const choice = this.#choice;
    try {
      // First of all: the browser asks where to only while it handles the click.
      const target = await openSaveTarget(exportName(this.app, choice));
      if (target === null) return;
      this.busy = true;
      await exportResults(this.app, choice).pipeTo(target.writable);
      await target.finish();
    } catch (error) {
      this.problem = problemOf(error);
    } finally {
      this.busy = false;
    }
  }

  /** A project's tasks are in Label Studio already: to import them again would only double them. */
  #offered(): readonly (readonly [string, string])[] {
    const isProject = this.app.source.kind === 'project';
    return Object.entries(formats).filter(([name]) => !isProject || name !== 'labelstudio');
  }

  protected override render(): TemplateResult {
    return html`
      <h2>Export</h2>
      <div class="row">
        <label for="format" class="visually-hidden">Format</label>
        <select
          id="format"
          @change=${(event: Event) => {
            const { value } = event.target as HTMLSelectElement;
            if (isFormatName(value)) this.format = value;
          }}
        >
          ${this.#offered().map(
            ([name, title]) =>
              html`<option value=${name} ?selected=${name === this.format}>${title}</option>`,
          )}
        </select>
        <wa-button appearance="outlined" ?loading=${this.busy} @click=${() => void this.#save()}>
          <wa-icon slot="start" name="download"></wa-icon>Save
        </wa-button>
      </div>
      ${this.#canHoldImages ? this.#imagesToo() : nothing}
      ${this.format === 'labelstudio' ? this.#address() : nothing}
      <p class="quiet numbers">
        Boxes with a score of ${score(this.app.display.threshold)} or more, under the model’s class names.
      </p>
      <fl-error-banner .message=${this.problem}></fl-error-banner>
    `;
  }

  #imagesToo(): TemplateResult {
    return html`<div class="check">
      <input
        id="with-images"
        type="checkbox"
        .checked=${this.withImages}
        @change=${(event: Event) => (this.withImages = (event.target as HTMLInputElement).checked)}
      />
      <label for="with-images">With the images, in one zip</label>
    </div>`;
  }

  #address(): TemplateResult {
    return html`<div class="address">
      <label for="prefix">Where Label Studio finds the images</label>
      <input
        id="prefix"
        type="text"
        spellcheck="false"
        autocomplete="off"
        placeholder="/data/local-files/?d=photos/"
        aria-describedby="prefix-hint"
        .value=${this.urlPrefix}
        @input=${(event: Event) => (this.urlPrefix = (event.target as HTMLInputElement).value)}
      />
      <p id="prefix-hint" class="quiet">
        Put before each image’s path; left empty, the tasks hold the bare paths. For files on Label Studio’s
        own machine: /data/local-files/?d= and the folder.
      </p>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-export-results': ExportResults;
  }
}
