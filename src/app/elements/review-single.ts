import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/class-legend.ts';
import '../elements/error-banner.ts';
import './box-list.ts';
import './keys-dialog.ts';
import './zoom-image.ts';
import type { KeysDialog } from './keys-dialog.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { count, score } from '../../ui/wording.ts';
import type { ItemResult } from '../../store/types.ts';
import { problemOf } from '../../ui/problem.ts';
import { AppElement } from '../state/context.ts';
import { shownBoxes } from '../state/display.ts';
import { FullImage } from '../state/fullImage.ts';
import { hashOf } from '../state/route.ts';
import { isInLabelStudio } from '../state/posted.ts';
import { reviewKey } from '../state/reviewKeys.ts';
import type { ReviewCommand } from '../state/reviewKeys.ts';
import { WindowEvents } from '../state/windowEvents.ts';
import { reviewSingleStyles } from './review-single.styles.ts';

/** One image with its boxes: zoom, step through, remove a wrong box, mark it good; all by keyboard. */
@customElement('fl-review-single')
export class ReviewSingle extends AppElement {
  static override styles = [sharedStyles, reviewSingleStyles];

  @property() key = '';
  /** Place in the result's detections of the chosen box, -1 for none. */
  @state() private chosen = -1;
  /** Label Studio holds this prediction already: what is removed here would stay there. */
  @state() private posted = false;
  @state() private problem: string | null = null;
  @query('fl-keys-dialog') private keysDialog!: KeysDialog;
  readonly #reading = new Set<string>();
  readonly #image = new FullImage(() => this.requestUpdate());

  protected override watched() {
    return [this.app.review, this.app.display, this.app.source];
  }

  constructor() {
    super();
    this.addController({ hostDisconnected: () => this.#image.clear() });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('key')) return;
    this.chosen = -1;
    this.posted = false;
    this.problem = null;
    const { key } = this;
    this.app.review.lookAt(key);
    void this.#image.show(this.app.source.items, key);
    void isInLabelStudio(this.app, key).then((posted) => {
      if (this.key === key) this.posted = posted;
    });
  }

  /** The result, once it has been read; those on both sides are read ahead. */
  get #result(): ItemResult | undefined {
    const { review } = this.app;
    const order = this.#order;
    const place = order.indexOf(this.key);
    for (const key of [this.key, order[place + 1], order[place - 1]]) {
      if (key === undefined || review.peek(key) !== undefined || this.#reading.has(key)) continue;
      this.#reading.add(key);
      void review
        .read(key)
        .then(() => {
          if (review.peek(this.key) !== undefined) this.requestUpdate();
        })
        .catch((error: unknown) => (this.problem = problemOf(error)))
        .finally(() => this.#reading.delete(key));
    }
    return review.peek(this.key);
  }

  get #order(): readonly string[] {
    return this.app.review.sorted(this.app.display.threshold);
  }

  #step(by: number): void {
    const order = this.#order;
    const next = order[order.indexOf(this.key) + by];
    if (next !== undefined) this.app.route.go('review', next, { replace: true });
  }

  #nextBox(by: number): void {
    const indices = this.#boxes.map(({ index }) => index);
    if (indices.length === 0) return;
    const at = indices.indexOf(this.chosen);
    this.chosen = indices[(at + by + indices.length) % indices.length] ?? -1;
  }

