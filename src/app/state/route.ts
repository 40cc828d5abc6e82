import { Observable } from '../../ui/observable.ts';

/** The line of steps, in order. */
export const steps = ['source', 'model', 'preview', 'run', 'review', 'train'] as const;
export type Step = (typeof steps)[number];

/** Where the user is; `item` is the key of the image in the single view or a training's id, null in a step's own page. */
export interface Place {
  readonly step: Step;
  readonly item: string | null;
}

/** '#/review/task%3A17' -> {step: 'review', item: 'task:17'}. What is not known leads to the first step. */
export function parseHash(hash: string): Place {
  const [, name = '', rest = ''] = /^#\/([a-z]+)(?:\/(.+))?$/u.exec(hash) ?? [];
  const step = steps.find((known) => known === name) ?? 'source';
  if ((step !== 'review' && step !== 'train') || rest === '') return { step, item: null };
  try {
    return { step, item: decodeURIComponent(rest) };
  } catch {
    return { step, item: null };
  }
}

/** The link of a place, for `href`. */
export function hashOf(step: Step, item: string | null = null): string {
  return item === null ? `#/${step}` : `#/${step}/${encodeURIComponent(item)}`;
}

/** The place that the address bar shows; back and forward work as everywhere. */
export class Route extends Observable {
  place: Place = parseHash(location.hash);

  constructor() {
    super();
    window.addEventListener('hashchange', () => {
      this.place = parseHash(location.hash);
      this.changed();
    });
  }

  /** `replace`: without a new entry in the history (stepping from image to image). */
  go(step: Step, item: string | null = null, options: { readonly replace?: boolean } = {}): void {
    const hash = hashOf(step, item);
    if (options.replace !== true) {
      location.hash = hash;
      return;
    }
    history.replaceState(null, '', hash);
    this.place = parseHash(hash);
    this.changed();
  }
}
