import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/skeleton/skeleton.js';
import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import type { Project } from '../../labelstudio/types.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import './error-banner.ts';

/** The projects of the connected Label Studio. Fires 'source-chosen' once one has been taken. */
@customElement('fl-project-list')
export class ProjectList extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        gap: 16px;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 8px 16px;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr));
        gap: 8px;
        max-height: 320px;
        padding: 2px;
        overflow-y: auto;
        list-style: none;
      }
      button {
        display: grid;
        gap: 2px;
        width: 100%;
        min-height: 60px;
        padding: 8px 12px;
        border: 1px solid var(--wa-color-surface-border);
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-default);
        color: inherit;
        font: inherit;
        text-align: left;
        cursor: pointer;
      }
      button:hover {
        border-color: var(--wa-color-brand-border-loud);
      }
      button[aria-pressed='true'] {
        border-color: var(--wa-color-brand-border-loud);
        background: var(--wa-color-brand-fill-quiet);
      }
      .title {
        overflow: hidden;
        font-weight: var(--wa-font-weight-semibold);
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      wa-skeleton {
        height: 60px;
      }
      wa-input {
        max-width: 320px;
      }
    `,
  ];

  @state() private search = '';

  protected override watched() {
    return [this.app.connection, this.app.source, this.app.reach];
  }

  #choose(project: Project): void {
    this.app.chooseProject(project);
    this.dispatchEvent(new CustomEvent('source-chosen', { bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    const { projects, info, problem, remembered } = this.app.connection;
    return html`
      <div class="head">
        <div>
          <h2>Choose a project</h2>
          <p class="quiet">
            ${
              info !== null && this.app.reach.isAway(info.url)
                ? html`<strong>Offline:</strong> projects that are kept here, of`
                : 'Connected to'
            }
            ${info?.url}${info?.user ? ` as ${info.user}` : nothing}${
              remembered ? ', remembered on this computer' : nothing
            }
          </p>
        </div>
        <div class="row">
          <wa-button size="s" appearance="plain" @click=${() => void this.app.connection.refresh()}>
            <wa-icon slot="start" name="retry"></wa-icon>Refresh
          </wa-button>
          <wa-button size="s" appearance="plain" @click=${() => void this.app.connection.disconnect()}>
            Disconnect
          </wa-button>
        </div>
      </div>
      <fl-error-banner .message=${problem}></fl-error-banner>
      ${projects === null ? this.#skeletons() : this.#list(projects)}
    `;
  }

  #skeletons(): TemplateResult {
    return html`<ul aria-label="Projects" aria-busy="true">
      ${Array.from({ length: 6 }, () => html`<li><wa-skeleton effect="pulse"></wa-skeleton></li>`)}
    </ul>`;
  }

  #list(projects: readonly Project[]): TemplateResult {
    const wanted = this.search.trim().toLowerCase();
    const found = projects.filter(
      ({ title, id }) => title.toLowerCase().includes(wanted) || `#${id}` === wanted || String(id) === wanted,
    );
    return html`
      ${
        projects.length > 6
          ? html`<wa-input
              size="s"
              type="search"
              label="Search projects"
              with-clear
              @input=${(event: Event) => (this.search = (event.target as WaInput).value ?? '')}
            ></wa-input>`
          : nothing
      }
      ${
        found.length === 0
          ? html`<p class="quiet">
              ${
                projects.length === 0
                  ? 'This Label Studio has no projects that you can see. Create one there, then refresh.'
                  : 'No project has this in its name.'
              }
            </p>`
          : html`<ul aria-label="Projects">
              ${found.map((project) => html`<li>${this.#project(project)}</li>`)}
            </ul>`
      }
    `;
  }

  #project(project: Project): TemplateResult {
    const chosen = this.app.source.chosen?.project.id === project.id;
    return html`<button type="button" aria-pressed=${chosen} @click=${() => this.#choose(project)}>
      <span class="title" title=${project.title}>${project.title || 'Untitled project'}</span>
      <span class="quiet numbers">#${project.id} · ${countOf(project.taskCount, 'task')}</span>
    </button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-project-list': ProjectList;
  }
}
