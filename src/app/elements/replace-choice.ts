import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { VersionCount } from '../../labelstudio/types.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { isPart } from '../state/runChoices.ts';

/** Whether the predictions of an older version go when all tasks have new ones. Absent where there are none. */
@customElement('fl-replace-choice')
export class ReplaceChoice extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      .field {
        display: grid;
        gap: 4px;
        justify-items: start;
      }
    `,
  ];

  @state() private versions: readonly VersionCount[] = [];
  #asked = '';

  protected override watched() {
    const { runChoices, source, engine, run } = this.app;
    return [runChoices, source, engine, run];
  }

  protected override updated(): void {
    const { chosen } = this.app.source;
    if (chosen === null || this.app.run.active) return;
    // A run that has ended may have stored or deleted some.
    const asked = JSON.stringify([chosen.url, chosen.project.id, this.app.run.progress]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    void chosen.labelStudio.modelVersions(chosen.project.id).then(
      (versions) => (this.versions = versions),
      () => undefined,
    );
  }

  protected override render(): TemplateResult | typeof nothing {
    const version = this.app.engine.model?.version;
    const older = this.versions.filter((each) => each.version !== version && each.predictions > 0);
    const { choices } = this.app.runChoices;
    if (older.length === 0 || !choices.post) return nothing;
    const part = isPart(choices.tasks);
    const chosen = older.find((each) => each.version === choices.replaces);
    return html`<div class="field">
      <label for="replaces">Older predictions in the project</label>
      <select
        id="replaces"
        ?disabled=${part}
        aria-describedby="replaces-hint"
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          this.app.runChoices.change({ replaces: value === '' ? null : value });
        }}
      >
        <option value="" ?selected=${choices.replaces === null}>Keep them all</option>
        ${older.map(
          (each) =>
            html`<option value=${each.version} ?selected=${each.version === choices.replaces}>
              Replace ${each.version} (${count(each.predictions)})
            </option>`,
        )}
      </select>
      <p id="replaces-hint" class="quiet numbers">
        ${
          part
            ? 'Only a run over all tasks can replace a version: Label Studio deletes it in the whole project.'
            : chosen === undefined
              ? 'The new ones are shown first; both stay in Label Studio.'
              : `${countOf(chosen.predictions, 'prediction')} of ${chosen.version} will be deleted when every task has a new one. You are asked before it starts.`
        }
      </p>
    </div>`;
  }

  /** How many predictions the chosen replacement deletes; null when nothing is replaced. */
  get deletes(): number | null {
    const { replaces } = this.app.runChoices.choices;
    if (replaces === null) return null;
    return this.versions.find(({ version }) => version === replaces)?.predictions ?? 0;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-replace-choice': ReplaceChoice;
  }
}
