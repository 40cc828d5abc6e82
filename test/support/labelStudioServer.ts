/**
 * A real Label Studio for tests: the pinned release, on a free loopback port, with its own data folder
 * and nothing said to the internet. A migrated data folder with one user is kept in the cache and
 * copied, so that a start takes seconds and not a minute.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentFolder, labelStudioPython } from '../../scripts/label-studio-setup.mjs';
import { labelStudioAdmin, type LabelStudioAdmin } from './labelStudioAdmin.ts';

/** The only user of every test server; an administrator. */
export const labelStudioUser = { email: 'tester@example.org', password: 'only-for-tests' };
const LEGACY_TOKEN = '0123456789abcdef0123456789abcdef01234567';

export interface LabelStudioServerOptions {
  /** Environment variables on top of the tests' own, for example `CORS_ALLOW_ALL_ORIGINS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Allow legacy tokens, which Label Studio does not by default. */
  readonly legacyToken?: boolean;
}

export interface LabelStudioServer extends LabelStudioAdmin {
  readonly url: string;
  /** Personal access token of the user. */
  readonly pat: string;
  /** The user's legacy token; refused unless the server was started with `legacyToken`. */
  readonly legacyToken: string;
  /** What the server has printed so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

interface Running {
  readonly url: string;
  readonly logFile: string;
  kill(): Promise<void>;
}

/** Starts a server with no project in it. Stop it in `afterAll`. */
export async function startLabelStudio(options: LabelStudioServerOptions = {}): Promise<LabelStudioServer> {
  const template = await dataTemplate();
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-label-studio-'));
  const data = join(folder, 'data');
  await cp(join(template, 'data'), data, { recursive: true });
  const pat = await readFile(join(template, 'pat.txt'), 'utf8');
  const running = await run(data, join(folder, 'server.log'), options.env ?? {});
  const admin = labelStudioAdmin(running.url, labelStudioUser);
  const stop = async () => {
    await running.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    if (options.legacyToken === true) await admin.setTokens({ personal: true, legacy: true });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...admin,
    url: running.url,
    pat,
    legacyToken: LEGACY_TOKEN,
    log: () => readFile(running.logFile, 'utf8'),
    stop,
  };
}

/** A data folder with the database migrated, the user made, and the user's access token beside it. */
async function dataTemplate(): Promise<string> {
  await labelStudioPython();
  const template = join(environmentFolder(), 'test-template-2');
  if (existsSync(template)) return template;
  const making = await mkdtemp(join(environmentFolder(), 'making-template-'));
  const running = await run(join(making, 'data'), join(making, 'server.log'), {});
  try {
    const pat = await labelStudioAdmin(running.url, labelStudioUser).createPersonalToken();
    await writeFile(join(making, 'pat.txt'), pat);
  } finally {
    await running.kill();
  }
  try {
    await rename(making, template);
  } catch (error) {
    // Another test process was quicker.
    await rm(making, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
  return template;
}

/** Ends with its process group as soon as stdin closes: with us, however we end. */
const LAUNCHER = `
import os, signal, sys, threading
def end_with_parent():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv[0] = 'label-studio'
from label_studio.server import main
sys.exit(main())
`;

async function run(data: string, logFile: string, env: Readonly<Record<string, string>>): Promise<Running> {
  const python = await labelStudioPython();
  const port = await freePort();
  const log = await open(logFile, 'w');
  const child = spawn(
    python,
    [
      ...['-c', LAUNCHER, 'start', '--no-browser', '--data-dir', data],
      ...['--internal-host', '127.0.0.1', '--port', String(port)],
      ...[
        '--username',
        labelStudioUser.email,
        '--password',
        labelStudioUser.password,
        '--user-token',
        LEGACY_TOKEN,
      ],
    ],
    // Its own process group, so that stopping it stops what it has started.
    { env: { ...environment(), ...env }, stdio: ['pipe', log.fd, log.fd], detached: true },
  );
  const kill = killer(child);
  const url = `http://127.0.0.1:${port}`;
  try {
    await healthy(url, child);
  } catch (error) {
    await kill();
    throw new Error(`Label Studio did not start:\n${(await readFile(logFile, 'utf8')).slice(-4000)}`, {
      cause: error,
    });
  } finally {
    await log.close();
  }
  return { url, logFile, kill };
}

/** The tests' environment without Label Studio's own variables, and with nothing sent anywhere. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:LABEL_STUDIO_|HEARTEX_|DJANGO_)/u.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    COLLECT_ANALYTICS: 'false',
    LATEST_VERSION_CHECK: 'false',
    SENTRY_DSN: '',
    FRONTEND_SENTRY_DSN: '',
    FEATURE_FLAGS_OFFLINE: 'true',
    // Left to itself, Label Studio draws a key, writes it to a file, and reads some of them back changed:
    // tokens made at the first start are invalid at the next.
    SECRET_KEY: 'onlyForTestsSoThatTokensOutliveTheServerThatMadeThem',
    PYTHONUNBUFFERED: '1',
    PYTHONWARNINGS: 'ignore',
  };
}

async function healthy(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(100);
  }
}

function killer(child: ChildProcess): () => Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const signal = (name: NodeJS.Signals) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // It ended in between.
    }
  };
  return async () => {
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
