import type { Engine, EngineInfo } from '../engine/types.ts';
import { forelabelHome } from '../relay/home.ts';
import type { CatalogModel } from '../relay/modelCatalog.ts';
import { readSettings } from '../relay/settings/settings.ts';
import { CommandError } from './errors.ts';
import type { EngineName } from './predictArgs.ts';

/**
 * Loads a model into the engine that was asked for, and into no other: the user has chosen.
 *
 * @param onInfo called when the engine native has lost its GPU and goes on on the CPU.
 */
export async function openEngine(
  name: EngineName,
  model: CatalogModel,
  onInfo: (info: EngineInfo) => void,
): Promise<Engine> {
  if (name === 'native') {
    const { createNativeEngine } = await import('../engine/native/createNativeEngine.ts').catch(explain);
    const { device } = (await readSettings({ home: forelabelHome(), env: process.env })).values;
    const gpu = device === 'cpu' ? false : 'auto';
    return createNativeEngine({ modelDir: model.folder, gpu, onInfo });
  }
  const { createBrowserEngine } = await import('./browserEngine.ts');
  return createBrowserEngine(model, name);
}

/** Binaries for this platform may be missing: npm leaves out what it cannot install, or was told not to. */
function explain(cause: unknown): never {
  const why = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
  throw new CommandError(
    'no-native',
    `The engine native could not be loaded: ${why}. Install Forelabel again on this machine, or use --engine wasm.`,
    { cause },
  );
}
