/**
 * A real Ray cluster of one node for tests: the pinned release on free loopback ports, with a token, and with the
 * trainer's packages in its Python. Ray is no part of Forelabel: it lies in an environment of its own (380 MB),
 * made once beside the trainer's.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { trainerPython } from '../../scripts/trainer-setup.mjs';

const RAY = '2.60.0';

export interface RayServer {
  /** Of the dashboard, which has the Jobs API. */
  readonly address: string;
  readonly token: string;
  /** What the nodes run jobs with. */
  readonly python: string;
  /** What the head has printed so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** A Python that has Ray and the trainer's packages. Throws where Ray cannot be installed. */
export async function rayPython(): Promise<string> {
  const trainer = await trainerPython();
  const folder = `${dirname(dirname(trainer))}-ray-${RAY}`;
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  console.warn(`Installing Ray ${RAY} in ${folder} (once, 380 MB)`);
  const making = await mkdtemp(`${folder}-making-`);
  try {
    await execa(trainer, ['-m', 'venv', '--without-pip', making]);
    const packages = (of: string) =>
      execa(of, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).then(
        ({ stdout }) => stdout,
      );
    // After its own packages, the trainer's: pip adds only what those lack.
    const own = await packages(join(making, 'bin', 'python'));
    await writeFile(join(own, 'trainer.pth'), `${await packages(trainer)}\n`);
    const pip = ['-m', 'pip', '--python', join(making, 'bin', 'python'), 'install', '-q', '--no-input'];
    await execa(trainer, [...pip, '--disable-pip-version-check', `ray[default]==${RAY}`]);
    await rename(making, folder);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    // Another test process was quicker.
    if (!existsSync(python)) throw error;
  }
  return python;
}

/**
 * Ends with all that it has started as soon as stdin closes: with us, however we end. `ray stop` would end every
 * Ray of this machine. Whatever is orphaned meanwhile becomes a child of this process, and is found (Linux).
 */
const LAUNCHER = `
import ctypes, os, sys, threading
PR_SET_CHILD_SUBREAPER = 36
if sys.platform == 'linux':
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
import ray
import psutil
def end_with_parent():
    sys.stdin.buffer.read()
    while family := psutil.Process().children(recursive=True):
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs(family, 5)
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
from ray.scripts.scripts import main
sys.exit(main())
`;

/** Starts a head with one CPU. Stop it in `afterAll`. */
export async function startRay(): Promise<RayServer> {
  const python = await rayPython();
  // Short: Ray makes sockets in it, whose paths have 107 characters at most.
  const folder = await mkdtemp('/tmp/fl-ray-');
  const token = `only-for-tests-${'0123456789abcdef'.repeat(2)}`;
  const [port, dashboard, agent, client] = await freePorts(4);
  const logFile = join(folder, 'head.log');
  const log = await open(logFile, 'w');
  const child = spawn(
    python,
    [
      ...[
        '-c',
        LAUNCHER,
        'start',
        '--head',
        '--block',
        '--disable-usage-stats',
        '--temp-dir',
        join(folder, 'r'),
      ],
      ...[
        '--include-dashboard',
        'true',
        '--dashboard-host',
        '127.0.0.1',
        '--dashboard-port',
        String(dashboard),
      ],
      ...['--port', String(port), '--dashboard-agent-listen-port', String(agent)],
      ...['--ray-client-server-port', String(client), '--min-worker-port', '0', '--max-worker-port', '0'],
      ...['--num-cpus', '1', '--num-gpus', '0', '--object-store-memory', '80000000'],
      ...['--include-log-monitor', 'false'],
    ],
    {
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RAY_'))),
        // Else it takes the host's address in place of the loopback's, and listens on all interfaces.
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0',
        RAY_AUTH_MODE: 'token',
        RAY_AUTH_TOKEN: token,
        RAY_USAGE_STATS_ENABLED: '0',
      },
      stdio: ['pipe', log.fd, log.fd],
      detached: true,
    },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async () => {
    child.stdin?.end();
    await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const address = `http://127.0.0.1:${dashboard}`;
  try {
    await answering(address, token, () => child.exitCode);
  } catch (error) {
    const words = (await readFile(logFile, 'utf8')).slice(-4000);
    await stop();
    throw new Error(`Ray did not start:\n${words}`, { cause: error });
  } finally {
    await log.close();
  }
  return { address, token, python, log: () => readFile(logFile, 'utf8'), stop };
}

/** Until jobs can be listed: the dashboard answers before its modules are there. */
async function answering(address: string, token: string, exitCode: () => number | null): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    if (exitCode() !== null) throw new Error(`ended with ${exitCode()}`);
    try {
      const response = await fetch(`${address}/api/jobs/`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(5000),
      });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error('did not answer');
    await sleep(100);
  }
}

/** Held together, so that all differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
