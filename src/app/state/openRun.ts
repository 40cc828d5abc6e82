import * as v from 'valibot';
import type { Setting, Settings } from '../../store/settings.ts';
import { runChoicesSchema } from './runChoices.ts';

/** Which run: one of a source and a model version, in all tabs of this browser. */
export interface RunName {
  readonly sourceId: string;
  readonly modelVersion: string;
}

const openRunSchema = v.object({
  choices: runChoicesSchema,
  startedAt: v.number(),
  /** By its user. */
  paused: v.optional(v.boolean(), false),
  /** When a page went on with it by itself for the last time. */
  wentOnAt: v.optional(v.nullable(v.number()), null),
});
/** A run that was started and has not ended: it is under way in some tab, or was broken off. */
export type OpenRun = Readonly<v.InferOutput<typeof openRunSchema>>;

/** A run that brings its tab down would do so at every visit: breaking off so soon again, it waits for its user. */
const SOON_MS = 120_000;

/** Whether a page goes on with a run that was broken off without being asked. */
export function goesOnByItself({ paused, wentOnAt }: OpenRun, now: number): boolean {
  return !paused && (wentOnAt === null || now - wentOnAt > SOON_MS);
}

const settingOf = ({ sourceId, modelVersion }: RunName): Setting<OpenRun | null> => ({
  key: `open-run ${sourceId} ${modelVersion}`,
  schema: v.nullable(openRunSchema),
  initial: null,
});

export function readOpenRun(settings: Settings, run: RunName): Promise<OpenRun | null> {
  return settings.read(settingOf(run));
}

/** Null: it has ended. */
export function writeOpenRun(settings: Settings, run: RunName, open: OpenRun | null): Promise<void> {
  return settings.write(settingOf(run), open);
}
