import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { askForPersistence, storageRoom } from '../../store/quota.ts';
import type { StorageRoom } from '../../store/quota.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { bytes, countOf } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { problemOf } from '../../ui/problem.ts';
import './engine-choice.ts';
import './error-banner.ts';
import './kept-data.ts';
import './panel-origins.ts';

/** What this browser keeps, and how to be rid of it. */
@customElement('fl-settings-dialog')
export class SettingsDialog extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      section {
        display: grid;
        gap: 8px;
        justify-items: start;
      }
      section.wide {
        justify-items: stretch;
      }
      section + section,
      fl-kept-data + section {
        margin-top: 24px;
      }
    `,
  ];

  @state() open = false;
  @state() private room: StorageRoom | null = null;
  @state() private confirming = false;
  /** Results that Label Studio does not hold yet: they would be lost. */
  @state() private waiting = 0;
  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.connection, this.app.engine, this.app.run, this.app.training];
  }

  show(): void {
    this.open = true;
    this.confirming = false;
    this.problem = null;
    void this.#measure();
  }

  async #measure(): Promise<void> {
    this.room = await storageRoom();
  }

  async #persist(): Promise<void> {
    const agreed = await askForPersistence();
    this.problem = agreed
      ? null
      : 'The browser did not agree to keep the data. It usually does once you have used the page for a while.';
    this.room = await storageRoom();
  }

  /** Says what would be lost before it asks. */
  async #askDelete(): Promise<void> {
    try {
      this.waiting = await (await this.app.services.keep()).results.countWaiting();
    } catch {
      // A database that cannot be read can be deleted all the same.
      this.waiting = 0;
    }
    this.confirming = true;
  }

  async #deleteAll(): Promise<void> {
    try {
      this.app.run.cancel();
      await this.app.services.deleteEverything();
      location.reload();
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  protected override render(): TemplateResult {
    return html`<wa-dialog
      label="Settings"
      light-dismiss
      ?open=${this.open}
      @wa-after-hide=${(event: Event) => {
        if (event.target === event.currentTarget) this.open = false;
      }}
    >
      <section>
        <h2>Engine</h2>
        <p class="quiet" style="overflow-wrap: anywhere">${this.app.engine.info?.why ?? nothing}</p>
        <fl-engine-choice></fl-engine-choice>
      </section>
      <section>
        <h2>On this computer</h2>
        <p class="numbers">${this.#roomLine()}</p>
        <p class="quiet">
          Results, settings and models are kept in this browser only; images only where you make a project
          available offline.
        </p>
        ${
          this.room?.persistent === false
            ? html`<wa-button size="s" appearance="outlined" @click=${() => void this.#persist()}>
                Keep it when the disk gets full
              </wa-button>`
            : nothing
        }
      </section>
      <fl-kept-data @room-changed=${() => void this.#measure()}></fl-kept-data>
      ${this.#token()} ${this.#relayToken()}
      <section class="wide">
        <h2>Label Studios that may show the panel</h2>
        <fl-panel-origins></fl-panel-origins>
      </section>
      <section>
        <h2>Delete everything</h2>
        <p class="quiet">
          Results, settings, the token, offline images, the downloaded models and the installed app’s files.
          What is in Label Studio stays there.
        </p>
        ${
          this.confirming
            ? html`${this.#lost()}
                <div class="row">
                  <wa-button size="s" variant="danger" @click=${() => void this.#deleteAll()}
                    >Yes, delete it all</wa-button
                  >
                  <wa-button size="s" appearance="outlined" @click=${() => (this.confirming = false)}
                    >Keep it</wa-button
                  >
                </div>`
            : html`<wa-button size="s" appearance="outlined" @click=${() => void this.#askDelete()}>
                <wa-icon slot="start" name="trash"></wa-icon>Delete everything
              </wa-button>`
        }
      </section>
      <fl-error-banner .message=${this.problem}></fl-error-banner>
    </wa-dialog>`;
  }

  #lost(): TemplateResult | typeof nothing {
    if (this.waiting === 0) return nothing;
    return html`<wa-callout variant="warning" size="s" role="alert">
      <wa-icon slot="icon" name="warning"></wa-icon>
      ${countOf(this.waiting, 'result')} ${this.waiting === 1 ? 'is' : 'are'} not in Label Studio yet and will
      be lost. Finish the run first, or press Export everything.
    </wa-callout>`;
  }

  async #forgetInRelay(): Promise<void> {
    try {
      await this.app.training.forgetAccess();
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  #relayToken(): TemplateResult | typeof nothing {
    const known = this.app.training.status?.labelStudio;
    if (known?.hasToken !== true) return nothing;
    return html`<section>
      <h2>Token for training</h2>
      <p class="quiet">
        Forelabel on this machine keeps it in a file only you can read, for ${known.url}. Without it, no
        training and none of Label Studio’s own buttons work.
      </p>
      <wa-button size="s" appearance="outlined" @click=${() => void this.#forgetInRelay()}>
        Forget it there
      </wa-button>
    </section>`;
  }

  #roomLine(): string {
    if (this.room === null) return 'This browser does not say how much is used.';
    const kept = this.room.persistent ? ', and kept when the disk gets full' : '';
    return `${bytes(this.room.used)} used, ${bytes(this.room.available)} free${kept}.`;
  }

  #token(): TemplateResult | typeof nothing {
    const { remembered, status, info } = this.app.connection;
    if (!remembered && status !== 'connected') return nothing;
    return html`<section>
      <h2>Label Studio token</h2>
      <p class="quiet">
        ${remembered ? 'Remembered, encrypted with a key that cannot be read out' : 'Held by this tab only'}${
          info === null ? nothing : html`, for ${info.url}`
        }.
      </p>
      <wa-button size="s" appearance="outlined" @click=${() => void this.app.connection.disconnect()}>
        Forget the token
      </wa-button>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-settings-dialog': SettingsDialog;
  }
}
