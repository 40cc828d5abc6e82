import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
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

/** The leader of a process group whose command line is the wanted one: others may carry the same words. */
export async function findLeader(wanted: (commandLine: string) => boolean): Promise<number | null> {
  const all = process.platform === 'linux' ? await leadersOnLinux() : await leadersElsewhere();
  return all.find(({ commandLine }) => wanted(commandLine))?.pid ?? null;
}

interface Leader {
  readonly pid: number;
  readonly commandLine: string;
}

async function leadersOnLinux(): Promise<readonly Leader[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const leaders: Leader[] = [];
  for (const pid of pids) {
    if ((await statFields(Number(pid)))[2] !== pid) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    leaders.push({ pid: Number(pid), commandLine: commandLine.replaceAll('\0', ' ') });
  }
  return leaders;
}

async function leadersElsewhere(): Promise<readonly Leader[]> {
  // No ps on Windows: a step whose handle was lost ends there by itself, unwatched.
  if (process.platform === 'win32') return [];
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,pgid=,command='], {
    maxBuffer: 2 ** 26,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, group, commandLine = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line) ?? [];
    return pid !== undefined && pid === group ? [{ pid: Number(pid), commandLine }] : [];
  });
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
