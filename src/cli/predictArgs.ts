import { formatNames, isFormatName, type FormatName } from '../formats/format.ts';
import type { TaskQuery } from '../labelstudio/types.ts';
import { UsageError } from './errors.ts';
import { readOptions, wholeNumber } from './readOptions.ts';

export const engineNames = ['native', 'wasm', 'webgpu'] as const;
export type EngineName = (typeof engineNames)[number];

/** Which tasks of which project, and where its Label Studio is. */
export interface ProjectChoice {
  readonly id: number;
  /** Address from --label-studio, else LABEL_STUDIO_URL. */
  readonly url: string;
  /** From LABEL_STUDIO_API_KEY only. */
  readonly token: string;
  readonly post: boolean;
  /** Which of its tasks. */
  readonly tasks: Omit<TaskQuery, 'projectId' | 'withoutPredictionOf'>;
  /** Only tasks without a prediction of the model's version. */
  readonly onlyUnpredicted: boolean;
  /** An older version whose predictions are deleted once all tasks have one of the new version. */
  readonly replace: string | null;
  /** Name of the RectangleLabels tag, where the project has several. */
  readonly control: string | null;
}

export interface PredictArgs {
  readonly model: string;
  readonly engine: EngineName;
  readonly format: FormatName;
  /** 0..1; lower scores are left out. */
  readonly threshold: number;
  /** A file, a folder (yolo, voc), '-' for stdout, or null: only post. */
  readonly out: string | null;
  readonly from:
    | { readonly kind: 'paths'; readonly paths: readonly string[] }
    | { readonly kind: 'project'; readonly project: ProjectChoice };
}

const options = {
  model: { type: 'string' },
  engine: { type: 'string', default: 'native' },
  format: { type: 'string', default: 'jsonl' },
  threshold: { type: 'string', default: '0.3' },
  out: { type: 'string' },
  project: { type: 'string' },
  post: { type: 'boolean', default: false },
  'only-unlabeled': { type: 'boolean', default: false },
  'only-unpredicted': { type: 'boolean', default: false },
  view: { type: 'string' },
  'from-id': { type: 'string' },
  'to-id': { type: 'string' },
  shard: { type: 'string' },
  sample: { type: 'string' },
  seed: { type: 'string' },
  replace: { type: 'string' },
  control: { type: 'string' },
  'label-studio': { type: 'string' },
} as const;

const hint = 'See "forelabel help predict".';

/** True for the formats that are a folder of files and not one file. */
export function isFolderFormat(format: FormatName): boolean {
  return format === 'yolo' || format === 'voc';
}

/** Reads the arguments after `predict`. Throws `UsageError` on the first thing that is wrong. */
export function readPredictArgs(args: readonly string[], env: NodeJS.ProcessEnv): PredictArgs {
  const { values, positionals } = readOptions(args, options, hint);
  const { model, engine, format } = values;
  if (model === undefined || model === '') {
    throw new UsageError('No model is named.', 'Add --model demo-face, or the folder of your own model.');
  }
  if (!isEngineName(engine)) {
    throw new UsageError(`There is no engine "${engine}".`, `Choose one of ${engineNames.join(', ')}.`);
  }
  if (!isFormatName(format)) {
    throw new UsageError(`There is no format "${format}".`, `Choose one of ${formatNames.join(', ')}.`);
  }
  const threshold = readThreshold(values.threshold);
  const from =
    values.project === undefined ? readPaths(values, positionals) : readProject(values, positionals, env);
  const out = readOut(values.out, format, from.kind === 'project' && from.project.post);
  return { model, engine, format, threshold, out, from };
}

type Values = ReturnType<typeof readOptions<typeof options>>['values'];

const forProjects = [
  'post',
  'only-unlabeled',
  'only-unpredicted',
  'view',
  'from-id',
  'to-id',
  'shard',
  'sample',
  'seed',
  'replace',
  'control',
  'label-studio',
] as const;

function readPaths(values: Values, positionals: readonly string[]): PredictArgs['from'] {
  for (const name of forProjects) {
    if (values[name] !== undefined && values[name] !== false) {
      throw new UsageError(`--${name} is for the tasks of a project.`, 'Add --project N, or leave it out.');
    }
  }
  if (positionals.length === 0) {
    throw new UsageError('No images are named.', 'Name a folder, or images, or --project N of Label Studio.');
  }
  return { kind: 'paths', paths: positionals };
}

