import { LitElement, html } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import { chooseTheme, themeChoice } from '../look/theme.ts';
import type { ThemeChoice } from '../look/theme.ts';

const order: readonly ThemeChoice[] = ['system', 'light', 'dark'];
const icons: Readonly<Record<ThemeChoice, string>> = { system: 'system', light: 'sun', dark: 'moon' };
const names: Readonly<Record<ThemeChoice, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
};

/** Goes round system, light, dark. */
@customElement('fl-theme-button')
export class ThemeButton extends LitElement {
  @state() private choice: ThemeChoice = themeChoice();

  #next(): void {
    this.choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? 'system';
    chooseTheme(this.choice);
  }

  protected override render(): TemplateResult {
    const label = `Colours: ${names[this.choice]}`;
    return html`<wa-button appearance="plain" size="s" title=${label} @click=${this.#next}>
      <wa-icon name=${icons[this.choice]} label=${label}></wa-icon>
    </wa-button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-theme-button': ThemeButton;
  }
}
