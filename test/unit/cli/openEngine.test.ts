import { afterEach, expect, test, vi } from 'vitest';
import { openEngine } from '../../../src/cli/openEngine.ts';
import { resolveModel } from '../../../src/relay/modelCatalog.ts';
import { tinyModelDir } from '../../support/tinyModelNode.ts';

afterEach(() => vi.unstubAllEnvs());

test('native keeps off the GPU where the settings say so', async () => {
  vi.stubEnv('FORELABEL_DEVICE', 'cpu');
  const engine = await openEngine('native', await resolveModel(tinyModelDir, []), () => undefined);
  expect(engine.info).toMatchObject({
    backend: 'native',
    device: 'CPU',
    why: 'ONNX Runtime on the CPU was asked for.',
  });
  await engine.dispose();
});
