import type { RunProgress } from '../../prelabel/types.ts';
import type { RunName } from './openRun.ts';

export type RunCommand = 'pause' | 'resume' | 'cancel';

type Message =
  | { readonly kind: 'progress'; readonly run: string; readonly progress: RunProgress }
  | { readonly kind: 'command'; readonly run: string; readonly command: RunCommand }
  | { readonly kind: 'who'; readonly run: string };

/** What a tab hears from the others. */
export interface TabListener {
  /** The tab that works tells how far it is. */
  progress(run: RunName, progress: RunProgress): void;
  /** A tab that watches wants something of the one that works. */
  command(run: RunName, command: RunCommand): void;
  /** A tab asks whether somebody works on this run. */
  asked(run: RunName): void;
}

const nameOf = ({ sourceId, modelVersion }: RunName): string => JSON.stringify([sourceId, modelVersion]);
const runOf = (name: string): RunName => {
  const [sourceId, modelVersion] = JSON.parse(name) as [string, string];
  return { sourceId, modelVersion };
};
const lockOf = (run: RunName): string => `forelabel-run ${nameOf(run)}`;

/**
 * The other tabs of this browser: a run is worked on by the one that holds its lock, which the browser takes from a
 * tab that is closed, crashes or is killed. Where there are no locks (plain http), every tab works alone.
 */
export class RunTabs {
  readonly #channel: BroadcastChannel;
  // Absent on plain-http addresses, whatever the types say.
  readonly #locks = navigator.locks as LockManager | undefined;

  constructor(listener: TabListener) {
    this.#channel = new BroadcastChannel('forelabel-runs');
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      const run = runOf(data.run);
      if (data.kind === 'progress') listener.progress(run, data.progress);
      else if (data.kind === 'command') listener.command(run, data.command);
      else listener.asked(run);
    };
  }

  /** Does `work` holding the run's lock; false, without doing it, when another tab holds it. */
  async workAlone(run: RunName, work: () => Promise<void>): Promise<boolean> {
    if (this.#locks === undefined) {
      await work();
      return true;
    }
    return this.#locks.request(lockOf(run), { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      await work();
      return true;
    });
  }

  /** Resolves when no other tab works on the run any more. Rejects with the signal's reason. */
  async free(run: RunName, signal: AbortSignal): Promise<void> {
    await this.#locks?.request(lockOf(run), { signal }, () => undefined);
  }

  /** Whether some tab works on the run. */
  async isTaken(run: RunName): Promise<boolean> {
    const { held = [] } = (await this.#locks?.query()) ?? {};
    return held.some(({ name }) => name === lockOf(run));
  }

  tell(run: RunName, progress: RunProgress): void {
    this.#channel.postMessage({ kind: 'progress', run: nameOf(run), progress } satisfies Message);
  }

  order(run: RunName, command: RunCommand): void {
    this.#channel.postMessage({ kind: 'command', run: nameOf(run), command } satisfies Message);
  }

  ask(run: RunName): void {
    this.#channel.postMessage({ kind: 'who', run: nameOf(run) } satisfies Message);
  }
}
