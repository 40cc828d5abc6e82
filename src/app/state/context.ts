import { ContextConsumer, createContext } from '@lit/context';
import { LitElement } from 'lit';
import type { AppState } from './appState.ts';
import { Watch } from '../../ui/observable.ts';
import type { Observable } from '../../ui/observable.ts';

/** The one state of the page, provided by <forelabel-app>. */
export const appContext = createContext<AppState>('forelabel-app-state');

/** An element that reads the app's state and renders again when the watched parts of it change. */
export abstract class AppElement extends LitElement {
  readonly #consumer = new ContextConsumer(this, { context: appContext });
  protected readonly watch = new Watch(this, () => this.watched());

  /** Only there while the element is on the page, below <forelabel-app>. */
  protected get app(): AppState {
    const app = this.#consumer.value;
    if (app === undefined) throw new Error(`<${this.localName}> needs <forelabel-app> around it.`);
    return app;
  }

  /** The parts of the state that this element shows. */
  protected abstract watched(): readonly Observable[];
}
