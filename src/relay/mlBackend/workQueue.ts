/** Does pieces of work by key: what somebody waits for first, and what nobody wants any more not at all. */
interface Piece<T> {
  readonly key: string;
  readonly work: (signal: AbortSignal) => Promise<T>;
  readonly controller: AbortController;
  readonly result: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
  readonly wanted: Set<Wish>;
  /** In the order of arrival. */
  readonly number: number;
  started: boolean;
}

/** One asker's interest in a piece; the same object may be given to many pieces. */
export interface Wish {
  /** Higher goes first. May change at any time. */
  urgency: number;
}

/**
 * `places` pieces are worked on at once, begun in the order of the most urgent wish and, among equals, of arrival. A
 * piece that is wanted again while it waits or runs is done once.
 */
export class WorkQueue<T> {
  readonly #places: number;
  readonly #pieces = new Map<string, Piece<T>>();
  /** What has not begun, by who wants it. */
  readonly #waiting = new Map<Wish, Set<Piece<T>>>();
  #added = 0;
  #running = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** Pieces that wait or run. */
  get size(): number {
    return this.#pieces.size;
  }

  want(key: string, wish: Wish, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const piece = this.#pieces.get(key) ?? this.#add(key, work);
    piece.wanted.add(wish);
    if (!piece.started) {
      const pieces = this.#waiting.get(wish) ?? new Set();
      this.#waiting.set(wish, pieces.add(piece));
    }
    this.#pump();
    return piece.result;
  }

  /** Nobody waits behind this wish any more: pieces that only it wanted are given up. */
  withdraw(wish: Wish, reason: unknown): void {
    for (const piece of [...this.#pieces.values()]) {
      if (!piece.wanted.delete(wish)) continue;
      this.#unwish(wish, piece);
      if (piece.wanted.size === 0) this.#giveUp(piece, reason);
    }
  }

  /** Gives up everything. */
  close(reason: unknown): void {
    for (const piece of [...this.#pieces.values()]) this.#giveUp(piece, reason);
  }

  #add(key: string, work: Piece<T>['work']): Piece<T> {
    const { promise: result, resolve, reject } = promiseParts<T>();
    // Who wants it looks at it; until then a failure is nobody's unhandled rejection.
    result.catch(() => undefined);
    const piece: Piece<T> = {
      ...{ key, work, result, resolve, reject },
      controller: new AbortController(),
      wanted: new Set<Wish>(),
      number: (this.#added += 1),
      started: false,
    };
    this.#pieces.set(key, piece);
    return piece;
  }

  #giveUp(piece: Piece<T>, reason: unknown): void {
    if (this.#pieces.get(piece.key) === piece) this.#pieces.delete(piece.key);
    this.#unwait(piece);
    piece.controller.abort(reason);
    piece.reject(reason);
  }

  #pump(): void {
    while (this.#running < this.#places) {
      const next = this.#mostUrgent();
      if (next === undefined) return;
      void this.#run(next);
    }
  }

  /** Looks at wishes, not at pieces: there may be tens of thousands of these. */
  #mostUrgent(): Piece<T> | undefined {
    let best: Piece<T> | undefined;
    let bestUrgency = Number.NEGATIVE_INFINITY;
    for (const [wish, pieces] of this.#waiting) {
      const [first] = pieces;
      if (first === undefined || wish.urgency < bestUrgency) continue;
      if (wish.urgency === bestUrgency && best !== undefined && best.number < first.number) continue;
      best = first;
      bestUrgency = wish.urgency;
    }
    return best;
  }

  /** It begins, or nobody wants it any more. */
  #unwait(piece: Piece<T>): void {
    for (const wish of piece.wanted) this.#unwish(wish, piece);
  }

  #unwish(wish: Wish, piece: Piece<T>): void {
    const pieces = this.#waiting.get(wish);
    pieces?.delete(piece);
    if (pieces?.size === 0) this.#waiting.delete(wish);
  }

  async #run(piece: Piece<T>): Promise<void> {
    piece.started = true;
    this.#unwait(piece);
    this.#running += 1;
    try {
      piece.resolve(await piece.work(piece.controller.signal));
    } catch (error) {
      piece.reject(error);
    } finally {
      this.#running -= 1;
      if (this.#pieces.get(piece.key) === piece) this.#pieces.delete(piece.key);
      this.#pump();
    }
  }
}

function promiseParts<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
