import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';

const helloSchema = v.union([
  v.object({ device: v.string(), threads: v.number(), versions: v.record(v.string(), v.string()) }),
  v.object({ error: v.string() }),
]);

/** Asked to end, Python with PyTorch needs a moment. */
const END_MS = 10_000;

/** A process that answers calls. */
export interface LineProcess {
  readonly device: string;
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  /** One call at a time. Throws where the process ends instead of an answer. */
  readonly ask: (call: unknown) => Promise<unknown>;
  /** Ends it, by force where it does not hear; at once where it has ended by itself. */
  readonly end: () => Promise<void>;
}

/**
 * Starts a process that reads a line of JSON for each call and answers with one; its first line says what runs it, or why
 * nothing does. Throws that, and leaves no process then.
 */
export async function startLineProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<LineProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  // Whatever ends it: itself, a signal, or that it could not even start.
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // To write to a process that has gone is no news: the answer that does not come says so.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done === true) throw new Error(`It ended. Run it by hand: ${[command, ...args].join(' ')}`);
    return JSON.parse(line.value);
  };
  const end = async (): Promise<void> => {
    child.stdin.end();
    const waiting = new AbortController();
    await Promise.race([ended, sleep(END_MS, undefined, { signal: waiting.signal }).catch(() => undefined)]);
    waiting.abort();
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const hello = v.parse(helloSchema, await next());
    if ('error' in hello) throw new Error(hello.error);
    return {
      ...hello,
      ask: async (call) => {
        child.stdin.write(`${JSON.stringify(call)}\n`);
        return next();
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
