import { upgradeWebSocket } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { readCall, type SocketAnswer } from '../../engine/relayProtocol.ts';
import { engineProblem, type DetectService } from './detectService.ts';

/**
 * Images over a connection that stays, for one page and one model: what a browser does around a request of its own
 * takes it longer than sending the image. The messages are those of `relayProtocol.ts`.
 */
export function engineSocket(service: Pick<DetectService, 'detect'>): MiddlewareHandler {
  return upgradeWebSocket((c) => {
    const { model = '', page = '' } = c.req.query();
    const calls = new Map<number, AbortController>();
    return {
      onMessage({ data }, socket) {
        const call = readCall(data);
        if (call === null) {
          socket.close(1003, 'not a call');
          return;
        }
        if (call.image === null) {
          calls.get(call.id)?.abort(new Error('called back'));
          return;
        }
        const controller = new AbortController();
        calls.set(call.id, controller);
        const answer = (rest: Omit<SocketAnswer, 'id'>): void => {
          if (socket.readyState === 1) socket.send(JSON.stringify({ id: call.id, ...rest }));
        };
        void service
          .detect({ model, page }, Promise.resolve(new Blob([call.image])), controller.signal)
          .then(
            (found) => answer({ found }),
            (error: unknown) => {
              // Who called it back hears nothing of it.
              if (!controller.signal.aborted) answer({ problem: engineProblem(error) ?? { status: 500 } });
            },
          )
          .finally(() => calls.delete(call.id));
      },
      // A page that goes away takes its images with it.
      onClose() {
        for (const controller of calls.values()) controller.abort(new Error('the page has gone'));
      },
    };
  });
}
