/** Several lists in id order as one, without repetitions; of each list only its head is held. */
export async function* inOrderOfId<T extends { readonly id: number }>(
  lists: readonly AsyncGenerator<T>[],
): AsyncGenerator<T> {
  const [only, ...others] = lists;
  if (only === undefined) return;
  if (others.length === 0) {
    yield* only;
    return;
  }
  try {
    const heads = await Promise.all(lists.map((list) => list.next()));
    for (;;) {
      const least = Math.min(...heads.map((head) => (head.done === true ? Infinity : head.value.id)));
      const at = heads.findIndex((head) => head.done !== true && head.value.id === least);
      const head = heads[at];
      if (head === undefined || head.done === true) return;
      yield head.value;
      for (const [index, list] of lists.entries()) {
        const other = heads[index];
        if (other?.done === false && other.value.id === least) heads[index] = await list.next();
      }
    }
  } finally {
    await Promise.all(lists.map((list) => list.return(undefined)));
  }
}
