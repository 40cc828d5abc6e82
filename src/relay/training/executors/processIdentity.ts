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

/**
 * The leader of a process group whose command line ends so. Of several the one that started the others: the
 * processes of a launcher can be leaders too.
 */
export async function findProcess(ending: string): Promise<number | null> {
  const all = process.platform === 'linux' ? await leadersOnLinux() : await leadersElsewhere();
  const found = all.filter(({ commandLine }) => commandLine.endsWith(ending));
  const pids = new Set(found.map(({ pid }) => pid));
  return found.find(({ parent }) => !pids.has(parent))?.pid ?? null;
}

interface Leader {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

async function leadersOnLinux(): Promise<readonly Leader[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const leaders: Leader[] = [];
  for (const pid of pids) {
    const [, parent, group] = await statFields(Number(pid));
    if (group !== pid) continue;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
      .replace(/\0$/u, '')
      .replaceAll('\0', ' ');
    leaders.push({ pid: Number(pid), parent: Number(parent), commandLine });
  }
  return leaders;
}

async function leadersElsewhere(): Promise<readonly Leader[]> {
  // No ps on Windows: a step whose handle was lost ends there by itself, unwatched.
  if (process.platform === 'win32') return [];
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,ppid=,pgid=,command='], {
    maxBuffer: 2 ** 26,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, group, commandLine = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/u.exec(line.trimEnd()) ?? [];
    return pid !== undefined && pid === group
      ? [{ pid: Number(pid), parent: Number(parent), commandLine }]
      : [];
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
