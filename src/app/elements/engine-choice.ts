import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import { pageBackends } from '../../engine/client/engineChoice.ts';
import type { EngineChoice } from '../../engine/client/engineChoice.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { engineName } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';

const choices: readonly EngineChoice[] = ['auto', ...pageBackends];

/** On what the model runs: the fastest engine that works, or the one that the user names. */
@customElement('fl-engine-choice')
export class EngineChoiceElement extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
      }
      .quiet {
        margin-top: 4px;
      }
    `,
  ];

  protected override watched() {
    return [this.app.engine, this.app.run];
  }

  protected override render(): TemplateResult {
    const running = this.app.run.active;
    return html`
      <wa-radio-group
        label="Run the model on"
        size="s"
        .value=${this.app.engine.engineChoice}
        ?disabled=${running}
        @change=${this.#choose}
      >
        ${choices.map(
          (choice) =>
            html`<wa-radio value=${choice} ?disabled=${running}
              >${choice === 'auto' ? 'Automatic' : engineName(choice)}</wa-radio
            >`,
        )}
      </wa-radio-group>
      ${running ? html`<p class="quiet">Can be changed when the run has ended.</p>` : nothing}
    `;
  }

  readonly #choose = (event: Event): void => {
    const { value } = event.currentTarget as HTMLElement & { readonly value: string | null };
    const choice = choices.find((each) => each === value);
    if (choice !== undefined && choice !== this.app.engine.engineChoice) this.app.engine.chooseEngine(choice);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-engine-choice': EngineChoiceElement;
  }
}
