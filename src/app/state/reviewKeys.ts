/** The keys of the single view. */
export type ReviewCommand =
  | { readonly kind: 'step' | 'box'; readonly by: 1 | -1 }
  | { readonly kind: 'class'; readonly label: number }
  | { readonly kind: 'threshold'; readonly by: number }
  | { readonly kind: 'remove' | 'undo' | 'good' | 'keys' | 'back' };

const commands: Readonly<Record<string, ReviewCommand>> = {
  ArrowLeft: { kind: 'step', by: -1 },
  ArrowRight: { kind: 'step', by: 1 },
  ArrowUp: { kind: 'box', by: -1 },
  ArrowDown: { kind: 'box', by: 1 },
  '[': { kind: 'threshold', by: -0.05 },
  ']': { kind: 'threshold', by: 0.05 },
  x: { kind: 'remove' },
  z: { kind: 'undo' },
  Enter: { kind: 'good' },
  '?': { kind: 'keys' },
  Escape: { kind: 'back' },
};

/** Shown by '?'. */
export const keyMeanings: readonly (readonly [string, string])[] = [
  ['← →', 'Previous and next image'],
  ['↑ ↓', 'Choose a box'],
  ['x', 'Remove the chosen box'],
  ['z', 'Bring the last removed box back'],
  ['Enter', 'Mark good and go on'],
  ['1 – 9', 'Show or hide a class'],
  ['[ ]', 'Lower or raise the threshold'],
  ['Esc', 'Back to the grid'],
  ['?', 'These keys'],
];

/** What a key press asks for; null when it belongs to a control or to the browser. */
export function reviewKey(event: KeyboardEvent): ReviewCommand | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const [target] = event.composedPath();
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return null;
  // Enter on a button or link presses it, as everywhere.
  if (event.key === 'Enter' && (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement)) {
    return null;
  }
  if (/^[1-9]$/u.test(event.key)) return { kind: 'class', label: Number(event.key) - 1 };
  return commands[event.key] ?? null;
}
