import { asEngineError, EngineError, isMachineFailure } from '../errors.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import { reportsOf, whyOf } from './engineChoice.ts';
import type { Candidate, Contestant, EngineChoice, PageBackend } from './engineChoice.ts';
import { Gate, raced } from './gate.ts';
import { RecentImages } from './recentImages.ts';

/** Another engine takes over only where it is clearly faster: timings vary, and changing costs something too. */
const CLEARLY_FASTER = 1.3;
/** The first run of an engine on a shape compiles and allocates. */
const COMPARED_RUNS = 2;
/** Of an image on its way to the relay and back: from here on, computing in the page may be faster. */
const LONG_WAY_MS = 100;
/** A relay that went away is looked for again. */
const COMEBACK_MS = 30_000;
/**
 * So long the last resort waits for those that should be faster, and images for a comparison, beyond the time that it would
 * take if all were as slow as the engine in use.
 */
const PATIENCE_MS = 10_000;

export interface ChoiceSettings {
  /** In order of preference. 'wasm' is the last resort: it is not started while another one works well. */
  readonly candidates: readonly Candidate[];
  readonly choice: EngineChoice;
  /** Called when another engine takes over, and when more is known of one that is not used. */
  readonly onInfo: (info: EngineInfo) => void;
  /** The relay runs on this very machine: its way is short, and wasm would have the same CPU. */
  readonly relayIsHere?: boolean;
  /** For tests: milliseconds until a relay that went away is looked for, and that are waited for what should be faster. */
  readonly comebackMs?: number;
  readonly patienceMs?: number;
}

interface InUse {
  readonly contestant: Contestant;
  readonly engine: Engine;
  readonly recent: RecentImages;
}

/**
 * The engine that runs is the first one that is ready. The others that may be faster are given the same image as it,
 * and take over where they are clearly faster (docs/decisions/0012-which-engine.md); images wait meanwhile, so that each
 * engine is timed alone. One that fails under an image makes room for the next, and the image goes there: no image is lost
 * while any engine works.
 */
export class ChosenEngine implements Engine {
  readonly #settings: ChoiceSettings;
  readonly #contestants: readonly Contestant[];
  readonly #disposal = new AbortController();
  /** Engines that wait to be compared, or are. */
  readonly #open = new Map<Contestant, Engine>();
  /** Images pass it; a comparison is alone behind it. */
  readonly #gate = new Gate();
  #comparing = false;
  #inUse: InUse | undefined;
  #failure: EngineError | undefined;
  #replacing: Promise<boolean> | undefined;
  #comeback: ReturnType<typeof setTimeout> | undefined;

