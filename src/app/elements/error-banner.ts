import { LitElement, css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { sharedStyles } from '../../ui/shared.styles.ts';

/** What happened and what to do, announced at once. The slot takes buttons. Renders nothing without a message. */
@customElement('fl-error-banner')
export class ErrorBanner extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      p {
        overflow-wrap: anywhere;
      }
      ::slotted(*) {
        margin-top: 8px;
      }
    `,
  ];

  @property() message: string | null = null;

  protected override willUpdate(): void {
    // Out of the layout, so that no gap is kept for it.
    this.hidden = this.message === null || this.message === '';
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.hidden) return nothing;
    return html`
      <wa-callout variant="danger" size="s" role="alert">
        <wa-icon slot="icon" name="warning"></wa-icon>
        <p>${this.message}</p>
        <slot></slot>
      </wa-callout>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-error-banner': ErrorBanner;
  }
}
