import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { bytes, count, countOf } from '../../ui/wording.ts';
import { problemOf } from '../../ui/problem.ts';
import type { Download } from '../offline/offlineDownload.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** Of the chosen project: 'Make available offline', how far that is, how much it takes, and its removal. */
@customElement('fl-offline-project')
export class OfflineProject extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      section {
        display: grid;
        gap: 8px;
      }
      wa-progress-bar {
        --track-height: 8px;
        max-width: 480px;
      }
    `,
  ];

  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.offline, this.app.source, this.app.mapping, this.app.reach];
  }

  protected override firstUpdated(): void {
    void this.app.offline.refresh();
  }

  #start(): void {
    const { chosen } = this.app.source;
    const field = this.app.mapping.mapping?.control.imageField;
    this.problem = null;
    if (chosen !== null && field !== undefined) void this.app.offline.start(chosen, field);
  }

  async #remove(): Promise<void> {
    const { chosen } = this.app.source;
    if (chosen === null) return;
    try {
      await this.app.offline.remove(chosen.url, chosen.project.id);
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { chosen } = this.app.source;
    if (chosen === null) return nothing;
    const { download } = this.app.offline;
    const own = download?.server === chosen.url && download.projectId === chosen.project.id ? download : null;
    return html`<section aria-label="Offline copy of this project" data-testid="offline-project">
      ${own?.running === true ? this.#progress(own) : this.#state(own)}
      <fl-error-banner .message=${this.problem ?? own?.problem ?? null}></fl-error-banner>
    </section>`;
  }

  #progress(download: Download): TemplateResult {
    const { kept, total } = download;
    return html`<div class="row numbers">
        <span role="status" class="visually-hidden">Making the project available offline</span>
        <span>${count(kept)} of ${countOf(total, 'task')} here · ${bytes(download.bytes)}</span>
        <wa-button size="s" appearance="outlined" @click=${() => this.app.offline.cancel()}>
          <wa-icon slot="start" name="close"></wa-icon>Cancel
        </wa-button>
      </div>
      <wa-progress-bar
        value=${total === 0 ? 0 : Math.min(100, (100 * kept) / total)}
        label="Tasks available offline"
      ></wa-progress-bar>`;
  }

  #state(own: Download | null): TemplateResult {
    const { offline, reach, source, mapping } = this.app;
    const { chosen } = source;
    const kept = chosen === null ? undefined : offline.kept(chosen.url, chosen.project.id);
    const away = chosen !== null && reach.isAway(chosen.url);
    const missing = own?.missing ?? 0;
    return html`<div class="row numbers">
      ${
        kept === undefined || kept.tasks === 0
          ? nothing
          : html`<span class="quiet"
              >${countOf(kept.tasks, 'task')}${
                kept.complete ? '' : ` of ${count(Math.max(kept.project.taskCount, kept.tasks))}`
              }
              available offline ·
              ${bytes(kept.bytes)}${
                missing === 0 ? '' : ` · ${countOf(missing, 'image')} could not be fetched`
              }</span
            >`
      }
      ${
        away
          ? nothing
          : html`<wa-button
              size="s"
              appearance="outlined"
              ?disabled=${offline.running || mapping.mapping === null}
              title="Fetches the images into this browser, to pre-label them without Label Studio"
              @click=${() => this.#start()}
            >
              <wa-icon slot="start" name="download"></wa-icon>${
                kept === undefined
                  ? 'Make available offline'
                  : kept.complete
                    ? 'Fetch what is new'
                    : 'Go on fetching'
              }
            </wa-button>`
      }
      ${
        kept === undefined
          ? nothing
          : html`<wa-button size="s" appearance="plain" @click=${() => void this.#remove()}>
              <wa-icon slot="start" name="trash"></wa-icon>Remove the offline copy
            </wa-button>`
      }
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-offline-project': OfflineProject;
  }
}
