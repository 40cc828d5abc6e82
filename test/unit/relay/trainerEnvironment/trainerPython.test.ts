import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// A shell script plays Python: the real installation takes minutes and the network.
const windows = process.platform === 'win32';
const fakePython = `#!/bin/sh
here="$(dirname "$0")"
case "$*" in
  *ensurepip*) echo 3.11 ;;
  "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$here/behaviour" "$3/bin/behaviour" ;;
  *"pip install"*)
    echo "$*" >> "$FAKE_LOG"
    echo "Downloading https://index.example/torch-2.13.0-cp311-linux.whl (184.5 MB)"
    case "$(cat "$here/behaviour")" in
      full) echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"; exit 1 ;;
      slow) sleep 30 ;;
      *) sleep 0.1 ;;
    esac ;;
  *) echo "PyTorch 2, MMDetection 3" ;;
esac
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-environment-'));
  const python = join(folder, 'bin', 'python');
  await mkdir(join(folder, 'bin'));
  await writeFile(python, fakePython);
  await chmod(python, 0o755);
  vi.stubEnv('FORELABEL_PYTHON', python);
  vi.stubEnv('FORELABEL_CACHE', join(folder, 'cache'));
  vi.stubEnv('FORELABEL_TORCH_INDEX', 'https://index.example');
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  // The Python that was found is kept.
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const behave = (how: 'well' | 'full' | 'slow') => writeFile(join(folder, 'bin', 'behaviour'), how);
const load = () => import('../../../../src/relay/trainerEnvironment/trainerPython.ts');
const installs = async () => (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n').length;

describe.skipIf(windows)('trainerPython', () => {
  it('makes the environment once, for all who ask at once, and finds it again', async () => {
    await behave('well');
    const { readyTrainerPython, trainerPython } = await load();
    expect(await readyTrainerPython()).toBeUndefined();
    const steps: string[] = [];
    // Whoever is first installs and tells; the others wait.
    const ask = () =>
      trainerPython({ onProgress: ({ step, detail }) => steps.push(`${step}: ${detail ?? ''}`) });
    const pythons = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(pythons).size).toBe(1);
    expect(pythons[0]).toMatch(/cache\/trainer-cpu-py3\.11-[0-9a-f]{10}\/bin\/python$/u);
    expect(await readyTrainerPython()).toBe(pythons[0]);
    expect(await readyTrainerPython({ cuda: true })).toBeUndefined();
    expect(await installs()).toBe(3);
    expect(steps).toContain('Installing PyTorch for CPU (about 200 MB): Downloading torch-2.13.0 (184.5 MB)');
  });

  it('says in words why it failed, keeps the log, and starts anew the next time', async () => {
    await behave('full');
    const { readyTrainerPython, trainerPython } = await load();
    await expect(trainerPython()).rejects.toMatchObject({
      code: 'trainer-install',
      message: expect.stringContaining('No space left on device') as string,
    });
    expect(await readyTrainerPython()).toBeUndefined();
    const [log] = (await readdir(join(folder, 'cache'))).filter((name) => name.endsWith('.log'));
    expect(await readFile(join(folder, 'cache', log ?? ''), 'utf8')).toContain('Errno 28');
    await behave('well');
    expect(existsSync(await trainerPython())).toBe(true);
  });

  it('ends at once when it is cancelled, and leaves neither a lock nor an environment', async () => {
    await behave('slow');
    const { readyTrainerPython, trainerPython } = await load();
    const cancel = new AbortController();
    const started = performance.now();
    const making = trainerPython({
      signal: cancel.signal,
      onProgress: ({ detail }) => {
        if (detail !== null) cancel.abort();
      },
    });
    await expect(making).rejects.toThrow('aborted');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await readyTrainerPython()).toBeUndefined();
    expect((await readdir(join(folder, 'cache'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});

describe.skipIf(windows)('findPython', () => {
  it('says what to install when there is none, and looks again the next time', async () => {
    await behave('well');
    vi.stubEnv('FORELABEL_PYTHON', join(folder, 'none'));
    vi.stubEnv('PATH', join(folder, 'nowhere'));
    const { findPython } = await import('../../../../src/relay/trainerEnvironment/findPython.ts');
    await expect(findPython()).rejects.toMatchObject({ code: 'python-missing' });
    vi.stubEnv('FORELABEL_PYTHON', '/bin/sh');
    await expect(findPython()).rejects.toThrow(/apt install python3-venv/u);
  });
});

describe('pipDetail', () => {
  it.each([
    [
      '  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.whl (184.5 MB)',
      'Downloading torch-2.13.0 (184.5 MB)',
    ],
    ['Using cached https://x/y/mmcv-lite-2.2.0.tar.gz (460 kB)', 'Using cached mmcv-lite (460 kB)'],
    ['Installing collected packages: a, b', 'Unpacking'],
    ['Requirement already satisfied: a', null],
  ])('%s', async (line, expected) => {
    const { pipDetail } = await import('../../../../src/relay/trainerEnvironment/install.ts');
    expect(pipDetail(line)).toBe(expected);
  });
});
