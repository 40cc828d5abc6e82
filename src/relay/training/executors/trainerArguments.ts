import type { StepCommand } from '../contracts.ts';

/**
 * What Python is to run for a step. Training with several processes goes through PyTorch's own launcher, which
 * gives every process its rank; evaluation and export are one process always.
 *
 * @param processes of a training: one per GPU
 */
export function trainerArguments({ module, jobFile }: StepCommand, processes: number): readonly string[] {
  const trainer = ['-m', `forelabel_trainer.${module}`, jobFile];
  if (module !== 'train' || processes <= 1) return trainer;
  return ['-m', 'torch.distributed.run', '--standalone', `--nproc_per_node=${processes}`, ...trainer];
}
