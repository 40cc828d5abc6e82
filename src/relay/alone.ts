import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A holder says this often that it lives. */
const beatMs = 10_000;
/** Without a word for so long, it does not: for holders on another machine or in another container. */
const silentMs = 120_000;

/** Locks of this process: a file that names us and is not among them was left by a namesake before us. */
const held = new Set<string>();

export interface AloneOptions {
  readonly signal?: AbortSignal;
  /** Called once, when somebody else is at it. */
  readonly onWait?: () => void;
}

/**
 * Does `work` while no other process, and no other part of this one, does something with the same path: two at
 * once would pull the files from under each other. Waits for the other one; takes over from one that died.
 * The lock is a file beside the path.
 */
export async function alone<T>(path: string, work: () => Promise<T>, options: AloneOptions = {}): Promise<T> {
  const lock = `${path}.lock`;
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
  const mine = `${process.pid} ${hostname()} ${randomUUID()}`;
  for (let wait = 20, told = false; !take(lock, mine); wait = Math.min(500, wait * 2)) {
    if (!told && wait > 100) {
      options.onWait?.();
      told = true;
    }
    await sleep(wait, undefined, { signal: options.signal });
  }
  held.add(mine);
  const beat = setInterval(() => touch(lock), beatMs);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    held.delete(mine);
    if (read(lock) === mine) rmSync(lock, { force: true });
  }
}

function take(lock: string, mine: string): boolean {
  if (write(lock, mine)) return true;
  const other = read(lock);
  if (other === null) return write(lock, mine);
  if (isAlive(other, lock)) return false;
  // Moved, not removed: somebody quicker may have taken over, and then it is a live one that we hold.
  const aside = `${lock}.${randomUUID().slice(0, 8)}`;
  try {
    renameSync(lock, aside);
  } catch {
    return false;
  }
  const moved = read(aside);
  rmSync(aside, { force: true });
  if (moved !== other && moved !== null) {
    write(lock, moved);
    return false;
  }
  return write(lock, mine);
}

/** 'PID HOST ID', or only 'PID' by earlier versions. */
function isAlive(holder: string, lock: string): boolean {
  const [pid = '', host] = holder.split(' ');
  const silent = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (host !== undefined && host !== hostname()) return silent < silentMs;
  // A worker of this process keeps its own list.
  if (Number(pid) === process.pid) return held.has(holder) || silent < 3 * beatMs;
  // Between making the file and writing into it.
  if (!/^\d+$/u.test(pid)) return silent < 1000;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  // Another process may have got the id since; earlier versions do not beat.
  return host === undefined || silent < silentMs;
}

function write(lock: string, text: string): boolean {
  try {
    writeFileSync(lock, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(lock: string): string | null {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return null;
  }
}

function touch(lock: string): void {
  const now = new Date();
  try {
    utimesSync(lock, now, now);
  } catch {
    // Somebody thought us dead; the next one to end notices.
  }
}
