/** One thing that was looked at, for people and programs. */
export interface Check {
  /** For programs: 'python', 'label-studio'. */
  readonly id: string;
  readonly title: string;
  /** A warning costs something and stops nothing; 'unknown' could not be found out. */
  readonly state: 'ok' | 'warning' | 'problem' | 'unknown';
  /** What was found, in a few words or a sentence. */
  readonly found: string;
  /** What to do about it; null when nothing needs doing. */
  readonly fix: string | null;
}

/** A check before it has run: it has an id and a title even when it breaks. */
export interface Probe {
  readonly id: string;
  readonly title: string;
  readonly run: (signal: AbortSignal) => Promise<Finding>;
}

export type Finding = Omit<Check, 'id' | 'title'>;

export const ok = (found: string): Finding => ({ state: 'ok', found, fix: null });
export const warning = (found: string, fix: string): Finding => ({ state: 'warning', found, fix });
export const problem = (found: string, fix: string): Finding => ({ state: 'problem', found, fix });
export const unknown = (found: string, fix: string | null): Finding => ({ state: 'unknown', found, fix });

/** Runs a probe; what it throws, or not ending in time, is its finding. */
export async function runProbe({ id, title, run }: Probe, signal: AbortSignal): Promise<Check> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(90_000)]);
  try {
    return { id, title, ...(await run(deadline)) };
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return { id, title, ...problem(...split(message)) };
  }
}

/** Our messages have two sentences: what happened, and what to do. */
export function split(message: string): [found: string, fix: string] {
  const [, found, fix] = /^(.*?[.!?])\s+(?=[A-Z"])(.*)$/su.exec(message) ?? [];
  return found === undefined || fix === undefined ? [message, 'Try again.'] : [found, fix];
}
