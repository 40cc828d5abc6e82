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

/** What trainings need: Python, MMDetection, a GPU, the executor that is set. */
export function trainerProbes(settings: TrainerSettings): readonly Probe[] {
  return [
    { id: 'python', title: 'Python', run: python },
    { id: 'trainer', title: 'Trainer', run: (signal) => trainer(settings, signal) },
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

async function trainer({ device, executor }: TrainerSettings, signal: AbortSignal): Promise<Finding> {
  if (executor === 'ray') return ok('not needed here: trainings run on the Ray cluster');
  const cuda = await needsCuda(device);
  const ready = await readyTrainerPython({ cuda });
  if (ready === undefined) {
    return warning(
      `not installed yet${cuda ? ' for CUDA' : ''}; the first training does it (some minutes, once).`,
      `Run "forelabel setup${cuda ? ' --cuda' : ''}" to have it done.`,
    );
  }
  const { exitCode, stdout, stderr } = await execa(ready, ['-c', askVersions], {
    reject: false,
    cancelSignal: signal,
  });
  const parsed = v.safeParse(versionsSchema, exitCode === 0 ? JSON.parse(stdout) : null);
  if (!parsed.success) {
    return problem(
      `${ready} does not work: ${stderr.trim().split('\n').at(-1) ?? ''}`,
      'Delete that environment and run "forelabel setup".',
    );
  }
  const { torch, mmdet, cuda: built, gpus } = parsed.output;
  const found = `MMDetection ${mmdet}, PyTorch ${torch}, CUDA ${built ?? 'no'}`;
  if (cuda && gpus.length === 0) {
    return problem(
      `${found}, and PyTorch sees no GPU.`,
      'Update the NVIDIA driver, or train on the CPU: forelabel config set device cpu.',
    );
  }
  return ok(found);
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
