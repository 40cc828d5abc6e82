import type { ReactiveController, ReactiveControllerHost } from 'lit';

type Handlers = { readonly [Name in keyof WindowEventMap]?: (event: WindowEventMap[Name]) => void };

/** Listens on the window while its host is on the page. */
export class WindowEvents implements ReactiveController {
  readonly #handlers: Handlers;

  constructor(host: ReactiveControllerHost, handlers: Handlers) {
    this.#handlers = handlers;
    host.addController(this);
  }

  hostConnected(): void {
    for (const [name, handler] of this.#entries) window.addEventListener(name, handler);
  }

  hostDisconnected(): void {
    for (const [name, handler] of this.#entries) window.removeEventListener(name, handler);
  }

  get #entries(): [string, EventListener][] {
    return Object.entries(this.#handlers) as [string, EventListener][];
  }
}
