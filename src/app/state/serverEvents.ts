/** Waits before each new attempt, in milliseconds. */
const patience = [1000, 3000, 10_000, 30_000];

/**
 * Listens to server-sent events with JSON in them until the returned function is called. A broken connection is
 * made anew, ever more seldom: the browser's own attempts come every few seconds and each leaves an error in the
 * console, all night long when the server is off. A new connection tells everything from the first event on,
 * so listeners go by the ids.
 */
export function listenTo(
  address: string,
  onData: (data: unknown, id: string) => void,
  onOpen?: () => void,
): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;

  const open = (): void => {
    source = new EventSource(address);
    source.onopen = () => {
      attempts = 0;
      onOpen?.();
    };
    source.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
      const parsed = parse(data);
      if (parsed !== undefined) onData(parsed, lastEventId);
    };
    source.onerror = () => {
      source.close();
      timer = setTimeout(open, patience[Math.min(attempts, patience.length - 1)]);
      attempts += 1;
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