  get #boxes() {
    const result = this.app.review.peek(this.key);
    return result === undefined ? [] : shownBoxes(result.detections, this.app.display);
  }

  readonly #keyDown = (event: KeyboardEvent): void => {
    const command = this.keysDialog.open ? null : reviewKey(event);
    if (command === null) return;
    event.preventDefault();
    this.#do(command);
  };

  protected readonly keys = new WindowEvents(this, { keydown: this.#keyDown });

  #do(command: ReviewCommand): void {
    const { display, review, route } = this.app;
    if (command.kind === 'step') this.#step(command.by);
    else if (command.kind === 'box') this.#nextBox(command.by);
    else if (command.kind === 'threshold') display.setThreshold(display.threshold + command.by);
    else if (command.kind === 'class') {
      if (command.label < display.looks.length) display.toggleClass(command.label);
    } else if (command.kind === 'remove') this.#remove(this.chosen);
    else if (command.kind === 'undo') void review.undo();
    else if (command.kind === 'keys') this.keysDialog.show();
    else if (command.kind === 'back') route.go('review');
    else {
      if (!review.good.has(this.key)) void review.toggleGood(this.key);
      this.#step(1);
    }
  }

  #remove(index: number): void {
    if (index < 0 || this.posted) return;
    void this.app.review.removeBox(this.key, index);
    this.chosen = -1;
  }

  protected override render(): TemplateResult {
    const result = this.#result;
    if (result === undefined && this.problem !== null)
      return html`<fl-error-banner class="gone" .message=${this.problem}></fl-error-banner>`;
    if (result === undefined && this.app.review.has(this.key))
      return html`<div class="layout" aria-busy="true"></div>`;
    if (result === undefined) {
      return html`<p class="gone">
        This result is not here. <a href=${hashOf('review')}>Back to the grid</a>
      </p>`;
    }
    const boxes = this.#boxes;
    return html`<div class="layout">
        <div class="stage">
          <fl-zoom-image
            .src=${this.#image.url}
            .width=${result.width}
            .height=${result.height}
            .boxes=${boxes}
            .chosen=${boxes.findIndex(({ index }) => index === this.chosen)}
            .title=${result.name}
            @box-chosen=${(event: CustomEvent<number>) => (this.chosen = boxes[event.detail]?.index ?? -1)}
          ></fl-zoom-image>
        </div>
        <aside>${this.#side(result)}</aside>
      </div>
      <fl-keys-dialog></fl-keys-dialog>`;
  }

  #side(result: ItemResult): TemplateResult {
    const { review, display } = this.app;
    const order = this.#order;
    const place = order.indexOf(this.key);
    const good = review.good.has(this.key);
    return html`
      <div class="head">
        <a href=${hashOf('review')}><wa-icon name="grid"></wa-icon> All images</a>
        <span class="quiet numbers">${count(place + 1)} of ${count(order.length)}</span>
      </div>
      <h1 title=${result.name}>${result.name}</h1>
      <p class="quiet numbers">
        ${count(result.width)} × ${count(result.height)} · threshold ${score(display.threshold)}
      </p>
      <div class="row">
        ${this.#button('arrow-left', 'Previous image', place <= 0, () => this.#step(-1))}
        ${this.#button('arrow-right', 'Next image', place >= order.length - 1, () => this.#step(1))}
        <wa-button
          size="s"
          variant=${good ? 'success' : 'neutral'}
          appearance=${good ? 'filled' : 'outlined'}
          aria-pressed=${good}
          @click=${() => void review.toggleGood(this.key)}
        >
          <wa-icon slot="start" name="check"></wa-icon>${good ? 'Marked good' : 'Mark good'}
        </wa-button>
        ${this.#button('help', 'Keys', false, () => this.keysDialog.show())}
      </div>
      <fl-error-banner .message=${this.#image.problem ?? review.problem}></fl-error-banner>
      <fl-class-legend></fl-class-legend>
      <fl-box-list
        .boxes=${this.#boxes}
        .chosen=${this.chosen}
        ?fixed=${this.posted}
        @box-chosen=${(event: CustomEvent<number>) => (this.chosen = event.detail)}
        @box-removed=${(event: CustomEvent<number>) => this.#remove(event.detail)}
      ></fl-box-list>
      ${
        this.posted
          ? html`<p class="quiet">
              These boxes are in Label Studio already: correct them there${this.#taskLink(result)}.
            </p>`
          : nothing
      }
      ${
        review.canUndo
          ? html`<wa-button size="s" appearance="plain" @click=${() => void review.undo()}>
              <wa-icon slot="start" name="undo"></wa-icon>Bring the last box back
            </wa-button>`
          : nothing
      }
    `;
  }

  #taskLink({ taskId }: ItemResult): TemplateResult | typeof nothing {
    const { chosen } = this.app.source;
    if (chosen === null || taskId === null) return nothing;
    const address = `${chosen.url}/projects/${chosen.project.id}/data?task=${taskId}`;
    return html`, <a href=${address} target="_blank" rel="noreferrer">open task ${taskId}</a>`;
  }

  #button(icon: string, label: string, disabled: boolean, run: () => void): TemplateResult {
    return html`<wa-button size="s" appearance="outlined" title=${label} ?disabled=${disabled} @click=${run}>
      <wa-icon name=${icon} label=${label}></wa-icon>
    </wa-button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-review-single': ReviewSingle;
  }
}
