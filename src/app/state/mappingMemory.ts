import type { ListedModel } from '../../engine/client/modelList.ts';
import { readLabels, writeLabels } from '../../store/savedMapping.ts';
import type { MappingPlace } from '../../store/savedMapping.ts';
import type { Settings } from '../../store/settings.ts';
import type { MappingState } from './mappingState.ts';
import type { ProjectSource } from './sourceState.ts';

/** Where labels chosen by hand hold; null outside Label Studio, and before there is a model. */
export function mappingPlace(
  chosen: Pick<ProjectSource, 'url' | 'project'> | null,
  model: Pick<ListedModel, 'version'> | null,
): MappingPlace | null {
  if (chosen === null || model === null) return null;
  return { url: chosen.url, project: chosen.project.id, modelVersion: model.version };
}

/**
 * Takes the labels that were chosen by hand before for the control of `state`, here or in the panel in Label Studio. True:
 * there were some. Never rejects: where nothing is kept, the proposal stands.
 */
export async function recallLabels(
  state: MappingState,
  place: MappingPlace | null,
  settings: () => Promise<Settings>,
): Promise<boolean> {
  const { mapping } = state;
  if (place === null || mapping === null) return false;
  try {
    const labels = await readLabels(await settings(), place, mapping.control, mapping.labels.length);
    // Chosen anew while it was read.
    if (labels === null || state.mapping !== mapping) return false;
    state.chooseLabels(labels);
    return true;
  } catch {
    return false;
  }
}

/** Keeps the labels of `state` for the next time. Never rejects: where nothing can be kept, they hold until the page is closed. */
export async function rememberLabels(
  { mapping }: MappingState,
  place: MappingPlace | null,
  settings: () => Promise<Settings>,
): Promise<void> {
  if (place === null || mapping === null) return;
  await settings()
    .then((open) => writeLabels(open, place, mapping))
    .catch(() => undefined);
}
