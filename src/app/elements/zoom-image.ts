import { LitElement, css, html } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { clampView, fitView, wholeView, zoomView } from './boxGeometry.ts';
import type { Box, Fit, View } from './boxGeometry.ts';
import './boxed-image.ts';
import type { BoxedImage } from './boxed-image.ts';

/** An image with boxes that can be zoomed (wheel, + and -) and dragged. */
@customElement('fl-zoom-image')
export class ZoomImage extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        position: relative;
        height: 100%;
        overflow: hidden;
        touch-action: none;
      }
      fl-boxed-image {
        width: 100%;
        height: 100%;
      }
      fl-boxed-image.near {
        cursor: grab;
      }
      .tools {
        position: absolute;
        right: 8px;
        bottom: 8px;
        display: flex;
        gap: 4px;
        padding: 2px;
        border-radius: var(--wa-border-radius-m);
        background: var(--wa-color-surface-raised);
        opacity: 0.92;
      }
    `,
  ];

  @property({ attribute: false }) src: string | null = null;
  @property({ type: Number }) width = 4;
  @property({ type: Number }) height = 3;
  @property({ attribute: false }) boxes: readonly Box[] = [];
  @property({ type: Number }) chosen = -1;
  @property() override title = '';
  @state() private view: View | null = null;
  @query('fl-boxed-image') private image!: BoxedImage;

  #drag: { readonly pointer: number; x: number; y: number } | null = null;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('src') || changed.has('width') || changed.has('height')) this.view = null;
  }

  /** Zooms around the middle; factor > 1 comes nearer. */
  zoom(factor: number): void {
    const { x, y, width, height } = this.#shown;
    this.#set(zoomView(this.#shown, this, factor, x + width / 2, y + height / 2));
  }

  /** Shows the whole image again. */
  reset(): void {
    this.view = null;
  }

  get #shown(): View {
    return this.view ?? wholeView(this.width, this.height);
  }

  get #fit(): Fit {
    return fitView(this.#shown, this.image.clientWidth, this.image.clientHeight);
  }

  #set(view: View): void {
    this.view = view.width >= this.width ? null : view;
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const bounds = this.image.getBoundingClientRect();
    const { scale, offsetX, offsetY } = this.#fit;
    const x = (event.clientX - bounds.left - offsetX) / scale;
    const y = (event.clientY - bounds.top - offsetY) / scale;
    this.#set(zoomView(this.#shown, this, Math.exp(-event.deltaY / 400), x, y));
  }

  #down(event: PointerEvent): void {
    if (event.button === 0 && this.view !== null) {
      this.#drag = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
    }
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag?.pointer !== event.pointerId || this.view === null) return;
    // Captured only once it moves, so that a plain click still reaches the box below it.
    this.image.setPointerCapture(event.pointerId);
    const { scale } = this.#fit;
    const { view } = this;
    this.view = clampView(
      {
        ...view,
        x: view.x - (event.clientX - drag.x) / scale,
        y: view.y - (event.clientY - drag.y) / scale,
      },
      this,
    );
    drag.x = event.clientX;
    drag.y = event.clientY;
  }

  protected override render(): TemplateResult {
    return html`
      <fl-boxed-image
        labels
        class=${this.view === null ? '' : 'near'}
        .src=${this.src}
        .width=${this.width}
        .height=${this.height}
        .boxes=${this.boxes}
        .chosen=${this.chosen}
        .view=${this.view}
        .title=${this.title}
        @wheel=${this.#wheel}
        @pointerdown=${this.#down}
        @pointermove=${this.#move}
        @pointerup=${() => (this.#drag = null)}
        @pointercancel=${() => (this.#drag = null)}
      ></fl-boxed-image>
      <div class="tools">
        <wa-button size="s" appearance="plain" @click=${() => this.zoom(1 / 1.5)}>
          <wa-icon name="zoom-out" label="Zoom out"></wa-icon>
        </wa-button>
        <wa-button size="s" appearance="plain" @click=${() => this.reset()}>Fit</wa-button>
        <wa-button size="s" appearance="plain" @click=${() => this.zoom(1.5)}>
          <wa-icon name="zoom-in" label="Zoom in"></wa-icon>
        </wa-button>
      </div>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-zoom-image': ZoomImage;
  }
}
