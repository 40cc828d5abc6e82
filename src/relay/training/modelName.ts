const LONGEST = 40;

/** A model's name from a project's title: `Blood cells (2)` is `blood-cells-2`; letters and digits of ASCII only. */
export function modelNameFor(title: string, project: number): string {
  const slug = title
    // Letters lose their accents: what is left of é is e.
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .slice(0, LONGEST)
    .replace(/^-+|-+$/gu, '');
  return slug === '' ? `project-${project}` : slug;
}