function readProject(
  values: Values,
  positionals: readonly string[],
  env: NodeJS.ProcessEnv,
): PredictArgs['from'] {
  if (positionals.length > 0) {
    throw new UsageError(
      `Both a project and "${positionals[0] ?? ''}" are named.`,
      'Leave out one of the two: --project takes the place of a folder.',
    );
  }
  const id = wholeNumber('project', values.project ?? '', 1);
  const url = values['label-studio'] ?? env.LABEL_STUDIO_URL ?? '';
  if (url === '') {
    throw new UsageError(
      'The address of Label Studio is not known.',
      'Set LABEL_STUDIO_URL, or add --label-studio http://localhost:8080.',
    );
  }
  const token = env.LABEL_STUDIO_API_KEY ?? '';
  if (token === '') {
    throw new UsageError(
      'No token for Label Studio is set.',
      'Set LABEL_STUDIO_API_KEY to a token of "Account & Settings" in Label Studio.',
    );
  }
  return {
    kind: 'project',
    project: {
      id,
      url,
      token,
      post: values.post,
      tasks: readTasks(values),
      onlyUnpredicted: values['only-unpredicted'],
      replace: readReplace(values),
      control: values.control ?? null,
    },
  };
}

function readTasks(values: Values): ProjectChoice['tasks'] {
  const number = (name: 'view' | 'from-id' | 'to-id' | 'sample' | 'seed', least: number) => {
    const text = values[name];
    return text === undefined ? null : wholeNumber(name, text, least);
  };
  const [view, fromId, toId] = [number('view', 1), number('from-id', 1), number('to-id', 1)];
  const [sample, seed] = [number('sample', 1), number('seed', 0)];
  if (fromId !== null && toId !== null && fromId > toId) {
    throw new UsageError(
      `No task has a number from ${fromId} to ${toId}.`,
      'Write the smaller number after --from-id.',
    );
  }
  if (seed !== null && sample === null) {
    throw new UsageError('--seed belongs to --sample.', 'Add --sample N, or leave it out.');
  }
  return {
    onlyUnlabeled: values['only-unlabeled'],
    ...(values.shard === undefined ? {} : { shard: readShard(values.shard) }),
    ...(view === null ? {} : { view }),
    ...(fromId === null ? {} : { fromId }),
    ...(toId === null ? {} : { toId }),
    ...(sample === null ? {} : { sample: { count: sample, seed: seed ?? 0 } }),
  };
}

/** Label Studio deletes a version in the whole project: tasks that the command leaves out would end up with nothing. */
function readReplace(values: Values): string | null {
  const { replace } = values;
  if (replace === undefined) return null;
  if (!values.post) {
    throw new UsageError('--replace deletes what the new predictions stand for.', 'Add --post.');
  }
  const part = (['only-unlabeled', 'view', 'from-id', 'to-id', 'shard', 'sample'] as const).find(
    (name) => values[name] !== undefined && values[name] !== false,
  );
  if (part !== undefined) {
    throw new UsageError(
      `--replace concerns the whole project, and --${part} only a part of it.`,
      `Leave out one of the two.`,
    );
  }
  return replace;
}

function readShard(text: string): { index: number; count: number } {
  const [index = 0, count = 0] = /^\d+\/\d+$/u.test(text) ? text.split('/').map(Number) : [];
  if (index >= 1 && index <= count) return { index, count };
  throw new UsageError(
    `--shard ${text} is no part of a whole.`,
    'Write the first of three parts as --shard 1/3.',
  );
}

function readThreshold(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new UsageError(`--threshold ${text} is no score.`, 'Give a number from 0 to 1, such as 0.3.');
}

function readOut(out: string | undefined, format: FormatName, post: boolean): string | null {
  if (out === undefined || out === '') {
    if (post) return null;
    throw new UsageError(
      'It is not said where the result goes.',
      'Add --out PATH, or --out - for the terminal.',
    );
  }
  if (out === '-' && isFolderFormat(format)) {
    throw new UsageError(
      `The format ${format} is a folder of files and cannot go to the terminal.`,
      'Name a folder with --out FOLDER, or choose jsonl, coco or labelstudio.',
    );
  }
  return out;
}

function isEngineName(name: string): name is EngineName {
  return (engineNames as readonly string[]).includes(name);
}
