import { EngineError } from '../errors.ts';
import type { EngineInfo } from '../types.ts';
import type { BackendChain, OpenBackend } from './backendChain.ts';
import { Watchdog, type WatchdogLimits } from './watchdog.ts';
import type { WorkerHost } from './workerHost.ts';
import { WorkerWear, type WearLimits } from './workerWear.ts';

export interface KeeperSettings {
  readonly chain: BackendChain;
  readonly limits: WatchdogLimits;
  readonly wear: WearLimits;
  /** Called when another backend has taken over. */
  readonly onInfo: (info: EngineInfo) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** A worker, and what is known of it. */
export interface KeptWorker {
  readonly host: WorkerHost;
  readonly info: EngineInfo;
  readonly watchdog: Watchdog;
  readonly wear: WorkerWear;
}

/**
 * There is always a worker for the next image: one that died is started anew, and one that is worn out (`WorkerWear`) is
 * replaced between two images by a fresh one that has been loaded and warmed up beside it. For those seconds there are two.
 */
export class WorkerKeeper {
  readonly #settings: KeeperSettings;
  #kept: KeptWorker;
  /** Being loaded; settles when it is ready or has failed, and never rejects. */
  #loading: Promise<void> | undefined;
  #fresh: KeptWorker | undefined;
  #taken = false;

  constructor(settings: KeeperSettings, open: OpenBackend) {
    this.#settings = settings;
    this.#kept = this.#keep(open);
  }

  get info(): EngineInfo {
    return this.#kept.info;
  }

  /**
   * The worker for one image, to be given back with `release` whatever became of it. One at a time. Throws what
   * `BackendChain.open` throws.
   */
  async take(): Promise<KeptWorker> {
    this.#taken = true;
    try {
      const { host } = this.#kept;
      if (!host.alive) await Promise.all([this.#loading, host.untilGone(this.#settings.signal)]);
      this.#freshen();
      if (!this.#kept.host.alive) await this.#revive();
      return this.#kept;
    } catch (error) {
      this.#taken = false;
      throw error;
    }
  }

  /** @param done an image came out of it. */
  release(worker: KeptWorker, done: boolean): void {
    this.#taken = false;
    this.#freshen();
    if (done && worker === this.#kept) void this.#inspect(worker);
  }

  /** Ends the workers. */
  end(reason: EngineError): void {
    this.#kept.host.end(reason);
    this.#fresh?.host.end(reason);
  }

  async #inspect(worker: KeptWorker): Promise<void> {
    // A worker that cannot say it is about to be replaced anyway.
    const worn = await worker.wear.imageDone(() => worker.host.heapBytes()).catch(() => false);
    if (!worn || worker !== this.#kept || (this.#loading ?? this.#fresh) !== undefined) return;
    this.#loading = this.#loadFresh().finally(() => (this.#loading = undefined));
  }

  async #loadFresh(): Promise<void> {
    const { chain, signal } = this.#settings;
    try {
      this.#fresh = this.#keep(await chain.openAgain(signal));
      if (signal.aborted) this.#fresh.host.end(new EngineError('disposed'));
      if (!this.#taken) this.#freshen();
    } catch {
      // The one in use still works; it is asked again when it has run as much once more.
      this.#kept.wear.startAnew();
    }
  }

  /** Between two images only. */
  #freshen(): void {
    const fresh = this.#fresh;
    if (fresh === undefined) return;
    this.#fresh = undefined;
    const leaving = fresh.info.backend === this.#settings.chain.backend ? this.#kept : fresh;
    if (leaving !== fresh) this.#kept = fresh;
    leaving.host.end(new EngineError('disposed'));
  }

  async #revive(): Promise<void> {
    const { chain, signal, onInfo } = this.#settings;
    const { info } = this.#kept;
    this.#kept = this.#keep(await chain.open(signal));
    if (this.#kept.info.backend !== info.backend) onInfo(this.#kept.info);
  }

  #keep({ host, info }: OpenBackend): KeptWorker {
    const { limits, wear } = this.#settings;
    return { host, info, watchdog: new Watchdog(limits, info.warmUpMs), wear: new WorkerWear(wear) };
  }
}
