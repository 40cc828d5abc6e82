import { execa } from 'execa';
import type { Device } from '../settings/table.ts';

/** Names of this machine's NVIDIA GPUs, as its driver tells; none without a driver. */
export async function listGpus(): Promise<readonly string[]> {
  const { exitCode, stdout } = await execa('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    reject: false,
    timeout: 10_000,
  });
  if (exitCode !== 0) return [];
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Whether a training on `device` needs the CUDA build of PyTorch: 'auto' does where there is a GPU. */
export async function needsCuda(device: Device): Promise<boolean> {
  return device === 'cuda' || (device === 'auto' && (await listGpus()).length > 0);
}
