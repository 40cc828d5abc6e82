import { css, html, LitElement, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/skeleton/skeleton.js';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { countOf } from '../../ui/wording.ts';
import { frameStyles } from '../look/image.styles.ts';
import type { Box } from './boxGeometry.ts';
import './boxed-image.ts';

/**
 * A small image with its boxes and one line about them. Its frame has a fixed shape, so nothing moves when
 * the picture and then the boxes arrive.
 */
@customElement('fl-image-card')
export class ImageCard extends LitElement {
  static override styles = [
    sharedStyles,
    frameStyles,
    css`
      figure {
        display: grid;
        gap: 4px;
      }
      img {
        object-fit: contain;
      }
      img,
      fl-boxed-image,
      wa-skeleton {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      wa-skeleton::part(indicator) {
        border-radius: 0;
      }
      figcaption {
        display: flex;
        justify-content: space-between;
        gap: 8px;
        color: var(--wa-color-text-quiet);
        font-size: var(--wa-font-size-xs);
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .found {
        flex: none;
      }
    `,
  ];

  @property() name = '';
  /** Address of a small picture; null while it is being made. */
  @property({ attribute: false }) url: string | null = null;
  /** Of the upright image in pixels, once known; boxes are in these pixels. */
  @property({ type: Number }) width = 0;
  @property({ type: Number }) height = 0;
  /** Null until the detector has run. */
  @property({ attribute: false }) boxes: readonly Box[] | null = null;
  @property({ attribute: false }) problem: string | null = null;

  protected override render(): TemplateResult {
    return html`<figure>
      <div class="frame">${this.#picture()}</div>
      <figcaption>
        <span class="name" title=${this.name}>${this.name}</span>
        <span class="found numbers">${this.#found()}</span>
      </figcaption>
    </figure>`;
  }

  #picture(): TemplateResult {
    if (this.problem !== null) return html`<div class="problem" role="note">${this.problem}</div>`;
    if (this.url === null) return html`<wa-skeleton effect="pulse"></wa-skeleton>`;
    // Before the detector has said the size, the picture is placed by its own shape.
    if (this.width === 0) return html`<img src=${this.url} alt="" />`;
    return html`<fl-boxed-image
      .src=${this.url}
      .width=${this.width}
      .height=${this.height}
      .boxes=${this.boxes ?? []}
      .title=${this.name}
    ></fl-boxed-image>`;
  }

  #found(): string | typeof nothing {
    if (this.problem !== null) return 'failed';
    return this.boxes === null ? nothing : countOf(this.boxes.length, 'box', 'boxes');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-image-card': ImageCard;
  }
}
