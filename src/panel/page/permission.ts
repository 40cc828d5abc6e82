/** How often is asked whether the page around the panel may still show it, in milliseconds. */
const askMs = 5000;

/**
 * Calls `onRemoved` once, when the user has taken `origin` off the list. A server that does not answer changes nothing: it
 * may be starting again.
 */
export function watchPermission(
  origin: string,
  allowed: () => Promise<ReadonlySet<string>>,
  onRemoved: () => void,
): void {
  let isRemoved = false;
  const asking = setInterval(() => {
    void allowed().then(
      (origins) => {
        if (origins.has(origin) || isRemoved) return;
        isRemoved = true;
        clearInterval(asking);
        onRemoved();
      },
      () => undefined,
    );
  }, askMs);
}
