import type { Source } from '../prelabel/types.ts';

/**
 * The same source, which has no further images once `stop` aborts. Unlike a cancelled run, one whose source
 * ends finishes what it has in hand, and posts it.
 */
export function stoppable(source: Source, stop: AbortSignal): Source {
  const stopped = new Promise<'stopped'>((resolve) => {
    stop.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  return {
    id: source.id,
    title: source.title,
    count: (signal) => source.count(signal),
    async *items(signal, after) {
      const items = source.items(signal, after)[Symbol.asyncIterator]();
      try {
        while (!stop.aborted) {
          const next = await Promise.race([items.next(), stopped]);
          if (next === 'stopped' || next.done === true) return;
          yield next.value;
        }
      } finally {
        // Not awaited: the listing may hang in the very request that is being given up.
        void items.return?.();
      }
    },
  };
}
