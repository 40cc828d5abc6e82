import { createLabelStudio } from '../labelstudio/client.ts';
import { parseLabelConfig, requireRectangleControls } from '../labelstudio/labelConfig.ts';
import { assertMappable, mappingSummary, suggestMapping } from '../labelstudio/mapping.ts';
import type { LabelStudio, Mapping, RectangleControl, Task } from '../labelstudio/types.ts';
import { labelStudioSink, labelStudioSource } from '../prelabel/labelStudioSource.ts';
import type { CatalogModel } from '../relay/modelCatalog.ts';
import { CommandError, UsageError } from './errors.ts';
import type { Job } from './job.ts';
import type { PredictArgs, ProjectChoice } from './predictArgs.ts';

/**
 * The tasks of a Label Studio project. Throws `LabelStudioError` (address, token, project, labels), or
 * `UsageError` when the project leaves a choice open.
 */
export async function projectJob(
  choice: ProjectChoice,
  model: CatalogModel,
  { format, threshold, out }: PredictArgs,
): Promise<Job> {
  const { classes } = model.manifest;
  const labelStudio = createLabelStudio({ url: choice.url, token: choice.token });
  const connection = await labelStudio.connect();
  const project = await labelStudio.getProject(choice.id);
  if (project.taskCount === 0) {
    throw new CommandError('no-images', `Project ${choice.id} has no tasks. Import images into it first.`);
  }
  const controls = requireRectangleControls(parseLabelConfig(project.labelConfig));
  const control = chooseControl(controls, choice.control);
  const mapping = suggestMapping(classes, control);
  const mapped = choice.post || format === 'labelstudio';
  if (mapped) assertMappable(classes, mapping);

  const paths = new Map<number, string>();
  const notes = mapped ? [...mappingNotes(classes, mapping)] : [];
  if (choice.replace !== null)
    notes.push(await replacingNote(labelStudio, project.id, choice.replace, model.version));
  // Without a file to fill, what Label Studio holds already need not be looked at again.
  const skipHeld = choice.onlyUnpredicted || (choice.post && out === null);
  return {
    source: labelStudioSource({
      labelStudio: notingPaths(labelStudio, control.imageField, paths),
      url: connection.url,
      project,
      imageField: control.imageField,
      query: {
        ...choice.tasks,
        ...(skipHeld ? { withoutPredictionOf: model.version } : {}),
      },
    }),
    sink: choice.post
      ? labelStudioSink({
          labelStudio,
          projectId: project.id,
          modelVersion: model.version,
          publication: () => ({ mapping, threshold }),
          replaces: choice.replace,
        })
      : undefined,
    mapping,
    notes,
    mayBeEmpty: skipHeld || isPart(choice.tasks),
    nameOf: ({ taskId, name }) => (taskId === null ? undefined : paths.get(taskId)) ?? name,
  };
}

function isPart({ onlyUnlabeled, ...rest }: ProjectChoice['tasks']): boolean {
  return onlyUnlabeled === true || Object.keys(rest).length > 0;
}

/** How much goes. Throws `UsageError` when there is nothing of that version, which a typing error would look like. */
async function replacingNote(
  labelStudio: LabelStudio,
  projectId: number,
  version: string,
  by: string,
): Promise<string> {
  const versions = await labelStudio.modelVersions(projectId);
  const count = versions.find((each) => each.version === version)?.predictions ?? 0;
  if (version === by || count === 0) {
    const others = versions.filter((each) => each.version !== by && each.predictions > 0);
    throw new UsageError(
      version === by
        ? `${version} is the version of the model that runs.`
        : `The project has no predictions of "${version}".`,
      others.length === 0
        ? 'It has none of another version: leave out --replace.'
        : `Name one of ${others.map((each) => each.version).join(', ')} after --replace.`,
    );
  }
  return `${count} predictions of ${version} will be deleted once every task has one of ${by}.`;
}

/** The control that is named, or the only one. Throws `UsageError` with the names to choose from. */
export function chooseControl(
  controls: readonly RectangleControl[],
  wanted: string | null,
): RectangleControl {
  const fitting = wanted === null ? controls : controls.filter((control) => answersTo(control, wanted));
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  // One RectangleLabels may draw on several images: then its name alone says too little.
  const names = controls.map((control) =>
    controls.filter(({ name }) => name === control.name).length > 1
      ? `${control.name}:${control.toName}`
      : control.name,
  );
  throw new UsageError(
    wanted !== null && fitting.length === 0
      ? `The project has no RectangleLabels named "${wanted}".`
      : 'The project has several RectangleLabels to fill.',
    `Choose one with --control: ${names.join(', ')}.`,
  );
}

function answersTo({ name, toName }: RectangleControl, wanted: string): boolean {
  return wanted === name || wanted === `${name}:${toName}`;
}

function mappingNotes(classes: readonly string[], mapping: Mapping): readonly string[] {
  const { mapped, leftOut } = mappingSummary(classes, mapping);
  const notes = mapped.map(({ className, label }) => `${className} becomes ${label}`);
  if (leftOut.length > 0) notes.push(`left out, for the project has no such label: ${leftOut.join(', ')}`);
  return [`Labels: ${notes.join('; ')}.`];
}

/** The same Label Studio, which notes the image's address of each task that it lists. */
function notingPaths(labelStudio: LabelStudio, field: string, paths: Map<number, string>): LabelStudio {
  return {
    ...labelStudio,
    async *tasks(query, signal) {
      for await (const task of labelStudio.tasks(query, signal)) {
        const path = imagePath(task, field);
        if (path !== null) paths.set(task.id, path);
        yield task;
      }
    },
  };
}

/** What the task says of its image, at `image` or, nested, at `photo.url`; null for image bytes in the task. */
function imagePath(task: Task, field: string): string | null {
  let value: unknown = task.data;
  for (const key of field in task.data ? [field] : field.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : null;
  }
  return typeof value === 'string' && value !== '' && !/^data:/iu.test(value) ? value : null;
}
