import { createLabelStudio } from '../../../labelstudio/client.ts';
import { parseLabelConfig, requireRectangleControls } from '../../../labelstudio/labelConfig.ts';
import type { LabelStudio, Project, RectangleControl } from '../../../labelstudio/types.ts';
import { addressName, normalizeAddress } from '../../../labelstudio/address.ts';
import { LabelStudioError } from '../../../labelstudio/errors.ts';
import { TrainingError, type CollectRequest, type FindAccess, type LabelStudioAccess } from '../contracts.ts';
import { boundedFetch } from './boundedFetch.ts';

export interface OpenProject {
  readonly labelStudio: LabelStudio;
  /** Address of Label Studio. */
  readonly base: string;
  readonly project: Project;
}

/** The project in the Label Studio that the relay was told of. Throws `TrainingError` or `LabelStudioError`. */
export async function openProject(
  findAccess: FindAccess,
  { labelStudio: wanted, project: id }: Pick<CollectRequest, 'labelStudio' | 'project'>,
  signal: AbortSignal,
  fetchFunction?: typeof fetch,
): Promise<OpenProject> {
  const access = await findAccess();
  if (access === null) {
    throw new TrainingError(
      'no-label-studio',
      'Forelabel has no address and token of Label Studio, so it cannot read annotations. Give it both on the Train page, or with LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.',
    );
  }
  if (addressName(access.url) !== wanted) {
    throw new TrainingError(
      'label-studio-changed',
      `This training is for ${wanted}, and Forelabel is connected to ${addressName(access.url)} now. Connect that one again, then resume the job.`,
    );
  }
  const labelStudio = connectTo(access, fetchFunction);
  try {
    const project = await labelStudio.getProject(id, signal);
    return { labelStudio, base: normalizeAddress(access.url), project };
  } catch (error) {
    throw aboutProject(error, id);
  }
}

/** A client with what the relay was told. Throws `LabelStudioError`. */
export function connectTo(access: LabelStudioAccess, fetchFunction?: typeof fetch): LabelStudio {
  return createLabelStudio({ url: access.url, token: access.token, fetch: boundedFetch(fetchFunction) });
}

/** Says that it is the project which Label Studio does not have. */
export function aboutProject(error: unknown, id: number): unknown {
  if (!(error instanceof LabelStudioError) || error.code !== 'not-found') return error;
  return new TrainingError(
    'project-unknown',
    `Label Studio has no project ${id}, or the token's user may not see it. Check the number in the project's address.`,
    { cause: error },
  );
}

/**
 * The RectangleLabels tag to learn from: the one that is named, or the only one, or the usual one among several. Where
 * one tag draws on several images, `name/image` names it. Throws `TrainingError` or `LabelStudioError` 'no-rectangle-labels'.
 */
export function chooseControl(
  project: Project,
  wanted: string | undefined,
  usual?: string,
): RectangleControl {
  const controls = requireRectangleControls(parseLabelConfig(project.labelConfig));
  const several = (name: string) => controls.filter((control) => control.name === name).length > 1;
  const nameOf = ({ name, toName }: RectangleControl) => (several(name) ? `${name}/${toName}` : name);
  const names = controls.map(nameOf).join(', ');
  const called = (name: string | undefined) => controls.filter((control) => nameOf(control) === name);
  const known = called(usual);
  const found = wanted !== undefined ? called(wanted) : known.length === 1 ? known : controls;
  const [control] = found;
  if (control === undefined) {
    throw new TrainingError(
      'control-unknown',
      `The project has no RectangleLabels tag named "${wanted ?? ''}". Choose one of: ${names}.`,
    );
  }
  if (found.length > 1) {
    throw new TrainingError(
      'control-ambiguous',
      `The project has several RectangleLabels tags, and a model learns from one. Choose one on the Train page, or with --control: ${names}. Label Studio's own button takes the one that was chosen last.`,
    );
  }
  if (control.labels.length === 0) {
    throw new TrainingError(
      'no-rectangles',
      `The RectangleLabels tag "${control.name}" of the project lists no labels. Add its labels under Settings, Labeling Interface.`,
    );
  }
  return control;
}
