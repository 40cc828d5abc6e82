import { LitElement, css, html, nothing, svg } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { styleMap } from 'lit/directives/style-map.js';
import { score } from '../../ui/wording.ts';
import { boxStyles } from '../look/image.styles.ts';
import { fitView, wholeView } from './boxGeometry.ts';
import type { Box, Fit, View } from './boxGeometry.ts';
import { describeBoxes } from './describeBoxes.ts';

/**
 * An image with boxes over it. Image and boxes share one SVG coordinate system (pixels of the upright
 * image), so they cannot drift apart whatever size the frame has. Fires 'box-chosen' with the box's index.
 */
@customElement('fl-boxed-image')
export class BoxedImage extends LitElement {
  static override styles = [
    boxStyles,
    css`
      :host {
        display: block;
        position: relative;
        overflow: hidden;
        background: var(--fl-image-ground);
      }
      svg {
        display: block;
        width: 100%;
        height: 100%;
      }
      rect {
        fill: transparent;
      }
      .chosen {
        stroke-width: 3px;
        stroke-dasharray: 6 3;
      }
      .chip {
        position: absolute;
        transform: translateY(-100%);
        padding: 0 6px 0 5px;
        border-left: 3px solid;
        border-radius: 2px;
        background: rgb(12 14 18 / 82%);
        color: #fff;
        font-size: 12px;
        line-height: 18px;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
        pointer-events: none;
      }
    `,
  ];

  /** Address of the image; null while it is being made. */
  @property({ attribute: false }) src: string | null = null;
  /** Size of the upright image in pixels. */
  @property({ type: Number }) width = 4;
  @property({ type: Number }) height = 3;
  @property({ attribute: false }) boxes: readonly Box[] = [];
  /** The part that is shown; null: all of it. */
  @property({ attribute: false }) view: View | null = null;
  /** Index of the chosen box, -1 for none. */
  @property({ type: Number }) chosen = -1;
  /** Writes name and score at each box. */
  @property({ type: Boolean }) labels = false;
  @property() override title = '';

  @state() private fit: Fit | null = null;

  constructor() {
    super();
    const resize = new ResizeObserver(() => this.#measure());
    this.addController({
      hostConnected: () => resize.observe(this),
      hostDisconnected: () => resize.disconnect(),
    });
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('view') || changed.has('width') || changed.has('height')) this.#measure();
  }

  get #shown(): View {
    return this.view ?? wholeView(this.width, this.height);
  }

  #measure(): void {
    // Only labels need the scale: a grid of hundreds of thumbnails is not rendered again for it.
    if (this.labels) this.fit = fitView(this.#shown, this.clientWidth, this.clientHeight);
  }

  #choose(index: number): void {
    this.dispatchEvent(new CustomEvent('box-chosen', { detail: index, bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    const { x, y, width, height } = this.#shown;
    return html`
      <svg
        viewBox="${x} ${y} ${width} ${height}"
        role="img"
        aria-label=${describeBoxes(this.title, this.boxes)}
      >
        ${
          this.src === null
            ? nothing
            : svg`<image href=${this.src} width=${this.width} height=${this.height} preserveAspectRatio="none"></image>`
        }
        ${this.boxes.map((box, index) => this.#drawBox(box, index))}
      </svg>
      ${this.labels && this.fit !== null ? this.boxes.map((box) => this.#chip(box)) : nothing}
    `;
  }

  #drawBox(box: Box, index: number): TemplateResult {
    const [w, h] = [Math.max(0, box.x2 - box.x1), Math.max(0, box.y2 - box.y1)];
    return svg`
      <rect class="edge" x=${box.x1} y=${box.y1} width=${w} height=${h}></rect>
      <rect class="box ${index === this.chosen ? 'chosen' : ''}" data-box x=${box.x1} y=${box.y1} width=${w}
        height=${h} stroke=${box.color} @click=${() => this.#choose(index)}></rect>`;
  }

  #chip(box: Box): TemplateResult {
    const { scale, offsetX, offsetY } = this.fit ?? { scale: 1, offsetX: 0, offsetY: 0 };
    const left = Math.max(0, box.x1 * scale + offsetX - 1);
    const top = Math.max(18, box.y1 * scale + offsetY - 1);
    return html`<span
      class="chip"
      aria-hidden="true"
      style=${styleMap({ left: `${left}px`, top: `${top}px`, borderColor: box.color })}
      >${box.name} ${score(box.score)}</span
    >`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-boxed-image': BoxedImage;
  }
}
