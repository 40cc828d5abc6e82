import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import * as v from 'valibot';
import { eventSchema, type NumberedEvent, type TrainingEvent } from '../../training/events.ts';
import { FileTail } from './lineTail.ts';

/** The line of the trainer's events file that an event came from: a later relay goes on behind it. */
export interface Origin {
  readonly file: string;
  /** The byte after the line. */
  readonly end: number;
}

const lineSchema = v.object({
  time: v.string(),
  event: eventSchema,
  from: v.optional(v.object({ file: v.string(), end: v.number() })),
});

/**
 * Adds one event to a job's file. An event's number is that of its line, so that several processes can add to
 * the file; each line is one write. Does nothing when the folder is gone: the job was removed.
 */
export function appendEvent(file: string, event: TrainingEvent, from?: Origin): void {
  let target: number;
  try {
    target = openSync(file, 'a+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  try {
    const line = JSON.stringify({ time: new Date().toISOString(), event, from });
    // After a full disk: what follows half a line must not become part of it.
    writeSync(target, `${endsInLine(target) ? '\n' : ''}${line}\n`);
  } finally {
    closeSync(target);
  }
}

function endsInLine(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}

/** Reads a job's events as they are added. A line that is none keeps its number and is left out. */
export class EventReader {
  readonly #tail: FileTail;
  #seq = 0;

  constructor(file: string) {
    this.#tail = new FileTail(file);
  }

  /**
   * What came since the last call, behind number `after`. Of several states of the job only the last is told:
   * progress that has been overtaken interests nobody who comes later.
   */
  async read(after = 0): Promise<readonly NumberedEvent[]> {
    const events: NumberedEvent[] = [];
    for (const { text } of await this.#tail.read()) {
      this.#seq += 1;
      const line = this.#seq > after ? parseLine(text) : undefined;
      if (line !== undefined) events.push({ seq: this.#seq, time: line.time, event: line.event });
    }
    const lastState = events.findLastIndex(({ event }) => event.type === 'job');
    return events.filter(({ event }, index) => event.type !== 'job' || index === lastState);
  }
}

/** How far a step's events have been passed on; 0 where none was. */
export async function passedOn(file: string, eventsFile: string): Promise<number> {
  let end = 0;
  for (const { text } of await new FileTail(file).read()) {
    const from = parseLine(text)?.from;
    if (from?.file === eventsFile) end = Math.max(end, from.end);
  }
  return end;
}

function parseLine(text: string): v.InferOutput<typeof lineSchema> | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), lineSchema), text);
  return parsed.success ? parsed.output : undefined;
}
