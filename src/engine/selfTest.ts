import { checkGolden, goldenInput } from '../detector/golden.ts';
import type { Manifest } from '../detector/manifest.ts';
import type { HeadTensors } from '../detector/types.ts';
import { EngineError } from './errors.ts';

/**
 * Runs the manifest's golden input. Throws `EngineError` 'self-test' when an output is off by more than
 * the tolerance; drivers and kernels that give wrong or all-zero numbers are found out here.
 *
 * @param run takes float32 `[1,3,height,width]` and gives the raw heads.
 */
export async function selfTest(
  manifest: Manifest,
  run: (input: Float32Array, height: number, width: number) => Promise<HeadTensors>,
): Promise<void> {
  const { height, width } = manifest.golden;
  const heads = await run(goldenInput(manifest.golden), height, width);
  const verdict = checkGolden(manifest.golden, heads);
  if (!verdict.ok) throw new EngineError('self-test', verdict.reason);
}
