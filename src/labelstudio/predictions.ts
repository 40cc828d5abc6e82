import * as v from 'valibot';
import type { Api } from './api.ts';
import { pause } from './deadline.ts';
import { keepOldest, postedOnce, removeDoubles } from './doubles.ts';
import { LabelStudioError } from './errors.ts';
import { parseLabelConfig } from './labelConfig.ts';
import { reasonToRefuse } from './predictionCheck.ts';
import { getProject } from './projects.ts';
import { askedFor, isPassing, LONGEST_WAIT } from './retry.ts';
import { countHolding, readStored, type StoredTask } from './tasks.ts';
import type { PostOutcome, Prediction } from './types.ts';

/**
 * Of a bulk call, at most: predictions, and regions in them (some 300 bytes each). After each call Label Studio counts anew
 * for every task of the project that has a prediction: with 1,000 of them 500 predictions took 0.9 s on two cores, with
 * 10,000 they took 6.5 s. Few large calls it is.
 */
const MOST_PREDICTIONS = 5000;
const MOST_REGIONS = 25_000;
/** How often a chunk is offered when calls are cut or the server fails in passing. */
const ATTEMPTS = 3;
/** Milliseconds before reading back after a cut call, which may still be at work. */
const SETTLE = 1500;

const createdSchema = v.object({ created: v.number() });

/** Task ids among `taskIds` that hold a prediction of exactly this version. */
export async function havePrediction(
  api: Api,
  projectId: number,
  modelVersion: string,
  taskIds: readonly number[],
  signal?: AbortSignal,
): Promise<Set<number>> {
  const tasks = await readStored(api, projectId, taskIds, modelVersion, signal);
  return new Set(tasks.filter((task) => holds(task, modelVersion)).map((task) => task.id));
}

/**
 * Posts predictions in bulk so that, whatever is cut in between, each (task, model version) ends up
 * stored once. What Label Studio would drop without a word is found before it is sent; its count is
 * compared with ours, and where they differ each task is looked up.
 *
 * Of several predictions for one task and version in the list, the first is taken.
 */
export async function postPredictions(
  api: Api,
  projectId: number,
  predictions: readonly Prediction[],
  signal?: AbortSignal,
): Promise<PostOutcome> {
  const stored: number[] = [];
  const rejected: { task: number; reason: string }[] = [];
  if (predictions.length === 0) return { stored, rejected };
  const config = parseLabelConfig((await getProject(api, projectId, signal)).labelConfig);
  const fit: Prediction[] = [];
  for (const prediction of once(predictions)) {
    const reason = reasonToRefuse(prediction, config);
    if (reason === null) fit.push(prediction);
    else rejected.push({ task: prediction.task, reason });
  }
  for (const chunk of chunksOf(fit)) {
    const outcome = await postChunk(api, projectId, chunk, signal);
    stored.push(...outcome.stored);
    rejected.push(...outcome.rejected);
  }
  return { stored, rejected };
}

function chunksOf(predictions: readonly Prediction[]): readonly (readonly Prediction[])[] {
  const chunks: Prediction[][] = [];
  let regions = Infinity;
  for (const prediction of predictions) {
    const size = prediction.result.length;
    const chunk = chunks.at(-1);
    if (chunk === undefined || chunk.length >= MOST_PREDICTIONS || regions + size > MOST_REGIONS) {
      chunks.push([prediction]);
      regions = size;
    } else {
      chunk.push(prediction);
      regions += size;
    }
  }
  return chunks;
}

