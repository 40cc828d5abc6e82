import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import type { OfflineProjectRow } from '../../store/offlineTasks.ts';
import { problemOf } from '../../ui/problem.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { bytes, countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { everythingName } from '../state/everythingFile.ts';
import { openSaveTarget } from '../state/saveTarget.ts';
import './error-banner.ts';

/** In the settings: the installed app, projects kept for offline work, and all data as a file. Fires 'room-changed'. */
@customElement('fl-kept-data')
export class KeptData extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      section {
        display: grid;
        gap: 8px;
        justify-items: start;
        margin-top: 24px;
      }
      ul {
        display: grid;
        gap: 4px;
        width: 100%;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: 8px;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @query('#import') private input!: HTMLInputElement;
  @state() private busy: 'export' | 'restore' | null = null;
  @state() private problem: string | null = null;
  @state() private done: string | null = null;

  protected override watched() {
    return [this.app.offline, this.app.installation];
  }

  protected override firstUpdated(): void {
    void this.app.offline.refresh();
  }

  async #do(what: 'export' | 'restore', work: () => Promise<string | null>): Promise<void> {
    this.problem = null;
    this.done = null;
    this.busy = what;
    try {
      this.done = await work();
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.busy = null;
    this.dispatchEvent(new CustomEvent('room-changed'));
  }

  async #export(): Promise<string | null> {
    const target = await openSaveTarget(everythingName(new Date()));
    if (target === null) return null;
    await this.app.services.exportEverything(target.writable);
    await target.finish();
    return 'Saved. It holds no token and no images.';
  }

  async #restore(): Promise<string | null> {
    const [file] = this.input.files ?? [];
    if (file === undefined) return null;
    try {
      const { results, older, runs } = await this.app.services.restoreEverything(file);
      this.app.readResults();
      const here = older === 0 ? '' : `; ${countOf(older, 'result')} were here already`;
      return `Read back ${countOf(results, 'result')} of ${countOf(runs, 'run')}${here}.`;
    } finally {
      this.input.value = '';
    }
  }

  async #remove({ server, projectId }: OfflineProjectRow): Promise<void> {
    try {
      await this.app.offline.remove(server, projectId);
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.dispatchEvent(new CustomEvent('room-changed'));
  }

  protected override render(): TemplateResult {
    return html`${this.#app()} ${this.#projects()}
      <section aria-label="All data as a file">
        <h2>All data as a file</h2>
        <p class="quiet">
          Results with what waits to be posted, runs and settings; no tokens, no images, no model files. It
          can be read back here or in another browser.
        </p>
        <div class="row">
          <wa-button
            size="s"
            appearance="outlined"
            ?loading=${this.busy === 'export'}
            @click=${() => void this.#do('export', () => this.#export())}
          >
            <wa-icon slot="start" name="download"></wa-icon>Export everything
          </wa-button>
          <wa-button
            size="s"
            appearance="outlined"
            ?loading=${this.busy === 'restore'}
            @click=${() => this.input.click()}
            >Read an export back</wa-button
          >
          <input
            id="import"
            type="file"
            accept=".gz"
            hidden
            aria-label="Export to read back"
            data-testid="import-everything"
            @change=${() => void this.#do('restore', () => this.#restore())}
          />
        </div>
        <p role="status">${this.done ?? nothing}</p>
        <fl-error-banner .message=${this.problem}></fl-error-banner>
      </section>`;
  }

  #app(): TemplateResult | typeof nothing {
    const { installation } = this.app;
    if (!installation.ready && !installation.installable) return nothing;
    return html`<section aria-label="Without a network">
      <h2>Without a network</h2>
      <p class="quiet">
        ${installation.ready ? 'Forelabel and the models you have used open without a network.' : nothing}
      </p>
      ${
        installation.installable
          ? html`<wa-button size="s" appearance="outlined" @click=${() => void installation.install()}
              >Install Forelabel</wa-button
            >`
          : nothing
      }
    </section>`;
  }

  #projects(): TemplateResult | typeof nothing {
    const { projects } = this.app.offline;
    if (projects.length === 0) return nothing;
    return html`<section aria-label="Available offline">
      <h2>Available offline</h2>
      <ul>
        ${projects.map(
          (each) =>
            html`<li>
              <span class="numbers"
                >${each.project.title || 'Untitled project'} (${each.server} #${each.projectId}):
                ${countOf(each.tasks, 'task')}, ${bytes(each.bytes)}</span
              >
              <wa-button size="s" appearance="plain" @click=${() => void this.#remove(each)}>
                <wa-icon name="trash" label="Remove the offline copy of ${each.project.title}"></wa-icon>
              </wa-button>
            </li>`,
        )}
      </ul>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-kept-data': KeptData;
  }
}
