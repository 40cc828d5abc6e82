import type { Engine } from '../engine/types.ts';
import type { CatalogModel } from '../relay/modelCatalog.ts';
import type { EngineName } from './predictArgs.ts';

/** Loads a model into the engine that was asked for, and into no other: the user has chosen. */
export async function openEngine(name: EngineName, model: CatalogModel): Promise<Engine> {
  if (name === 'native') {
    const { createNativeEngine } = await import('../engine/native/createNativeEngine.ts');
    return createNativeEngine({ modelDir: model.folder });
  }
  const { createBrowserEngine } = await import('./browserEngine.ts');
  return createBrowserEngine(model, name);
}
