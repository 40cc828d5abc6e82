import type { Box } from './boxGeometry.ts';

/** An image and what is on it, for screen readers: 'portrait.jpg: 2 face, 1 cat'. */
export function describeBoxes(title: string, boxes: readonly Box[]): string {
  const counts = new Map<string, number>();
  for (const { name } of boxes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const found = [...counts].map(([name, n]) => `${n} ${name}`).join(', ');
  return `${title}: ${found === '' ? 'no boxes' : found}`;
}
