import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { isFormatName } from '../../formats/format.ts';
import type { FormatName } from '../../formats/format.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { score } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { exportResults } from '../state/exportResults.ts';
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
    `,
  ];

  @state() private format: FormatName = 'jsonl';
  @state() private busy = false;
  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.display, this.app.source];
  }

  async #save(): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      const { blob, name } = await exportResults(this.format, this.app);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      // The download has its own hold on the bytes once it has begun.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.busy = false;
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
      <p class="quiet numbers">
        Boxes with a score of ${score(this.app.display.threshold)} or more, under the model’s class names.
      </p>
      <fl-error-banner .message=${this.problem}></fl-error-banner>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-export-results': ExportResults;
  }
}
