import { createServer } from 'node:net';
import * as v from 'valibot';
import type { Settings } from '../settings/table.ts';
import { ok, problem, type Probe } from './check.ts';

const healthSchema = v.object({ app: v.literal('forelabel'), version: v.string() });

/** Whether `forelabel serve` could start: the port is free, or Forelabel has it already. */
export function portProbe({ host, port }: Pick<Settings, 'host' | 'port'>): Probe {
  return {
    id: 'port',
    title: 'Port',
    run: async () => {
      if (port === 0) return ok('any free one');
      const url = `http://${reachable(host)}:${port}`;
      const version = await runningVersion(url);
      if (version !== null) return ok(`Forelabel ${version} runs at ${url}`);
      const error = await whyNotFree(host, port);
      if (error === null) return ok(`${port} is free`);
      if (error === 'EADDRINUSE') {
        return problem(
          `${port} is taken by another program.`,
          'Choose another one: forelabel serve --port 9091, or "forelabel config set port 9091".',
        );
      }
      return problem(
        `${host}:${port} cannot be listened on (${error}).`,
        'Choose an address of this machine and a port above 1023.',
      );
    },
  };
}

async function runningVersion(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000), redirect: 'error' });
    return v.parse(healthSchema, await answer.json()).version;
  } catch {
    return null;
  }
}

function whyNotFree(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ port, host: host.replace(/^\[|\]$/gu, ''), exclusive: true }, () =>
      server.close(() => resolve(null)),
    );
  });
}

function reachable(host: string): string {
  const name = host.replace(/^\[|\]$/gu, '');
  if (name === '0.0.0.0') return '127.0.0.1';
  if (name === '::') return '[::1]';
  return name.includes(':') ? `[${name}]` : name;
}
