import * as v from 'valibot';

/** The project that was chosen last: an address and a number, no secret. */
const lastProjectSchema = v.object({ url: v.string(), id: v.number() });
export type LastProject = v.InferOutput<typeof lastProjectSchema>;

const storageKey = 'forelabel-project';

/** Null when there is none, or where nothing can be remembered. */
export function recallProject(): LastProject | null {
  try {
    const parsed = v.safeParse(lastProjectSchema, JSON.parse(localStorage.getItem(storageKey) ?? 'null'));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Null forgets it. */
export function rememberProject(project: LastProject | null): void {
  try {
    if (project === null) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, JSON.stringify(project));
  } catch {
    // Without storage it has to be chosen again after a reload.
  }
}
