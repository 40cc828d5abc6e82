import * as v from 'valibot';
import { normalizeAddress } from './address.ts';
import { countAnnotated, readAnnotated } from './annotations.ts';
import { createApi, type Api } from './api.ts';
import { LabelStudioError } from './errors.ts';
import { fetchImage, fetchImageVersion } from './images.ts';
import { defaultNetwork } from './network.ts';
import { havePrediction, postPredictions } from './predictions.ts';
import { getProject, listProjects, showModelVersion } from './projects.ts';
import { createSession } from './session.ts';
import { countTasks, readTasks } from './tasks.ts';
import { deleteVersion, listVersions } from './versions.ts';
import { listViews } from './views.ts';
import { readToken } from './token.ts';
import type { ConnectionInfo, LabelStudio, LabelStudioOptions } from './types.ts';

/**
 * A client of one Label Studio; works in a page, in a worker and in Node. Nothing is asked before the
 * first call. Throws `LabelStudioError` 'bad-address' or 'bad-token' for what cannot be one; calls
 * reject with `LabelStudioError`, `fetchImage` with `ImageFetchError` too, an aborted call with the
 * signal's reason.
 */
export function createLabelStudio(options: LabelStudioOptions): LabelStudio {
  const network = defaultNetwork(options.fetch);
  const session = createSession(normalizeAddress(options.url), readToken(options.token), network);
  const api = createApi(session, network);
  return {
    connect: (signal) => connect(api, signal),
    listProjects: (signal) => listProjects(api, signal),
    getProject: (id, signal) => getProject(api, id, signal),
    countTasks: (query, signal) => countTasks(api, query, signal),
    tasks: (query, signal) => readTasks(api, query, signal),
    listViews: (project, signal) => listViews(api, project, signal),
    annotatedTasks: (project, signal) => readAnnotated(api, project, signal),
    countAnnotated: (project, signal) => countAnnotated(api, project, signal),
    fetchImage: (task, field, signal) => fetchImage(session, network, task, field, signal),
    fetchImageVersion: (task, field, tag, signal) =>
      fetchImageVersion(session, network, task, field, tag, signal),
    havePrediction: (project, version, ids, signal) => havePrediction(api, project, version, ids, signal),
    postPredictions: (project, predictions, signal) => postPredictions(api, project, predictions, signal),
    showModelVersion: (project, version, signal) => showModelVersion(api, project, version, signal),
    modelVersions: (project, signal) => listVersions(api, project, signal),
    deleteVersion: (project, version, signal) => deleteVersion(api, project, version, signal),
    useToken: (token) => session.use(readToken(token)),
  };
}

const versionSchema = v.object({ release: v.string() });
const userSchema = v.object({ email: v.nullish(v.string(), ''), username: v.nullish(v.string(), '') });

async function connect(api: Api, signal: AbortSignal | undefined): Promise<ConnectionInfo> {
  const version = await api
    .get('/api/version', versionSchema, signal, { anonymous: true })
    .catch((error: unknown) => {
      throw notLabelStudio(error, api.base);
    });
  const user = await api.get('/api/current-user/whoami', userSchema, signal);
  return { url: api.base, version: version.release, user: user.email || user.username };
}

/** A server that has no version to tell, or tells it in another form, is another kind of server. */
function notLabelStudio(error: unknown, base: string): unknown {
  if (!(error instanceof LabelStudioError)) return error;
  if (!['not-found', 'unexpected-answer', 'not-label-studio', 'bad-request'].includes(error.code))
    return error;
  return new LabelStudioError(
    'not-label-studio',
    `What answers at ${base} is not Label Studio. Type the address you open Label Studio with, for example http://localhost:8080.`,
    { cause: error },
  );
}
