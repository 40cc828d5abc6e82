import { Hono } from 'hono';
import {
  engineAddresses,
  type DetectAnswer,
  type EngineProblem,
  type LoadAnswer,
} from '../../engine/relayProtocol.ts';
import { refuse } from '../auth/refusal.ts';
import { DetectService, engineProblem, type DetectServiceOptions } from './detectService.ts';
import { engineSocket } from './engineSocket.ts';

/**
 * The addresses of `engineAddresses`, to be mounted at `/api`: the native engine, for pages on machines that have
 * nothing better. A page that goes away takes its images with it.
 */
export function engineRoutes(options: DetectServiceOptions): Hono {
  const routes = new Hono();
  const service = new DetectService(options);

  routes.onError((error, c) => {
    // Who went away hears nothing of it.
    if (c.req.raw.signal.aborted) return refuse(c, 400, 'gone', 'The image was called back. Send it again.');
    const problem = engineProblem(error);
    if (problem === null) throw error;
    return c.json<EngineProblem>({ error: problem.error }, problem.status);
  });

  routes.post(pathOf(engineAddresses.load), async (c) =>
    c.json<LoadAnswer>(await service.load(c.req.query('model') ?? '')),
  );

  routes.post(pathOf(engineAddresses.detect), async (c) => {
    const { signal } = c.req.raw;
    const { model = '', page = '' } = c.req.query();
    return c.json<DetectAnswer>(await service.detect({ model, page }, c.req.blob(), signal));
  });

  routes.get(pathOf(engineAddresses.socket), engineSocket(service));

  return routes;
}

const pathOf = (address: string): string => address.replace(/^\/api/u, '');
