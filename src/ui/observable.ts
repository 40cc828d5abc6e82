import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Plain state that says when it has changed. Fields are read directly; only methods of the class write them. */
export class Observable {
  readonly #listeners = new Set<() => void>();

  /** Calls back after each change, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  protected changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Renders its host again whenever one of the observables changes, while the host is on the page. */
export class Watch implements ReactiveController {
  #stop: (() => void)[] = [];
  readonly #host: ReactiveControllerHost;
  readonly #observables: () => readonly Observable[];

  constructor(host: ReactiveControllerHost, observables: () => readonly Observable[]) {
    this.#host = host;
    this.#observables = observables;
    host.addController(this);
  }

  hostConnected(): void {
    this.#stop = this.#observables().map((each) => each.subscribe(() => this.#host.requestUpdate()));
  }

  hostDisconnected(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
  }
}