  private constructor(settings: ChoiceSettings) {
    this.#settings = settings;
    this.#contestants = settings.candidates.map((candidate) => ({
      ...{ candidate, state: 'untried', ms: null, reason: null },
    }));
  }

  /** Throws the failure of the last engine that was tried when none works, or the reason of `signal`. */
  static async open(settings: ChoiceSettings, signal?: AbortSignal): Promise<ChosenEngine> {
    const chosen = new ChosenEngine(settings);
    const end = (): void => void chosen.dispose();
    signal?.addEventListener('abort', end, { once: true });
    try {
      await chosen.#begin();
      signal?.throwIfAborted();
      return chosen;
    } catch (error) {
      signal?.throwIfAborted();
      await chosen.dispose();
      throw error;
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  /** Changes when another engine takes over and when more is known. */
  get info(): EngineInfo {
    const { engine, contestant, recent } = this.#current();
    contestant.ms = recent.medianMs;
    const { choice } = this.#settings;
    return {
      ...engine.info,
      why: [whyOf(this.#contestants, choice), ownWhy(engine.info)].filter((part) => part !== '').join(' '),
      candidates: reportsOf(this.#contestants, choice),
    };
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    const signals = signal === undefined ? [this.#disposal.signal] : [signal, this.#disposal.signal];
    const until = AbortSignal.any(signals);
    return this.#gate.pass(() => this.#insist(image, until), until);
  }

  /** Images under way reject with `EngineError` 'disposed'. */
  async dispose(): Promise<void> {
    clearTimeout(this.#comeback);
    this.#disposal.abort(new EngineError('disposed'));
    const engines = [...this.#open.values(), ...(this.#inUse === undefined ? [] : [this.#inUse.engine])];
    this.#open.clear();
    await Promise.all(engines.map((engine) => engine.dispose()));
  }

  async #insist(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    for (;;) {
      signal.throwIfAborted();
      const used = this.#current();
      try {
        const found = await used.engine.detect(image, { signal });
        this.#note(used, image, found);
        return found;
      } catch (error) {
        signal.throwIfAborted();
        if (!isEnginesFault(error, used.contestant.candidate.backend)) throw error;
        if (!(await raced(this.#replace(used, error), signal))) throw error;
      }
    }
  }

  #current(): InUse {
    if (this.#inUse === undefined) throw new EngineError('disposed');
    return this.#inUse;
  }

  async #begin(): Promise<void> {
    const { choice } = this.#settings;
    const chosen = this.#contestants.find(({ candidate }) => candidate.backend === choice);
    if (chosen !== undefined && (await this.#first([chosen]))) return;
    const quick = this.#contestants.filter((each) => each !== chosen && each.candidate.backend !== 'wasm');
    if (await this.#within(this.#first(quick))) return;
    const last = this.#contestants.filter((each) => each.state === 'untried');
    if ((await this.#first(last)) || this.#inUse !== undefined) return;
    throw this.#failure ?? new EngineError('backend-unavailable');
  }

  /** False when it takes too long; it goes on, and what comes of it is compared later. */
  async #within(first: Promise<boolean>): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), this.#settings.patienceMs ?? PATIENCE_MS);
    });
    try {
      return await Promise.race([first, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Starts all of them and uses the first that works; the later ones are compared with it. */
  async #first(contestants: readonly Contestant[]): Promise<boolean> {
    const starts = contestants.map(async (contestant) => {
      const engine = await this.#start(contestant);
      if (engine === null) throw new Error('It does not work.');
      if (this.#inUse === undefined) this.#use(contestant, engine);
      else this.#compareLater(contestant, engine);
    });
    const works = await Promise.any(starts).then(
      () => true,
      () => false,
    );
    this.#disposal.signal.throwIfAborted();
    return works;
  }

  /** Null when it does not work; the reason is noted. */
  async #start(contestant: Contestant): Promise<Engine | null> {
    const { signal } = this.#disposal;
    contestant.state = 'starting';
    try {
      const engine = await contestant.candidate.open(signal);
      if (!signal.aborted) return engine;
      await engine.dispose();
    } catch (error) {
      if (signal.aborted) return null;
      this.#failure = asEngineError(error, 'worker-crashed');
      this.#fail(contestant, this.#failure);
      this.#tell();
    }
    return null;
  }

  #fail(contestant: Contestant, error: EngineError): void {
    contestant.state = 'failed';
    const detailed = error.code === 'backend-unavailable' || error.code === 'relay-failed';
    const said = detailed ? (error.detail ?? error.what) : error.what;
    contestant.reason = said.charAt(0).toLowerCase() + said.slice(1);
  }

  /** The one before ends at once: it is idle, or has failed, and then its images come here. */
  #use(contestant: Contestant, engine: Engine): void {
    const before = this.#inUse;
    contestant.state = 'in-use';
    this.#inUse = { contestant, engine, recent: new RecentImages() };
    void before?.engine.dispose();
    this.#tell();
  }

  #tell(): void {
    // Not before there is one.
    if (this.#inUse !== undefined && !this.#disposal.signal.aborted) this.#settings.onInfo(this.info);
  }

  #note(used: InUse, image: Blob, { timings }: DetectResult): void {
    used.recent.add(image, timings.total);
    if (used !== this.#inUse) return;
    this.#compareAll();
    const way = timings.transfer ?? 0;
    const { choice, relayIsHere = false } = this.#settings;
    if (choice === 'auto' && !relayIsHere && way > LONG_WAY_MS && way > timings.total / 2) {
      const wasm = this.#contestants.find((each) => each.candidate.backend === 'wasm');
      if (wasm?.state === 'untried') void this.#startRival(wasm);
    }
  }

  async #startRival(contestant: Contestant): Promise<void> {
    const engine = await this.#start(contestant);
    if (engine !== null) this.#compareLater(contestant, engine);
  }

  #compareLater(contestant: Contestant, engine: Engine): void {
    contestant.state = 'ready';
    this.#open.set(contestant, engine);
    this.#tell();
    this.#compareAll();
  }

  #compareAll(): void {
    if (this.#comparing || this.#open.size === 0 || this.#sample() === undefined) return;
    this.#comparing = true;
    const all = async (): Promise<void> => {
      for (const [rival, engine] of this.#open) await this.#compare(rival, engine);
    };
    void this.#gate.alone(all).finally(() => (this.#comparing = false));
  }

  /** The image that the engine in use has just done, once it has done enough of them. */
  #sample() {
    const recent = this.#inUse?.recent;
    return recent !== undefined && recent.count >= COMPARED_RUNS ? recent.last : undefined;
  }

  /** The better of two runs each; one that does not come back in time is as good as slower. */
  async #compare(rival: Contestant, engine: Engine): Promise<void> {
    const used = this.#current();
    const sample = this.#sample();
    if (sample === undefined) return;
    const { patienceMs = PATIENCE_MS } = this.#settings;
    const late = AbortSignal.timeout(patienceMs + 2 * COMPARED_RUNS * sample.ms);
    const signal = AbortSignal.any([late, this.#disposal.signal]);
    const run = async (runner: Engine) => (await runner.detect(sample.image, { signal })).timings.total;
    try {
      // First, because it then has ended what it may still be doing for an image that was called back.
      const usedMs = Math.min(sample.ms, await run(used.engine).catch(() => sample.ms));
      const rivalMs = Math.min(await run(engine), await run(engine));
      this.#disposal.signal.throwIfAborted();
      rival.ms = rivalMs;
      rival.state = 'slower';
      if (rivalMs * CLEARLY_FASTER < usedMs) {
        used.contestant.ms = usedMs;
        used.contestant.state = 'slower';
        this.#open.delete(rival);
        this.#use(rival, engine);
        return;
      }
    } catch (error) {
      // Whoever ends all ends this one too.
      if (this.#disposal.signal.aborted) return;
      if (late.aborted) rival.state = 'slower';
      else this.#fail(rival, asEngineError(error, 'inference-failed'));
    }
    this.#open.delete(rival);
    this.#tell();
    await engine.dispose();
  }

  /** False when there is nothing else; then the failed one goes on with the next image. */
  #replace(failed: InUse, error: EngineError): Promise<boolean> {
    if (failed !== this.#inUse) return Promise.resolve(true);
    this.#replacing ??= this.#next(failed, error).finally(() => (this.#replacing = undefined));
    return this.#replacing;
  }

  async #next(failed: InUse, error: EngineError): Promise<boolean> {
    for (const contestant of this.#contestants) {
      // One that is being started is compared when it is there.
      if (['failed', 'starting', 'in-use'].includes(contestant.state)) continue;
      const open = this.#open.get(contestant);
      this.#open.delete(contestant);
      const engine = open ?? (await this.#start(contestant));
      if (engine === null) continue;
      this.#fail(failed.contestant, error);
      this.#use(contestant, engine);
      if (failed.contestant.candidate.backend === 'relay') this.#lookForItAgain(failed.contestant);
      return true;
    }
    return false;
  }

  #lookForItAgain(contestant: Contestant): void {
    const again = async (): Promise<void> => {
      await this.#startRival(contestant);
      if (contestant.state === 'failed' && !this.#disposal.signal.aborted) this.#lookForItAgain(contestant);
    };
    this.#comeback = setTimeout(() => void again(), this.#settings.comebackMs ?? COMEBACK_MS);
  }
}

/** What an engine says of itself adds to the choice only where it chose too. */
function ownWhy({ backend, why }: EngineInfo): string {
  return backend === 'relay' ? why : '';
}

/** Failures that another engine may not have. What is wrong with the relay's copy of a model is not with ours. */
function isEnginesFault(error: unknown, backend: PageBackend): error is EngineError {
  if (isMachineFailure(error)) return true;
  if (!(error instanceof EngineError)) return false;
  return error.code === 'disposed' || (backend === 'relay' && !error.code.startsWith('image-'));
}
