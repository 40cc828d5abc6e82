import { Hono } from 'hono';
import type { Context } from 'hono';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import type { BackendStatus } from '../../training/api.ts';
import { basicUser } from '../auth/authGuard.ts';
import { refuse } from '../auth/refusal.ts';
import { projectNumber } from '../projectSettings/projectNumber.ts';
import { unknownProject } from '../projectSettings/projectSettingsRoutes.ts';
import type { FindAccess } from '../training/contracts.ts';
import { backendApi } from './backendApi.ts';
import { backendStatus, connectBackend, type BackendConnection } from './connectBackend.ts';

export interface BackendRoutesOptions {
  readonly findAccess: FindAccess;
  /** The relay's address as Label Studio is to call it; asked for late, because the port may be any free one. */
  readonly publicUrl: () => string;
  readonly secret: string;
}

/** GET and POST `/projects/:id/backend`, to be mounted at `/api`. */
export function backendRoutes({ findAccess, publicUrl, secret }: BackendRoutesOptions): Hono {
  const routes = new Hono();
  const withConnection = async (
    c: Context,
    work: (connection: BackendConnection) => Promise<BackendStatus>,
  ): Promise<Response> => {
    const project = projectNumber(c.req.param('id') ?? '');
    if (project === null) return refuse(c, 404, 'project-unknown', unknownProject);
    const access = await findAccess();
    if (access === null) {
      return refuse(
        c,
        409,
        'no-label-studio',
        'Forelabel does not know your Label Studio yet. Give it the address and an access token first.',
      );
    }
    try {
      const api = backendApi(access, c.req.raw.signal);
      const url = publicUrl().replace(/\/+$/u, '');
      return c.json(await work({ api, project, url, auth: { user: basicUser, password: secret } }));
    } catch (error) {
      if (!(error instanceof LabelStudioError)) throw error;
      return refuse(c, error.status === null ? 502 : 422, error.code, explain(error, publicUrl()));
    }
  };

  routes.get('/projects/:id/backend', (c) => withConnection(c, backendStatus));
  routes.post('/projects/:id/backend', (c) => withConnection(c, connectBackend));
  return routes;
}

/** Label Studio tells at length in HTML that it could not reach us; what helps is shorter. */
function explain(error: LabelStudioError, url: string): string {
  if (!/Can't connect to ML backend|Successfully connected to/u.test(error.message)) return error.message;
  return (
    `Label Studio could not reach this relay at ${url}. ` +
    "If it runs in a container or on another machine, start Forelabel with --host 0.0.0.0 and --public-url set to this machine's address as Label Studio sees it."
  );
}
