import { Observable } from '../../ui/observable.ts';

/** The line of steps, in order. */
export const steps = ['source', 'model', 'preview', 'run', 'review', 'train'] as const;
export type Step = (typeof steps)[number];

/** The steps, and the page beside them. */
export type Page = Step | 'label-studio';

/**
 * Where the user is. `item` is the key of the image in the single view, a training's id, or the origin that asks to be
 * allowed; null in a step's own page.
 */
export interface Place {
  readonly step: Page;
  readonly item: string | null;
}

/** '#/review/task%3A17' -> {step: 'review', item: 'task:17'}. What is not known leads to the first step. */
export function parseHash(hash: string): Place {
  const [, query] = /^#\/label-studio(?:\?(.*))?$/u.exec(hash) ?? [];
  if (query !== undefined || hash === '#/label-studio') {
    return { step: 'label-studio', item: new URLSearchParams(query).get('allow') };
  }
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
export function hashOf(step: Page, item: string | null = null): string {
  if (step === 'label-studio' && item !== null) return `#/label-studio?allow=${encodeURIComponent(item)}`;
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
  go(step: Page, item: string | null = null, options: { readonly replace?: boolean } = {}): void {
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
