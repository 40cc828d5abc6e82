import * as v from 'valibot';
import type { TaskQuery } from '../../labelstudio/types.ts';
import { Observable } from '../../ui/observable.ts';

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

const taskChoiceSchema = v.object({
  onlyUnlabeled: v.boolean(),
  /** Only tasks without a prediction of the model version that runs. */
  onlyUnpredicted: v.boolean(),
  /** A tab of the data manager; null: all tasks. */
  view: v.nullable(whole),
  fromId: v.nullable(whole),
  toId: v.nullable(whole),
  shard: v.nullable(v.object({ index: whole, count: whole })),
  sample: v.nullable(v.object({ count: whole, seed: whole })),
});
/** Which tasks of a project a run is about. */
export type TaskChoice = Readonly<v.InferOutput<typeof taskChoiceSchema>>;

/** All that a person decides about a run; as data, so that another tab, or the next visit, can go on with it. */
export const runChoicesSchema = v.object({
  /** Post to Label Studio; false: only detect and keep. */
  post: v.boolean(),
  tasks: taskChoiceSchema,
  /** Pause after six images, before anything is posted. */
  previewFirst: v.boolean(),
  /** The version whose predictions are deleted once every task has a new one. */
  replaces: v.nullable(v.string()),
});
export type RunChoices = Readonly<v.InferOutput<typeof runChoicesSchema>>;

export const allTasks: TaskChoice = {
  onlyUnlabeled: false,
  onlyUnpredicted: false,
  view: null,
  fromId: null,
  toId: null,
  shard: null,
  sample: null,
};
const usual: RunChoices = { post: true, tasks: allTasks, previewFirst: false, replaces: null };

/** Whether some tasks are left out, not counting those that have their prediction already. */
export function isPart(tasks: TaskChoice): boolean {
  const { onlyUnlabeled, view, fromId, toId, shard, sample } = tasks;
  return onlyUnlabeled || [view, fromId, toId, shard, sample].some((each) => each !== null);
}

/** Why the tasks cannot be chosen like this, or null. */
export function wrongWith({ fromId, toId, shard, sample }: TaskChoice): string | null {
  if (fromId !== null && toId !== null && fromId > toId)
    return `No task has a number from ${fromId} to ${toId}. Write the smaller one first.`;
  if (shard !== null && !(shard.index >= 1 && shard.index <= shard.count))
    return `There is no part ${shard.index} of ${shard.count}. Write the first of three parts as 1 of 3.`;
  if (sample !== null && sample.count < 1) return 'A sample has at least 1 task. Write how many you want.';
  return null;
}

/** The same for Label Studio. */
export function queryOf(tasks: TaskChoice, modelVersion: string): Omit<TaskQuery, 'projectId'> {
  const { onlyUnlabeled, onlyUnpredicted, view, fromId, toId, shard, sample } = tasks;
  return {
    onlyUnlabeled,
    ...(onlyUnpredicted ? { withoutPredictionOf: modelVersion } : {}),
    ...(view === null ? {} : { view }),
    ...(fromId === null ? {} : { fromId }),
    ...(toId === null ? {} : { toId }),
    ...(shard === null ? {} : { shard }),
    ...(sample === null ? {} : { sample }),
  };
}

/** What is chosen for the next run of the chosen source. */
export class RunChoiceState extends Observable {
  choices: RunChoices = usual;

  change(part: Partial<RunChoices>): void {
    const next = { ...this.choices, ...part };
    // Label Studio deletes a version in the whole project: tasks that are left out would end up with nothing.
    this.choices = isPart(next.tasks) || !next.post ? { ...next, replaces: null } : next;
    this.changed();
  }

  /** For another source: ranges and tabs of one project mean nothing in the next. */
  reset(): void {
    this.choices = { ...usual, post: this.choices.post };
    this.changed();
  }
}
