import { winogradConvolutions } from './winograd.ts';
import type { WinogradOptions } from './winograd.ts';

/**
 * Opens the network in the form that a CPU computes faster, and where that fails, as it is in the file: a network whose
 * numbers do not bear the rounding, or a memory that does not hold the larger weights, costs speed and not the engine.
 *
 * @param open gives a session that has passed its self-test, or throws.
 */
export async function openFaster<Session>(
  model: Uint8Array,
  options: WinogradOptions,
  open: (model: Uint8Array) => Promise<Session>,
): Promise<Session> {
  const faster = winogradConvolutions(model, options);
  if (faster === model) return open(model);
  try {
    return await open(faster);
  } catch {
    return open(model);
  }
}
