import { readdir, readFile } from 'node:fs/promises';

/** Process ids of all that have this text among their arguments (Linux). */
export async function processesWith(text: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))) {
    const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (args.includes(text)) found.push(Number(pid));
  }
  return found;
}
