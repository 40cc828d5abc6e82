import { LitElement, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { Watch } from '../../ui/observable.ts';
import { controlStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { backendName, countOf, milliseconds, score } from '../../ui/wording.ts';
import { comboName } from './keys.ts';
import './panel-options.ts';
import { lowestThreshold } from './panelSettings.ts';
import type { PanelState } from './panelState.ts';
import { panelStyles } from './panel.styles.ts';

const mac = /mac|iphone|ipad/iu.test(navigator.userAgent);

/** How far the panel's head was dragged since the last time, in CSS pixels. */
export interface Move {
  readonly dx: number;
  readonly dy: number;
}

/** The panel. Fires 'move' while its head is dragged: the page around it moves the frame. */
@customElement('fl-panel')
export class PanelView extends LitElement {
  static override styles = [sharedStyles, controlStyles, panelStyles];

  @property({ attribute: false }) panel!: PanelState;
  @property({ type: Boolean, reflect: true }) collapsed = false;
  @state() private options = false;
  protected readonly watch = new Watch(this, () => [this.panel, this.panel.engine]);

  protected override render(): TemplateResult {
    return html`
      <header @pointerdown=${this.#grab}>
        <img src="/icon.svg" alt="" />
        <h1>Forelabel</h1>
        <span class="quiet engine" title=${this.panel.engine.info?.why ?? nothing}>${this.#engine()}</span>
        <button
          type="button"
          class="tool"
          aria-expanded=${this.collapsed ? 'false' : 'true'}
          aria-controls="body"
          title=${this.collapsed ? 'Open the panel' : 'Fold the panel'}
          @click=${this.#fold}
        >
          <wa-icon
            name=${this.collapsed ? 'unfold' : 'fold'}
            label=${this.collapsed ? 'Open the panel' : 'Fold the panel'}
          ></wa-icon>
        </button>
      </header>
      <main id="body" ?hidden=${this.collapsed}>${this.#body()}</main>
    `;
  }

  #fold(): void {
    this.collapsed = !this.collapsed;
  }

  /** On the screen, not in the frame: the frame moves under the pointer. */
  #grab(event: PointerEvent): void {
    const head = event.currentTarget as HTMLElement;
    if (event.button !== 0 || event.composedPath().some((each) => each instanceof HTMLButtonElement)) return;
    let [x, y] = [event.screenX, event.screenY];
    head.setPointerCapture(event.pointerId);
    const drag = ({ screenX, screenY }: PointerEvent): void => {
      const detail: Move = { dx: screenX - x, dy: screenY - y };
      [x, y] = [screenX, screenY];
      this.dispatchEvent(new CustomEvent('move', { detail }));
    };
    head.addEventListener('pointermove', drag);
    const drop = (): void => head.removeEventListener('pointermove', drag);
    head.addEventListener('lostpointercapture', drop, { once: true });
  }

  #engine(): string {
    const { info, status } = this.panel.engine;
    if (info !== null) return backendName(info.backend);
    return status.kind === 'failed' ? 'no engine' : '';
  }

  #body(): TemplateResult {
    const { panel } = this;
    if (panel.work === null) return html`<p class="message" role="status">${panel.message}</p>`;
    const { settings } = panel;
    return html`
      ${this.#main()}
      <div class="threshold">
        <label for="threshold">Threshold</label>
        <span class="numbers" aria-hidden="true">${score(settings.threshold)}</span>
        <input
          id="threshold"
          type="range"
          min=${lowestThreshold}
          max="1"
          step="0.01"
          .value=${String(settings.threshold)}
          @input=${(event: Event) => panel.setThreshold(Number((event.target as HTMLInputElement).value))}
        />
      </div>
      ${this.#status()}
      <div class="line">
        <div class="check go">
          <input
            id="go"
            type="checkbox"
            .checked=${settings.asIGo}
            @change=${(event: Event) => panel.setAsIGo((event.target as HTMLInputElement).checked)}
          />
          <label for="go" title="Each task that opens; the next ones are looked at ahead">As I go</label>
        </div>
        <button
          type="button"
          class="link"
          aria-expanded=${this.options ? 'true' : 'false'}
          @click=${() => (this.options = !this.options)}
        >
          Options
        </button>
      </div>
      ${this.options ? html`<fl-panel-options .panel=${panel}></fl-panel-options>` : nothing}
    `;
  }

  /** The button, or the question that stands before it. */
  #main(): TemplateResult {
    const { panel } = this;
    const { work, settings, engine } = panel;
    const key = comboName(settings.key, mac);
    if (work?.phase === 'asking') {
      return html`<div class="question" role="alertdialog" aria-labelledby="question">
        <p id="question">
          This annotation has ${work.task.boxes > 0 ? countOf(work.task.boxes, 'box', 'boxes') : 'boxes'}.
        </p>
        <div class="pair">
          <wa-button size="s" variant="brand" @click=${() => void panel.preLabel({ anyway: true })}
            >Add anyway</wa-button
          >
          <wa-button size="s" appearance="outlined" @click=${() => work.decline()}>Leave</wa-button>
        </div>
      </div>`;
    }
    if (engine.status.kind === 'failed') {
      return html`<div class="problem" role="alert"><p>${engine.status.message}</p></div>
        <wa-button size="s" appearance="outlined" @click=${() => void panel.retryEngine()}
          >Try again</wa-button
        >`;
    }
    return html`<wa-button
      class="main"
      variant="brand"
      size="s"
      title="Pre-label this task (${key})"
      ?loading=${work?.phase === 'working'}
      @click=${() => void panel.preLabel()}
    >
      ${settings.delivery === 'post' ? 'Post prediction' : 'Pre-label'}
      <kbd slot="end" aria-hidden="true">${key}</kbd>
    </wa-button>`;
  }

  #status(): TemplateResult {
    const { work } = this.panel;
    if (work !== null && work.problem !== null) {
      return html`<div class="problem" role="alert"><p>${work.problem}</p></div>`;
    }
    const none = work === null || work.shown.size === 0;
    return html`
      <p class="status quiet numbers" role="status">${this.#words()}</p>
      <div class="line links">
        <button type="button" class="link" ?disabled=${none} @click=${() => work?.acceptAll()}>
          Accept all
        </button>
        <button type="button" class="link" ?disabled=${none} @click=${() => void work?.removeAll()}>
          Remove all
        </button>
        <button
          type="button"
          class="link"
          ?disabled=${work?.canUndo !== true}
          @click=${() => void work?.undo()}
        >
          Undo
        </button>
      </div>
    `;
  }

  #words(): string {
    const { work, engine, lastMs, tasks } = this.panel;
    if (work === null) return '';
    if (engine.status.kind === 'loading') {
      const { part } = engine.status;
      return part === null || part >= 1
        ? 'Starting the model'
        : `Loading the model, ${Math.round(part * 100)}%`;
    }
    if (work.phase === 'working') return 'Looking at the image';
    if (work.phase !== 'done') return engine.model?.version ?? '';
    const time = lastMs === null ? '' : ` · ${milliseconds(lastMs)}`;
    const all = tasks > 1 ? ` · ${countOf(tasks, 'task')}` : '';
    if (work.posted === 'before') return `This model’s prediction is there already${all}`;
    if (work.posted === 'now') return `Posted as prediction${time}${all}`;
    return `${countOf(work.shown.size, 'box', 'boxes')} added${time}${all}`;
  }
}

declare global {
  interface HTMLElementEventMap {
    move: CustomEvent<Move>;
  }
  interface HTMLElementTagNameMap {
    'fl-panel': PanelView;
  }
}