async function postChunk(
  api: Api,
  projectId: number,
  chunk: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<PostOutcome> {
  const cut: unknown[] = [];
  for (;;) {
    const { missing, stored, gone } =
      cut.length === 0
        ? await look(api, projectId, chunk, signal)
        : await compare(api, projectId, chunk, signal);
    if (missing.length === 0) {
      // Only a cut call that was still at work while we read back can have stored one twice.
      if (cut.length > 0) await removeDoubles(api, projectId, chunk, signal);
      return { stored, rejected: gone };
    }
    try {
      if ((await postBulk(api, projectId, missing, signal)) === missing.length) {
        if (cut.length > 0) await removeDoubles(api, projectId, chunk, signal);
        return { stored: [...stored, ...missing.map((prediction) => prediction.task)], rejected: gone };
      }
      const left = await inHalves(api, projectId, missing, signal);
      return { stored: [...stored, ...left.stored], rejected: [...gone, ...left.rejected] };
    } catch (error) {
      // One item that Label Studio chokes on, or a task deleted meanwhile, fails the whole call.
      if (isBadRequest(error)) {
        const left = await inHalves(api, projectId, missing, signal);
        return { stored: [...stored, ...left.stored], rejected: [...gone, ...left.rejected] };
      }
      if (!isPassing(error) || cut.push(error) >= ATTEMPTS) throw error;
      const wait = Math.max(SETTLE, askedFor(error));
      // Whoever asked for this can say why it takes so long.
      if (wait > LONGEST_WAIT) throw error;
      await pause(wait, signal);
    }
  }
}

/**
 * The same as `compare` at a fraction of the cost, as long as all goes well: Label Studio only counts the tasks that
 * hold the version, which are none at a first run, and gives those. A task that is gone counts as missing here; the post
 * then fails, and each is looked up.
 */
async function look(
  api: Api,
  projectId: number,
  chunk: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const [version, ...others] = new Set(chunk.map((prediction) => prediction.model_version));
  if (version === undefined || others.length > 0) return compare(api, projectId, chunk, signal);
  const ids = idsOf(chunk);
  const near = await countHolding(api, projectId, version, ids, signal);
  const tasks = near === 0 ? [] : await readStored(api, projectId, ids, version, signal);
  // Held without our knowing: that post was cut, or its page was closed, and it may have gone out twice.
  await keepOldest(api, tasks, version, signal);
  const held = new Set(tasks.filter((task) => holds(task, version)).map((task) => task.id));
  return {
    stored: chunk.map(({ task }) => task).filter((task) => held.has(task)),
    missing: chunk.filter(({ task }) => !held.has(task)),
    gone: [],
  };
}

interface Compared {
  readonly stored: readonly number[];
  readonly missing: readonly Prediction[];
  readonly gone: PostOutcome['rejected'];
}

/** What of a chunk is stored already, what is missing, and what has no task any more. */
async function compare(
  api: Api,
  projectId: number,
  chunk: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<{ stored: number[]; missing: Prediction[]; gone: { task: number; reason: string }[] }> {
  const tasks = await readStored(api, projectId, idsOf(chunk), null, signal);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const stored: number[] = [];
  const missing: Prediction[] = [];
  const gone: { task: number; reason: string }[] = [];
  for (const prediction of chunk) {
    const task = byId.get(prediction.task);
    if (task === undefined)
      gone.push({ task: prediction.task, reason: 'The task is not in the project (any more).' });
    else if (holds(task, prediction.model_version)) stored.push(prediction.task);
    else missing.push(prediction);
  }
  return { stored, missing, gone };
}

/**
 * After a call that was refused or stored fewer: looks up what was taken and offers the rest in halves, until a single
 * one says why.
 */
async function inHalves(
  api: Api,
  projectId: number,
  sent: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<PostOutcome> {
  const { stored, missing, gone } = await compare(api, projectId, sent, signal);
  const rejected = [...gone];
  const [first] = missing;
  if (first !== undefined && missing.length === 1) {
    const reason = await reasonWhenPosted(api, projectId, first, signal);
    if (reason === null) stored.push(first.task);
    else rejected.push({ task: first.task, reason });
    return { stored, rejected };
  }
  const middle = Math.ceil(missing.length / 2);
  for (const half of [missing.slice(0, middle), missing.slice(middle)]) {
    const outcome = await offer(api, projectId, half, signal);
    stored.push(...outcome.stored);
    rejected.push(...outcome.rejected);
  }
  return { stored, rejected };
}

async function offer(
  api: Api,
  projectId: number,
  half: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<PostOutcome> {
  if (half.length === 0) return { stored: [], rejected: [] };
  try {
    if ((await postBulk(api, projectId, half, signal)) === half.length)
      return { stored: idsOf(half), rejected: [] };
  } catch (error) {
    if (!isBadRequest(error)) throw error;
  }
  return inHalves(api, projectId, half, signal);
}

/** Posts one prediction; null when Label Studio took it. */
async function reasonWhenPosted(
  api: Api,
  projectId: number,
  prediction: Prediction,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    const created = await postBulk(api, projectId, [prediction], signal);
    return created === 1
      ? null
      : 'Label Studio did not take the prediction and gave no reason; its log says more.';
  } catch (error) {
    if (isBadRequest(error)) return error.message;
    throw error;
  }
}

async function postBulk(
  api: Api,
  projectId: number,
  predictions: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const path = `/api/projects/${projectId}/import/predictions`;
  const post = async () => (await api.send('POST', path, predictions, createdSchema, signal)).created;
  return postedOnce(api, projectId, predictions, post, signal);
}

function isBadRequest(error: unknown): error is LabelStudioError {
  return error instanceof LabelStudioError && error.code === 'bad-request';
}

function holds(task: StoredTask, modelVersion: string): boolean {
  return task.predictions.some((prediction) => prediction.model_version === modelVersion);
}

function idsOf(predictions: readonly Prediction[]): number[] {
  return [...new Set(predictions.map((prediction) => prediction.task))];
}

function once(predictions: readonly Prediction[]): Prediction[] {
  const byKey = new Map<string, Prediction>();
  for (const prediction of predictions) {
    const key = `${prediction.task} ${prediction.model_version}`;
    if (!byKey.has(key)) byKey.set(key, prediction);
  }
  return [...byKey.values()];
}
