/** What the panel remembers between visits, in IndexedDB. */
import * as v from 'valibot';
import type { Setting } from '../../store/settings.ts';

/** Scores below it are noise: what the sliders, here and in the app, begin with. */
export const lowestThreshold = 0.05;

/** 'insert': into the annotation that is open. 'post': as a prediction, which Label Studio shows beside it. */
export type Delivery = 'insert' | 'post';

export interface PanelSettings {
  /** Version of the model that was chosen; null: the first. */
  readonly model: string | null;
  /** 0.05..1 */
  readonly threshold: number;
  /** Each task that opens is pre-labeled. */
  readonly asIGo: boolean;
  readonly delivery: Delivery;
  /** As `KeyboardEvent` says it: 'Alt+KeyP'. */
  readonly key: string;
}

export const panelSettings: Setting<PanelSettings> = {
  key: 'panel',
  schema: v.object({
    model: v.nullable(v.string()),
    threshold: v.pipe(v.number(), v.minValue(lowestThreshold), v.maxValue(1)),
    asIGo: v.boolean(),
    delivery: v.picklist(['insert', 'post']),
    key: v.pipe(v.string(), v.regex(/^(?:(?:Ctrl|Alt|Shift|Meta)\+)+[A-Za-z0-9]+$/u)),
  }),
  initial: { model: null, threshold: 0.3, asIGo: false, delivery: 'insert', key: 'Alt+KeyP' },
};
