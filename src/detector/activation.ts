import { HeadsError } from './heads.ts';

/**
 * Logistic function in torch's float32 steps: exp, 1 + e and 1 / d are each rounded. Differs from torch by
 * at most 2 units in the last place (for 4 % of inputs, where torch's vectorised exp is not rounded
 * correctly). Non-decreasing.
 */
export function sigmoid(logit: number): number {
  return Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-logit))));
}

/** What the graph has applied a sigmoid to already; throws `HeadsError` outside 0..1. */
export function probability(raw: number): number {
  if (raw >= 0 && raw <= 1) return raw === 0 ? 0 : raw; // -0 would sort before everything
  throw new HeadsError(
    `An output that model.json calls 'probabilities' holds ${raw}. It may hold logits: export the model again.`,
  );
}

/**
 * A bound that spares the exact test `activate(raw) > threshold`: whatever is at or below it fails that
 * test. It lies a little below the threshold's own logit, since the float32 sigmoid is off by up to 1.2e-7.
 * -Infinity where nothing can be ruled out.
 */
export function rawFloor(threshold: number, activated: 'logits' | 'probabilities'): number {
  const lower = Math.max(0, threshold - 1e-6);
  return activated === 'probabilities' ? lower : Math.log(lower / (1 - lower));
}
