import type { ItemResult, ResultStore } from '../prelabel/types.ts';

/**
 * A ResultStore that keeps only what still has to be posted. The command line writes each result as it comes
 * and never asks for it again, so that memory stays flat over any number of images.
 */
export function passingStore(): ResultStore {
  // In the order of insertion, as Maps are: oldest first. One run has one source and one model.
  const waiting = new Map<string, ItemResult>();
  return {
    get: () => Promise.resolve(undefined),
    put(result, { queueForPosting }) {
      if (queueForPosting && result.state === 'done') waiting.set(result.key, result);
      return Promise.resolve();
    },
    requeue: () => Promise.resolve(),
    outbox(_sourceId, _modelVersion, limit) {
      const oldest: ItemResult[] = [];
      for (const result of waiting.values()) {
        if (oldest.length >= limit) break;
        oldest.push(result);
      }
      return Promise.resolve(oldest);
    },
    countWaiting: () => Promise.resolve(waiting.size),
    confirm(_sourceId, _modelVersion, keys) {
      for (const key of keys) waiting.delete(key);
      return Promise.resolve();
    },
    reject(_sourceId, _modelVersion, key) {
      waiting.delete(key);
      return Promise.resolve();
    },
    all: () => Promise.resolve([]),
    async *pages() {
      yield await Promise.resolve([]);
    },
    some: () => Promise.resolve([]),
  };
}
