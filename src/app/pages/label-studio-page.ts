import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/copy-button/copy-button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { bookmarklet } from '../../panel/bookmarklet.ts';
import { pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import '../elements/bookmark-pictures.ts';
import '../elements/panel-origins.ts';
import { AppElement } from '../state/context.ts';
import { originOf } from '../state/panelAccess.ts';

/** How Forelabel comes into Label Studio's own page: the bookmark, the user script, who may show the panel. */
@customElement('fl-label-studio-page')
export class LabelStudioPage extends AppElement {
  static override styles = [
    sharedStyles,
    pageStyles,
    css`
      .lead {
        max-width: 640px;
        font-size: var(--wa-font-size-m);
        color: var(--wa-color-text-quiet);
        text-wrap: pretty;
      }
      .hero {
        display: grid;
        gap: 16px;
        justify-items: start;
      }
      .bookmark {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 40px;
        padding: 0 24px 0 16px;
        border-radius: 20px;
        background: var(--wa-color-brand-fill-loud);
        color: var(--wa-color-brand-on-loud);
        font-weight: var(--wa-font-weight-semibold);
        text-decoration: none;
        cursor: grab;
      }
      .bookmark:focus-visible {
        border-radius: 20px;
      }
      .bookmark img {
        width: 20px;
        height: 20px;
      }
      section {
        display: grid;
        gap: 12px;
        align-content: start;
        min-width: 0;
      }
      .two {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 32px 48px;
      }
      details {
        padding: 4px 0;
        border-top: 1px solid var(--wa-color-surface-border);
      }
      details:last-child {
        border-bottom: 1px solid var(--wa-color-surface-border);
      }
      summary {
        padding: 8px 0;
        cursor: pointer;
      }
      details > p {
        max-width: 640px;
        padding-bottom: 12px;
        color: var(--wa-color-text-quiet);
      }
      .ask {
        display: grid;
        gap: 12px;
      }
    `,
  ];

  /** The bookmark was pressed here, where it can do nothing. */
  @state() private pressed = false;

  protected override watched() {
    return [this.app.route, this.app.panelAccess];
  }

  protected override firstUpdated(): void {
    if (this.app.panelAccess.origins === null) void this.app.panelAccess.load();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      ${this.#question()}
      <div class="hero">
        <h1>In Label Studio</h1>
        <p class="lead">
          One bookmark puts boxes into the task that is open: no token, no change of page. The image stays in
          this browser.
        </p>
        <div class="row">
          <a class="bookmark" href=${bookmarklet(location.origin)} @click=${this.#onPress}
            ><img src="/icon.svg" alt="" />Forelabel</a
          >
          <wa-copy-button
            .value=${bookmarklet(location.origin)}
            copy-label="Copy the bookmark’s address"
          ></wa-copy-button>
        </div>
        <p class="quiet" role="status">
          ${
            this.pressed
              ? 'It works on Label Studio’s pages only. Drag it to the bookmarks bar, or copy its address into a new bookmark.'
              : 'Drag it to the bookmarks bar; or copy its address, and make a bookmark of that.'
          }
        </p>
      </div>
      <fl-bookmark-pictures></fl-bookmark-pictures>
      <div class="two">
        <section aria-labelledby="allowed">
          <h2 id="allowed">Who may show the panel</h2>
          <p class="quiet">
            Forelabel answers only inside Label Studios that you have allowed here. The bookmark asks the
            first time.
          </p>
          <fl-panel-origins extend></fl-panel-origins>
        </section>
        <section aria-labelledby="script">
          <h2 id="script">Without pressing anything</h2>
          <p class="quiet">
            A user script does the same by itself whenever a task is opened. It needs an extension that runs
            user scripts, such as Violentmonkey or Tampermonkey.
          </p>
          <div class="row">
            <wa-button size="s" appearance="outlined" href="/forelabel.user.js" target="_blank">
              <wa-icon slot="start" name="download"></wa-icon>Install the user script
            </wa-button>
            <wa-copy-button
              .value=${`${location.origin}/forelabel.user.js`}
              copy-label="Copy the user script’s address"
            ></wa-copy-button>
          </div>
        </section>
      </div>
      ${this.#troubles()}
    </div>`;
  }

  #onPress(event: Event): void {
    event.preventDefault();
    this.pressed = true;
  }

  /** Asked for by the panel of a Label Studio that is not allowed yet: `#/label-studio?allow=<origin>`. */
  #question(): TemplateResult | typeof nothing {
    const { place } = this.app.route;
    if (place.step !== 'label-studio' || place.item === null) return nothing;
    const origin = originOf(place.item);
    if (origin === null) {
      return html`<wa-callout variant="danger" size="s" role="alert">
        <wa-icon slot="icon" name="warning"></wa-icon>
        What asks to show the panel is no web page. Open Label Studio under its http or https address and
        press the bookmark again.
      </wa-callout>`;
    }
    const { panelAccess } = this.app;
    if (panelAccess.isAllowed(origin)) {
      return html`<wa-callout variant="success" size="s" role="status" data-testid="allowed">
        <wa-icon slot="icon" name="check"></wa-icon>
        ${origin} may show the panel. Go back to its tab: press the bookmark there once more.
      </wa-callout>`;
    }
    return html`<wa-callout variant="brand" size="s" data-testid="allow-question">
      <wa-icon slot="icon" name="bookmark"></wa-icon>
      <div class="ask">
        <h2>Allow ${origin} to show Forelabel’s panel?</h2>
        <p>
          Its pages may then send images to Forelabel’s detector and get boxes for them. They see nothing else
          of Forelabel. Allow only a Label Studio that you know.
        </p>
        <div class="row">
          <wa-button
            size="s"
            variant="brand"
            ?disabled=${panelAccess.busy}
            @click=${() => void panelAccess.allow(origin)}
            >Allow</wa-button
          >
          <wa-button size="s" appearance="outlined" @click=${() => this.app.route.go('label-studio')}
            >Not now</wa-button
          >
        </div>
      </div>
    </wa-callout>`;
  }

  #troubles(): TemplateResult {
    return html`<section aria-labelledby="troubles">
      <h2 id="troubles">When the panel does not come</h2>
      <div>
        <details>
          <summary>Label Studio blocks scripts</summary>
          <p>
            Some servers enforce a Content-Security-Policy (<code>LS_CSP_REPORT_ONLY=false</code>). Neither
            the bookmark nor the user script gets in there; some browsers do not even let the bookmark say so.
            Keep <a href="/#/source">Forelabel</a> in a window beside Label Studio and run the project from
            here: the boxes are posted as predictions. Or ask whoever runs the server to leave that setting at
            its default.
          </p>
        </details>
        <details>
          <summary>Label Studio is on another machine, without https</summary>
          <p>
            Browsers give WebGPU to secure pages only, so the panel runs on the processor (wasm) there:
            slower, with the same boxes. With https in front of Label Studio the graphics card is used again.
          </p>
        </details>
        <details>
          <summary>Forelabel is not running</summary>
          <p>
            The bookmark loads the panel from ${location.origin}. Start Forelabel again with
            <code>npm start</code>; a bookmark from another address of Forelabel has to be made anew.
          </p>
        </details>
        <details>
          <summary>Images lie in a bucket</summary>
          <p>
            The panel fetches images as Label Studio’s page may. A bucket needs a CORS rule that allows GET
            from Label Studio’s address; the panel says so when it is missing.
          </p>
        </details>
        <details>
          <summary>The browser asks for access to the local network</summary>
          <p>
            A Label Studio on the internet that loads a page from your own machine makes Chrome ask once.
            Allow it: only Forelabel’s address is called.
          </p>
        </details>
      </div>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-label-studio-page': LabelStudioPage;
  }
}
