/**
 * What `decode` gives, and its milliseconds: without those in which it waited for the images before it.
 *
 * @param turn what a large image waits for, see `PipelineStages.prepare`. Default: it has come.
 */
export async function timedDecode<Pixels>(
  decode: (atItsTurn: () => Promise<void>) => Promise<Pixels>,
  turn: Promise<void> = Promise.resolve(),
): Promise<readonly [pixels: Pixels, ms: number]> {
  const start = performance.now();
  let waited = 0;
  const pixels = await decode(async () => {
    const before = performance.now();
    await turn;
    waited = performance.now() - before;
  });
  return [pixels, performance.now() - start - waited];
}
