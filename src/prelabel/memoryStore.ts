import type { ItemResult, ResultStore } from './types.ts';

/**
 * A ResultStore for one process (the command line): nothing survives it, so a repeated command starts over.
 * Posting stays safe all the same, because the sink is idempotent per (task, model version).
 */
export function memoryStore(): ResultStore {
  const results = new Map<string, ItemResult>();
  // In the order of insertion, as Sets are: oldest first.
  const waiting = new Set<string>();
  const idOf = (sourceId: string, modelVersion: string, key: string): string =>
    JSON.stringify([sourceId, modelVersion, key]);
  const belongs = (result: ItemResult, sourceId: string, modelVersion: string): boolean =>
    result.sourceId === sourceId && result.modelVersion === modelVersion;
  const all = (sourceId: string, modelVersion: string): readonly ItemResult[] =>
    [...results.values()].filter((result) => belongs(result, sourceId, modelVersion));

  return {
    get: (sourceId, key, modelVersion) => Promise.resolve(results.get(idOf(sourceId, modelVersion, key))),
    put(result, { queueForPosting }) {
      const id = idOf(result.sourceId, result.modelVersion, result.key);
      results.set(id, result);
      if (result.state === 'failed') waiting.delete(id);
      else if (queueForPosting) waiting.add(id);
      return Promise.resolve();
    },
    requeue(sourceId, modelVersion, keys) {
      for (const key of keys) {
        const id = idOf(sourceId, modelVersion, key);
        const result = results.get(id);
        if (result?.state !== 'done') continue;
        if (result.error !== null) results.set(id, { ...result, error: null });
        waiting.add(id);
      }
      return Promise.resolve();
    },
    outbox(sourceId, modelVersion, limit) {
      const found: ItemResult[] = [];
      for (const id of waiting) {
        if (found.length >= limit) break;
        const result = results.get(id);
        if (result !== undefined && belongs(result, sourceId, modelVersion)) found.push(result);
      }
      return Promise.resolve(found);
    },
    countWaiting: () => Promise.resolve(waiting.size),
    confirm(sourceId, modelVersion, keys) {
      for (const key of keys) waiting.delete(idOf(sourceId, modelVersion, key));
      return Promise.resolve();
    },
    reject(sourceId, modelVersion, key, error) {
      const id = idOf(sourceId, modelVersion, key);
      const result = results.get(id);
      if (result !== undefined) results.set(id, { ...result, error });
      waiting.delete(id);
      return Promise.resolve();
    },
    all: (sourceId, modelVersion) => Promise.resolve(all(sourceId, modelVersion)),
    async *pages(sourceId, modelVersion) {
      yield await Promise.resolve(all(sourceId, modelVersion));
    },
    some: (sourceId, modelVersion, keys) =>
      Promise.resolve(keys.flatMap((key) => results.get(idOf(sourceId, modelVersion, key)) ?? [])),
  };
}
