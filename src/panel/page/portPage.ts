import * as v from 'valibot';
import type { Prediction } from '../../labelstudio/types.ts';
import { blobSchema, boxOutcomeSchema, taskIdsSchema, toPanelSchema } from '../messages.ts';
import type { PanelRequest, ToBridge, ToPanel } from '../messages.ts';
import { OccupiedError } from '../occupied.ts';
import type { BoxChange, BoxOutcome, PageView, TaskPage } from './taskPage.ts';

/** A request without its number. */
type Ask = PanelRequest extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

export interface PortPageListeners {
  readonly onTheme: (dark: boolean) => void;
  /** The panel's key was pressed in Label Studio's page. */
  readonly onKey: () => void;
}

/** What is awaited of the bridge. */
interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Label Studio's page through the port that the bridge has handed over. */
export class PortPage implements TaskPage {
  view: PageView = { kind: 'none', message: '' };

  readonly #port: MessagePort;
  readonly #on: PortPageListeners;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(port: MessagePort, on: PortPageListeners) {
    this.#port = port;
    this.#on = on;
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = v.safeParse(toPanelSchema, data);
      if (parsed.success) this.#heard(parsed.output);
    };
  }

  tell(message: ToBridge): void {
    this.#port.postMessage(message);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    await this.#ask({ type: 'look' }, v.null());
  }

  fetchImage(task: number, field: string, signal: AbortSignal): Promise<Blob> {
    return this.#ask({ type: 'image', task, field }, blobSchema, signal);
  }

  change(task: number, { add, remove, over }: BoxChange): Promise<BoxOutcome> {
    // The view may have changed a moment ago: the bridge refuses what is not for what it shows by now.
    const annotation = this.view.kind === 'task' ? this.view.task.annotation : '';
    return this.#ask(
      { type: 'change', task, annotation, add: [...add], remove: [...remove], over },
      boxOutcomeSchema,
    );
  }

  post({ result, ...prediction }: Prediction): Promise<boolean> {
    return this.#ask({ type: 'post', prediction: { ...prediction, result: [...result] } }, v.boolean());
  }

  upcoming(): Promise<readonly number[]> {
    return this.#ask({ type: 'upcoming' }, taskIdsSchema);
  }

  async #ask<T>(ask: Ask, schema: v.GenericSchema<unknown, T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#last += 1;
    const id = this.#last;
    const onAbort = (): void => {
      this.tell({ type: 'cancel', id });
      this.#waiting.get(id)?.reject(signal?.reason as Error);
    };
    try {
      const answer = await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        signal?.addEventListener('abort', onAbort, { once: true });
        this.tell({ ...ask, id });
      });
      const parsed = v.safeParse(schema, answer);
      if (parsed.success) return parsed.output;
      throw new Error(
        'Label Studio’s page and the panel are of different versions. Reload the page and press the bookmark again.',
      );
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #heard(message: ToPanel): void {
    switch (message.type) {
      case 'view':
        this.view = message.view;
        for (const listener of this.#listeners) listener();
        return;
      case 'theme':
        this.#on.onTheme(message.dark);
        return;
      case 'pressed':
        this.#on.onKey();
        return;
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.value);
        return;
      case 'failed':
        this.#waiting
          .get(message.id)
          ?.reject(message.code === 'occupied' ? new OccupiedError() : new Error(message.message));
    }
  }
}
