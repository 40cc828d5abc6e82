import { ContextProvider } from '@lit/context';
import { LitElement, css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import './elements/engine-pill.ts';
import './elements/new-model-banner.ts';
import './elements/offline-banner.ts';
import './elements/run-bar.ts';
import './elements/settings-dialog.ts';
import './elements/step-links.ts';
import './elements/theme-button.ts';
import './elements/update-banner.ts';
import type { SettingsDialog } from './elements/settings-dialog.ts';
import './pages/label-studio-page.ts';
import './pages/model-page.ts';
import './pages/preview-page.ts';
import './pages/review-page.ts';
import './pages/run-page.ts';
import './pages/source-page.ts';
import './pages/train-page.ts';
import { sharedStyles } from '../ui/shared.styles.ts';
import { createServices } from './services.ts';
import { AppState } from './state/appState.ts';
import { appContext } from './state/context.ts';
import { Watch } from '../ui/observable.ts';
import { hashOf } from './state/route.ts';
import type { Page } from './state/route.ts';

const titles: Readonly<Record<Page, string>> = {
  source: 'Source',
  model: 'Model & labels',
  preview: 'Preview',
  run: 'Run',
  review: 'Review',
  train: 'Train',
  'label-studio': 'In Label Studio',
};

/** The frame around the pages: header, steps, the page of the address, the run's bar. */
@customElement('forelabel-app')
export class ForelabelApp extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 100vh;
      }
      .top {
        position: sticky;
        top: 0;
        z-index: 5;
        border-bottom: 1px solid var(--wa-color-surface-border);
        background: var(--wa-color-surface-default);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
        height: var(--fl-header-height);
        padding: 0 12px 0 24px;
      }
      .brand {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        color: inherit;
        font-size: var(--wa-font-size-m);
        font-weight: var(--wa-font-weight-bold);
        text-decoration: none;
      }
      .brand img {
        width: 24px;
        height: 24px;
      }
      .tools {
        display: flex;
        align-items: center;
        gap: 4px;
      }
      main {
        flex: 1;
        min-width: 0;
      }
      main:focus {
        outline: none;
      }
      fl-run-bar {
        position: sticky;
        bottom: 0;
        z-index: 5;
      }
      .skip {
        position: absolute;
        left: -9999px;
      }
      .skip:focus {
        left: 8px;
        top: 8px;
        z-index: 20;
        padding: 8px 16px;
        background: var(--wa-color-surface-raised);
      }
      @media (max-width: 600px) {
        header {
          padding: 0 4px 0 16px;
        }
        .tools {
          gap: 0;
        }
      }
      @media (max-width: 420px) {
        header {
          padding-left: 8px;
        }
        /* For screen readers: the icon says it to the others. */
        .brand span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
          white-space: nowrap;
        }
      }
    `,
  ];

  readonly #app = new AppState(createServices());
  readonly #provider = new ContextProvider(this, { context: appContext, initialValue: this.#app });
  protected readonly watch = new Watch(this, () => [this.#app.route]);
  @query('fl-settings-dialog') private settings!: SettingsDialog;
  @query('main') private main!: HTMLElement;
  @query('fl-run-bar') private bar!: HTMLElement;

  protected override firstUpdated(): void {
    // Pages that fill the window need to know what the bar takes of it.
    const bar = new ResizeObserver(([entry]) => {
      this.style.setProperty('--fl-bar-height', `${entry?.contentRect.height ?? 0}px`);
    });
    bar.observe(this.bar);
    void this.#provider.value.start();
  }

  protected override updated(): void {
    document.title = `${titles[this.#app.route.place.step]} – Forelabel`;
  }

  protected override render(): TemplateResult {
    return html`
      <div class="top">
        <header>
          <button class="skip" type="button" @click=${() => this.main.focus()}>To the page</button>
          <a class="brand" href=${hashOf('source')}><img src="/icon.svg" alt="" /><span>Forelabel</span></a>
          <div class="tools">
            <fl-engine-pill></fl-engine-pill>
            <wa-button
              appearance="plain"
              size="s"
              title="In Label Studio"
              href=${hashOf('label-studio')}
              data-testid="in-label-studio"
            >
              <wa-icon name="bookmark" label="In Label Studio"></wa-icon>
            </wa-button>
            <fl-theme-button></fl-theme-button>
            <wa-button appearance="plain" size="s" title="Settings" @click=${() => this.settings.show()}>
              <wa-icon name="settings" label="Settings"></wa-icon>
            </wa-button>
          </div>
        </header>
        <fl-step-links></fl-step-links>
      </div>
      <fl-update-banner></fl-update-banner>
      <fl-offline-banner></fl-offline-banner>
      <fl-new-model-banner></fl-new-model-banner>
      <main tabindex="-1">${this.#page()}</main>
      <fl-run-bar></fl-run-bar>
      <fl-settings-dialog></fl-settings-dialog>
    `;
  }

  #page(): TemplateResult {
    switch (this.#app.route.place.step) {
      case 'source':
        return html`<fl-source-page></fl-source-page>`;
      case 'model':
        return html`<fl-model-page></fl-model-page>`;
      case 'preview':
        return html`<fl-preview-page></fl-preview-page>`;
      case 'run':
        return html`<fl-run-page></fl-run-page>`;
      case 'review':
        return html`<fl-review-page></fl-review-page>`;
      case 'train':
        return html`<fl-train-page></fl-train-page>`;
      case 'label-studio':
        return html`<fl-label-studio-page></fl-label-studio-page>`;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'forelabel-app': ForelabelApp;
  }
}
