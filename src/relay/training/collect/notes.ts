import type { DatasetInfo, JobNote } from '../../../training/job.ts';
import type { Oddities } from './annotatedBoxes.ts';
import { counted, listed } from './problems.ts';
import type { Split } from './split.ts';

const boxes = (count: number) => counted(count, 'box', 'boxes');
const tasks = (count: number) => counted(count, 'task', 'tasks');
const were = (count: number) => (count === 1 ? 'was' : 'were');

/** Labels that nobody has drawn. */
export function classNotes(classes: DatasetInfo['classes']): JobNote[] {
  const empty = classes.filter((each) => each.boxes === 0).map(({ name }) => name);
  if (empty.length === 0) return [];
  return [
    {
      code: 'classes-without-boxes',
      message: `No annotation has a box of ${listed(empty)}. The new model will not learn to find ${empty.length === 1 ? 'it' : 'them'} until there are some.`,
    },
  ];
}

/** What of the annotations was left out or read in a way that the annotator may not expect. */
export function boxNotes(
  read: readonly Oddities[],
  placed: { readonly thin: number; readonly otherShape: number },
): JobNote[] {
  const sum = (count: (each: Oddities) => number) => read.reduce((total, each) => total + count(each), 0);
  const unknown = new Map<string, number>();
  for (const { unknownLabels } of read) {
    for (const [label, count] of unknownLabels) unknown.set(label, (unknown.get(label) ?? 0) + count);
  }
  const ofUnknown = [...unknown.values()].reduce((total, count) => total + count, 0);
  const withoutLabel = sum((each) => each.withoutLabel);
  const severalLabels = sum((each) => each.severalLabels);
  const unreadable = sum((each) => (each.unreadable > 0 ? 1 : 0));
  return [
    note(ofUnknown, {
      code: 'unknown-labels',
      message: `${boxes(ofUnknown)} with labels that the labeling interface does not list ${were(ofUnknown)} left out (${listed([...unknown.keys()])}). Add these labels again if they should be learned.`,
    }),
    note(withoutLabel, {
      code: 'boxes-without-label',
      message: `${boxes(withoutLabel)} without a label ${were(withoutLabel)} left out. Give them a label in Label Studio.`,
    }),
    note(severalLabels, {
      code: 'several-labels',
      message: `${boxes(severalLabels)} ${severalLabels === 1 ? 'has' : 'have'} several labels. A box has one class: its first label counts.`,
    }),
    note(placed.thin, {
      code: 'thin-boxes',
      message: `${boxes(placed.thin)} thinner than a pixel ${were(placed.thin)} left out. They cannot be seen in the image.`,
    }),
    note(placed.otherShape, {
      code: 'other-image-shape',
      message: `In ${tasks(placed.otherShape)} the annotation says another image shape than the image has (an EXIF rotation, or an image that was replaced). The boxes were placed by percent in the real image; look at these tasks if the model learns badly.`,
    }),
    note(unreadable, {
      code: 'unreadable-annotations',
      message: `${tasks(unreadable)} with a box whose place cannot be told (drawn in a turned view, or broken) ${were(unreadable)} left out. Draw these boxes again in the upright view.`,
    }),
  ].flat();
}

/** Tasks without a usable image. */
export function imageNotes(
  unreadable: readonly { readonly task: number; readonly reason: string }[],
  used: number,
): JobNote[] {
  const reasons = unreadable.map(({ task, reason }) => `task ${task}: ${reason}`);
  return note(unreadable.length, {
    code: 'images-left-out',
    message: `${tasks(unreadable.length)} ${were(unreadable.length)} left out because the image cannot be read (${listed(reasons)}). The other ${used} are used.`,
  });
}

/** Nothing to measure on. */
export function splitNotes({ train, val }: Split): JobNote[] {
  return note(val.length === 0 ? 1 : 0, {
    code: 'no-validation',
    message: `${tasks(train.length)} are too few to keep some for measuring, so nobody knows how good the new model is. Annotate at least 4 tasks with different images, 2 of them with boxes.`,
  });
}

function note(count: number, its: JobNote): JobNote[] {
  return count === 0 ? [] : [its];
}
