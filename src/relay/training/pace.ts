/** How fast something goes, since it was first seen: what was done before that does not count. */
export class Pace {
  #first: { readonly done: number; readonly at: number } | undefined;

  /** Seconds for `left` more, now that `done` are done; null until there is something to tell by. */
  secondsFor(left: number, done: number, now = performance.now()): number | null {
    const first = (this.#first ??= { done, at: now });
    const passed = done - first.done;
    return passed > 0 ? ((now - first.at) / 1000 / passed) * left : null;
  }
}
