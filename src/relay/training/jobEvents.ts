import { isEnded } from '../../training/job.ts';
import type { NumberedEvent } from '../../training/events.ts';
import { appendEvent, EventReader } from './eventLog.ts';
import type { JobFolder } from './jobFolder.ts';
import type { JobStore } from './jobStore.ts';
import type { Nudge } from './nudge.ts';

/** How often a job's file is looked at for what another process adds, in milliseconds. */
const LOOK_EVERY = 500;
/** Looks without the last event of an ended job before it is thought lost. */
const PATIENCE = 3;

/** A job's events behind number `after`, then live until it has ended or is removed, or `signal` aborts. */
export async function* jobEvents(
  id: string,
  folder: JobFolder,
  after: number,
  {
    store,
    changes,
    signal,
  }: { readonly store: JobStore; readonly changes: Nudge; readonly signal: AbortSignal },
): AsyncGenerator<NumberedEvent> {
  const reader = new EventReader(folder.events);
  let toldState: string | undefined;
  let last = after;
  for (let missing = 0; !signal.aborted;) {
    // First the state, then the file: what is in the file when the job has ended is all.
    const job = (await store.get(id))?.job;
    for (const numbered of await reader.read()) {
      if (numbered.event.type === 'job') toldState = numbered.event.job.state;
      last = Math.max(last, numbered.seq);
      if (numbered.seq > after) yield numbered;
      if (aborted(signal)) return;
    }
    if (job === undefined) return;
    if (isEnded(job)) {
      if (toldState === job.state) return;
      missing += 1;
      // Who ended it died before telling: told here.
      if (missing === PATIENCE) appendEvent(folder.events, { type: 'job', job });
      if (missing > PATIENCE) {
        // Its file cannot be read or written: somebody removed the folder.
        yield { seq: last + 1, time: job.ended ?? job.created, event: { type: 'job', job } };
        return;
      }
    }
    await changes.wait(LOOK_EVERY, signal);
  }
}

/** Looked at anew: whoever consumes the events may have aborted meanwhile. */
const aborted = (signal: AbortSignal): boolean => signal.aborted;
