import { createHash } from 'node:crypto';

/** What the split goes by. */
export interface SplitTask {
  readonly id: number;
  /** Of the image's bytes: equal images belong together, or the validation would ask what was learned by heart. */
  readonly sha256: string;
  readonly boxes: number;
}

export interface Split {
  readonly train: readonly number[];
  /** Empty: there are too few tasks, or too few with boxes. */
  readonly val: readonly number[];
}

/** Share of the tasks that is kept for validation. */
const VAL_SHARE = 0.2;
/** With fewer, every task is needed for learning. */
const FEWEST = 4;

interface Group {
  readonly ids: readonly number[];
  readonly hasBoxes: boolean;
  /** 0 <= place < 1, from the smallest task id. */
  readonly place: number;
}

/**
 * Which tasks to learn from and which to measure on. It goes by a hash of the task, so that a task stays in its part
 * however many are annotated later, and every model of the project is measured on the same images.
 *
 * Only where a part would have no box at all, one task (with its equal images) moves: to the validation the one with
 * the lowest hash, to the training the one with the highest.
 * @param project names the project among all: Label Studio's address and the project's number
 */
export function splitTasks(tasks: readonly SplitTask[], project: string): Split {
  const groups = groupsOf(tasks, project);
  const withBoxes = groups.filter(({ hasBoxes }) => hasBoxes);
  const all = { train: idsOf(groups), val: [] };
  if (tasks.length < FEWEST || withBoxes.length < 2) return all;
  const val = new Set(groups.filter(({ place }) => place < VAL_SHARE));
  const [lowest] = withBoxes;
  const highest = withBoxes.at(-1);
  if (lowest === undefined || highest === undefined) return all;
  // Groups are in the order of their hashes: the lowest and the highest are never the same.
  val.add(lowest);
  val.delete(highest);
  return { train: idsOf(groups.filter((group) => !val.has(group))), val: idsOf([...val]) };
}

function groupsOf(tasks: readonly SplitTask[], project: string): Group[] {
  const byImage = new Map<string, SplitTask[]>();
  for (const task of tasks) {
    const members = byImage.get(task.sha256);
    if (members === undefined) byImage.set(task.sha256, [task]);
    else members.push(task);
  }
  const groups = [...byImage.values()].map((members): Group => {
    const ids = members.map(({ id }) => id).sort((a, b) => a - b);
    return { ids, hasBoxes: members.some(({ boxes }) => boxes > 0), place: placeOf(`${project}/${ids[0]}`) };
  });
  return groups.sort((a, b) => a.place - b.place);
}

function placeOf(name: string): number {
  return createHash('sha256').update(name).digest().readUIntBE(0, 6) / 2 ** 48;
}

function idsOf(groups: readonly Group[]): number[] {
  return groups.flatMap(({ ids }) => ids).sort((a, b) => a - b);
}
