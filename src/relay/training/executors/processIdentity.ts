import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Which process a number means: process ids are given anew, after a reboot and without one. `started` is the
 * kernel's start time (Linux) or ps's (elsewhere); `boot` tells one boot of Linux from another.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
}

/** The process that has this id now; null where none runs, or only its unread exit status is left. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const started = process.platform === 'linux' ? await startOnLinux(pid) : await startElsewhere(pid);
  return started === null ? null : { pid, started, boot: await bootId() };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, started, boot }: ProcessIdentity): Promise<boolean> {
  const now = await identify(pid);
  return now !== null && now.started === started && now.boot === boot;
}

/** Whether it leads its process group, as a step does. Linux only. */
export async function isGroupLeader(pid: number): Promise<boolean> {
  return (await statFields(pid))[2] === String(pid);
}

async function startOnLinux(pid: number): Promise<string | null> {
  const fields = await statFields(pid);
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return fields[19] ?? null;
}

/** The fields of proc(5) from the third on: state, parent, group, ... [19] is the start time. Empty: no such process. */
async function statFields(pid: number): Promise<readonly string[]> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold both blanks and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

async function startElsewhere(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0);
  } catch {
    return null;
  }
  // No ps on Windows: the id alone has to do there.
  if (process.platform === 'win32') return '';
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state = '', ...start] = stdout.trim().split(/\s+/u);
    return state === '' || state.startsWith('Z') ? null : start.join(' ');
  } catch {
    return null;
  }
}

async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  } catch {
    return '';
  }
}
