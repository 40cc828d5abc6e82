import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { TaskView } from '../../labelstudio/types.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { queryOf, wrongWith } from '../state/runChoices.ts';
import type { TaskChoice } from '../state/runChoices.ts';

/** How long to wait for the next keystroke before Label Studio is asked how many tasks that are. */
const settleMs = 400;

/** Which tasks of the chosen project run, folded away: most runs are about all of them. */
@customElement('fl-task-choice')
export class TaskChoiceElement extends AppElement {
  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      summary {
        width: fit-content;
        cursor: pointer;
      }
      summary strong {
        font-weight: var(--wa-font-weight-semibold);
      }
      .fields {
        display: grid;
        gap: 16px;
        padding: 16px 0 0 20px;
      }
      .check label {
        font-weight: var(--wa-font-weight-normal);
      }
      .pair {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
      }
      .pair > :first-child {
        flex: 0 0 144px;
      }
      .pair input {
        width: 96px;
      }
      .pair select {
        flex: 1 1 160px;
        max-width: 320px;
      }
      .wrong {
        color: var(--wa-color-danger-on-quiet);
      }
      @media (max-width: 600px) {
        .fields {
          padding-left: 0;
        }
        .pair > :first-child {
          flex: 1 0 100%;
        }
      }
    `,
  ];

  @state() private views: readonly TaskView[] = [];
  /** How many tasks are chosen; null while that is not known. */
  @state() private chosen: number | null = null;

  #counted = '';
  #viewsOf: unknown = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #abort = new AbortController();

  protected override watched() {
    return [this.app.runChoices, this.app.source, this.app.engine];
  }

  override disconnectedCallback(): void {
    // eslint-disable-next-line wc/guard-super-call -- LitElement has one
    super.disconnectedCallback();
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#counted = '';
  }

  protected override updated(): void {
    const { chosen } = this.app.source;
    const version = this.app.engine.model?.version;
    if (chosen === null || version === undefined) return;
    if (this.#viewsOf !== chosen) {
      this.#viewsOf = chosen;
      this.views = [];
      void chosen.labelStudio.listViews(chosen.project.id).then(
        (views) => (this.views = views),
        // Without tabs to choose from, all else works; what is wrong with Label Studio is said elsewhere.
        () => undefined,
      );
    }
    const { tasks } = this.app.runChoices.choices;
    const asked = JSON.stringify([chosen.url, chosen.project.id, version, tasks]);
    if (asked === this.#counted) return;
    this.#counted = asked;
    this.chosen = null;
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (wrongWith(tasks) !== null) return;
    this.#timer = setTimeout(() => {
      this.#abort = new AbortController();
      const query = { ...queryOf(tasks, version), projectId: chosen.project.id };
      void chosen.labelStudio.countTasks(query, this.#abort.signal).then(
        (tasksChosen) => {
          if (this.#counted === asked) this.chosen = tasksChosen;
        },
        () => undefined,
      );
    }, settleMs);
  }

  #change(part: Partial<TaskChoice>): void {
    const { tasks } = this.app.runChoices.choices;
    this.app.runChoices.change({ tasks: { ...tasks, ...part } });
  }

  protected override render(): TemplateResult {
    const { tasks } = this.app.runChoices.choices;
    const wrong = wrongWith(tasks);
    return html`<details>
      <summary>
        <strong>Which tasks</strong>
        <span class="quiet numbers">${this.#summary(tasks)}</span>
      </summary>
      <div class="fields">
        ${this.#check('unlabeled', 'Only tasks that nobody has labeled', tasks.onlyUnlabeled, (on) =>
          this.#change({ onlyUnlabeled: on }),
        )}
        ${this.#check(
          'unpredicted',
          'Only tasks without a prediction of this model version',
          tasks.onlyUnpredicted,
          (on) => this.#change({ onlyUnpredicted: on }),
        )}
        ${this.#tab(tasks)}
        <div class="pair" role="group" aria-labelledby="ids">
          <span id="ids">Task numbers</span>
          ${this.#number('From task', tasks.fromId, (fromId) => this.#change({ fromId }))}
          <span aria-hidden="true">to</span>
          ${this.#number('To task', tasks.toId, (toId) => this.#change({ toId }))}
        </div>
        <div class="pair" role="group" aria-labelledby="part">
          <span id="part" title="To share a project among machines: each takes another part">Part</span>
          ${this.#number('Part', tasks.shard?.index ?? null, (index) => this.#shard(index, tasks.shard?.count ?? null))}
          <span aria-hidden="true">of</span>
          ${this.#number('Number of parts', tasks.shard?.count ?? null, (parts) =>
            this.#shard(tasks.shard?.index ?? null, parts),
          )}
        </div>
        <div class="pair" role="group" aria-labelledby="sample">
          <span id="sample">Random sample</span>
          ${this.#number('Tasks in the sample', tasks.sample?.count ?? null, (size) =>
            this.#change({ sample: size === null ? null : { count: size, seed: tasks.sample?.seed ?? 0 } }),
          )}
          ${
            tasks.sample === null
              ? html`<span class="quiet">tasks</span>`
              : html`<label for="seed" title="Another number draws other tasks; the same one draws the same">
                    tasks, seed
                  </label>
                  <input
                    id="seed"
                    type="number"
                    min="0"
                    inputmode="numeric"
                    .value=${String(tasks.sample.seed)}
                    @change=${(event: Event) => {
                      const seed = readNumber(event) ?? 0;
                      if (tasks.sample !== null) this.#change({ sample: { ...tasks.sample, seed } });
                    }}
                  />`
          }
        </div>
        <p class="wrong" role="status">${wrong ?? nothing}</p>
      </div>
    </details>`;
  }

  #shard(index: number | null, parts: number | null): void {
    if (index === null && parts === null) this.#change({ shard: null });
    else this.#change({ shard: { index: index ?? 1, count: parts ?? Math.max(2, index ?? 1) } });
  }

  #tab({ view }: TaskChoice): TemplateResult {
    return html`<div class="pair">
      <label for="view" title="The filters of a tab of Label Studio's data manager">Data manager tab</label>
      <select
        id="view"
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          this.#change({ view: value === '' ? null : Number(value) });
        }}
      >
        <option value="" ?selected=${view === null}>All tasks</option>
        ${this.views.map(
          ({ id, title }) => html`<option value=${id} ?selected=${id === view}>${title}</option>`,
        )}
      </select>
    </div>`;
  }

  #check(id: string, label: string, on: boolean, set: (on: boolean) => void): TemplateResult {
    return html`<div class="check">
      <input
        id=${id}
        type="checkbox"
        .checked=${on}
        @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}
      />
      <label for=${id}>${label}</label>
    </div>`;
  }

  #number(label: string, value: number | null, set: (value: number | null) => void): TemplateResult {
    return html`<input
      type="number"
      min="1"
      inputmode="numeric"
      aria-label=${label}
      .value=${value === null ? '' : String(value)}
      @change=${(event: Event) => set(readNumber(event))}
    />`;
  }

  /** 'all 1,000' or '312 tasks: unlabeled, part 1 of 3' */
  #summary(tasks: TaskChoice): string {
    const { onlyUnlabeled, onlyUnpredicted, view, fromId, toId, shard, sample } = tasks;
    const parts: string[] = [];
    if (onlyUnlabeled) parts.push('unlabeled');
    if (onlyUnpredicted) parts.push('without a prediction');
    if (view !== null) parts.push(this.views.find(({ id }) => id === view)?.title ?? `tab ${view}`);
    if (fromId !== null && toId !== null) parts.push(`${fromId} to ${toId}`);
    else if (fromId !== null) parts.push(`from ${fromId}`);
    else if (toId !== null) parts.push(`up to ${toId}`);
    if (shard !== null) parts.push(`part ${shard.index} of ${shard.count}`);
    if (sample !== null) parts.push('a random sample');
    if (parts.length === 0) return this.chosen === null ? 'all' : `all ${count(this.chosen)}`;
    const which = parts.join(', ');
    return this.chosen === null ? which : `${countOf(this.chosen, 'task')}: ${which}`;
  }
}

/** A whole number of a field; null when it is empty or holds none. */
function readNumber(event: Event): number | null {
  const { value } = event.target as HTMLInputElement;
  const number = Number(value);
  return value.trim() !== '' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-task-choice': TaskChoiceElement;
  }
}
