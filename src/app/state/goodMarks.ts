import * as v from 'valibot';
import type { Setting, Settings } from '../../store/settings.ts';

/** Which images of a source a person has looked at and found good, for one model version. */
function marksOf(sourceId: string, modelVersion: string): Setting<string[]> {
  return { key: `good ${modelVersion} ${sourceId}`, schema: v.array(v.string()), initial: [] };
}

/** The keys of the images marked good. */
export async function readMarks(
  settings: Settings,
  sourceId: string,
  modelVersion: string,
): Promise<ReadonlySet<string>> {
  return new Set(await settings.read(marksOf(sourceId, modelVersion)));
}

/** Writes all marks of a source and model version anew. */
export async function writeMarks(
  settings: Settings,
  sourceId: string,
  modelVersion: string,
  keys: ReadonlySet<string>,
): Promise<void> {
  await settings.write(marksOf(sourceId, modelVersion), [...keys]);
}
