import { execa } from 'execa';
import * as v from 'valibot';
import type { Settings } from '../settings/table.ts';
import { findPython } from '../trainerEnvironment/findPython.ts';
import { listGpus, needsCuda } from '../trainerEnvironment/gpu.ts';
import { readyTrainerPython } from '../trainerEnvironment/trainerPython.ts';
import { ok, problem, split, unknown, warning, type Finding, type Probe } from './check.ts';

type TrainerSettings = Pick<Settings, 'device' | 'executor' | 'gpus' | 'rayAddress' | 'rayToken'>;

const versionsSchema = v.object({
  python: v.string(),
  torch: v.string(),
  mmdet: v.string(),
  cuda: v.nullable(v.string()),
  gpus: v.array(v.string()),
});

const askVersions = `
import json, platform, torch
from importlib.metadata import version
gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps(dict(python=platform.python_version(), torch=torch.__version__, mmdet=version('onedl-mmdetection'),
                      cuda=torch.version.cuda, gpus=gpus)))
`;

type Versions = v.InferOutput<typeof versionsSchema>;

/** What trainings need: Python, MMDetection, PyTorch, CUDA, a GPU, the executor that is set. */
export function trainerProbes(settings: TrainerSettings): readonly Probe[] {
  // Three findings of one question: starting PyTorch takes seconds.
  let asked: Promise<Installed> | undefined;
  const installed = (signal: AbortSignal) => (asked ??= ask(settings, signal));
  return [
    { id: 'python', title: 'Python', run: python },
    { id: 'trainer', title: 'MMDetection', run: async (signal) => trainer(await installed(signal)) },
    { id: 'torch', title: 'PyTorch', run: async (signal) => torch(await installed(signal)) },
    { id: 'cuda', title: 'CUDA', run: async (signal) => cuda(await installed(signal)) },
    { id: 'gpu', title: 'GPU', run: () => gpu(settings) },
    { id: 'executor', title: 'Executor', run: (signal) => executor(settings, signal) },
  ];
}

async function python(): Promise<Finding> {
  try {
    const { command, version } = await findPython();
    return ok(`${version} (${command})`);
  } catch (error) {
    // All but training works without.
    return warning(...split(error instanceof Error ? error.message : String(error)));
  }
}

/** What the trainer's environment is, or why nobody knows. `cuda`: whether it ought to be a build for CUDA. */
type Installed =
  | { readonly state: 'elsewhere' }
  | { readonly state: 'missing'; readonly cuda: boolean }
  | { readonly state: 'broken'; readonly python: string; readonly why: string }
  | { readonly state: 'ready'; readonly cuda: boolean; readonly versions: Versions };

async function ask({ device, executor }: TrainerSettings, signal: AbortSignal): Promise<Installed> {
  if (executor === 'ray') return { state: 'elsewhere' };
  const wanted = await needsCuda(device);
  const ready = await readyTrainerPython({ cuda: wanted });
  if (ready === undefined) return { state: 'missing', cuda: wanted };
  const { exitCode, stdout, stderr } = await execa(ready, ['-c', askVersions], {
    reject: false,
    cancelSignal: signal,
  });
  const parsed = v.safeParse(versionsSchema, exitCode === 0 ? JSON.parse(stdout) : null);
  if (parsed.success) return { state: 'ready', cuda: wanted, versions: parsed.output };
  return { state: 'broken', python: ready, why: stderr.trim().split('\n').at(-1) ?? '' };
}

const elsewhere = 'not needed here: trainings run on the Ray cluster';

/** The finding where there is no version to tell. */
function withoutVersion(installed: Exclude<Installed, { state: 'ready' }>): Finding {
  switch (installed.state) {
    case 'elsewhere':
      return ok(elsewhere);
    case 'missing': {
      const { cuda } = installed;
      return warning(
        `not installed yet${cuda ? ' for CUDA' : ''}; the first training does it (some minutes, once).`,
        `Run "forelabel setup${cuda ? ' --cuda' : ''}" to have it done.`,
      );
    }
    case 'broken':
      return problem(
        `${installed.python} does not work: ${installed.why}`,
        'Delete that environment and run "forelabel setup".',
      );
  }
}

function trainer(installed: Installed): Finding {
  return installed.state === 'ready' ? ok(installed.versions.mmdet) : withoutVersion(installed);
}

function torch(installed: Installed): Finding {
  return installed.state === 'ready' ? ok(installed.versions.torch) : withoutVersion(installed);
}

function cuda(installed: Installed): Finding {
  if (installed.state !== 'ready') return withoutVersion(installed);
  const { cuda: wanted, versions } = installed;
  if (wanted && versions.gpus.length === 0) {
    return problem(
      `${versions.cuda ?? 'not in this PyTorch'}, and PyTorch sees no GPU.`,
      'Update the NVIDIA driver, or train on the CPU: forelabel config set device cpu.',
    );
  }
  return ok(versions.cuda ?? 'not used: PyTorch is a build for the CPU');
}

async function gpu({ device, executor, gpus }: TrainerSettings): Promise<Finding> {
  const found = await listGpus();
  if (executor === 'ray') return ok('the Ray cluster has its own');
  if (found.length === 0) {
    const fix = 'Install the NVIDIA driver, or set device to auto or cpu.';
    return device === 'cuda'
      ? problem('none is found, and the setting device asks for one.', fix)
      : ok('none: trainings run on the CPU');
  }
  if (executor === 'torchrun' && gpus > found.length) {
    return problem(
      `${found.length} of the ${gpus} that the setting gpus asks for.`,
      `Run "forelabel config set gpus ${found.length}".`,
    );
  }
  return ok(found.join(', '));
}

async function executor(
  { executor: kind, rayAddress, rayToken }: TrainerSettings,
  signal: AbortSignal,
): Promise<Finding> {
  if (kind !== 'ray')
    return ok(kind === 'local' ? 'local: on this machine' : 'torchrun: several GPUs of this machine');
  if (rayAddress === null) {
    return problem(
      'ray, and no cluster is named.',
      'Run "forelabel config set rayAddress http://HEAD:8265", the address of its dashboard.',
    );
  }
  try {
    const answer = await fetch(`${rayAddress}/api/version`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
      headers: rayToken === null ? {} : { authorization: `Bearer ${rayToken}` },
      redirect: 'error',
    });
    if (answer.status === 401 || answer.status === 403) {
      return problem(`ray at ${rayAddress} refuses us.`, 'Run "forelabel config set rayToken -".');
    }
    const { ray_version: version } = v.parse(v.object({ ray_version: v.string() }), await answer.json());
    return ok(`ray ${version} at ${rayAddress}`);
  } catch {
    signal.throwIfAborted();
    return unknown(
      `no Ray answers at ${rayAddress}.`,
      'Check the address of its dashboard, and that this machine may reach it.',
    );
  }
}
