import { Hono } from 'hono';
import { normalizeAddress } from '../../labelstudio/address.ts';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import { defaultNetwork } from '../../labelstudio/network.ts';
import { createSession, type Session } from '../../labelstudio/session.ts';
import { readToken } from '../../labelstudio/token.ts';
import { refuse } from '../auth/refusal.ts';
import type { FindAccess } from '../training/contracts.ts';
import { mediaPath } from './mediaAddress.ts';

/** No image that the detector takes is larger. */
const mostBytes = 256 * 1024 * 1024;
/** To the bucket, and perhaps once more within it. */
const mostRedirects = 3;

/**
 * GET `/media?url=...`, to be mounted at `/api`: an image of the configured Label Studio, fetched with the relay's
 * token, for the page that may not read it itself (CORS). Nothing else is fetched, and nothing but images comes back.
 */
export function mediaRoutes(findAccess: FindAccess, limit: number = mostBytes): Hono {
  const routes = new Hono();
  let kept: { readonly key: string; readonly session: Session } | null = null;
  const sessionFor = ({ url, token }: { readonly url: string; readonly token: string }): Session => {
    const key = `${url} ${token}`;
    if (kept?.key !== key) {
      kept = { key, session: createSession(normalizeAddress(url), readToken(token), defaultNetwork()) };
    }
    return kept.session;
  };

  routes.onError((error, c) => {
    // The address or the token that was kept is none.
    if (error instanceof LabelStudioError) return refuse(c, 502, error.code, error.message);
    throw error;
  });

  routes.get('/media', async (c) => {
    const access = await findAccess();
    if (access === null) {
      return refuse(
        c,
        409,
        'no-label-studio',
        'Forelabel does not know your Label Studio yet. Give it the address and an access token first.',
      );
    }
    const session = sessionFor(access);
    const path = mediaPath(c.req.query('url') ?? '', session.base);
    if (path === null) return refuse(c, 403, 'media-not-allowed', notAllowed);
    const answer = await ask(session, path, c.req.raw.signal).catch(() => null);
    if (answer === null) {
      return refuse(
        c,
        502,
        'media-unreachable',
        'The image did not arrive. Check that Label Studio runs, and try again.',
      );
    }
    const type = answer.headers.get('content-type') ?? '';
    const length = answer.headers.get('content-length');
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel();
      return refuse(
        c,
        answer.status === 404 ? 404 : 502,
        'media-refused',
        `The image was answered with ${answer.status}. Open the task in Label Studio and check that its image is shown there.`,
      );
    }
    if (!/^image\//iu.test(type) || Number(length ?? 0) > limit) {
      await answer.body.cancel();
      return refuse(
        c,
        403,
        'media-not-an-image',
        'This is no image, or too large a one. Open the task in Label Studio.',
      );
    }
    c.header('Content-Type', type);
    // As long as it is known, and not packed on its way.
    if (length !== null && !answer.headers.has('content-encoding')) c.header('Content-Length', length);
    c.header('Cache-Control', 'private, no-cache');
    return c.body(answer.body.pipeThrough(atMost(limit)));
  });
  return routes;
}

const notAllowed =
  "Only images of the connected Label Studio are fetched. Use the image's address as the task has it.";

/** The token goes to Label Studio only, and not where it sends us on to. */
async function ask(session: Session, path: string, signal: AbortSignal): Promise<Response> {
  let answer = await session.fetch(path, { signal, redirect: 'manual' });
  let asked = `${session.base}${path}`;
  for (let hops = 0; [301, 302, 303, 307, 308].includes(answer.status); hops += 1) {
    const to = answer.headers.get('location');
    await answer.body?.cancel();
    if (to === null || hops >= mostRedirects || !URL.canParse(to, asked)) throw new Error('redirected');
    const next = new URL(to, asked);
    // A page to log in, or anything else of Label Studio's that nobody asked for.
    if (next.origin === new URL(session.base).origin) throw new Error('redirected');
    if (next.protocol !== 'https:' && next.protocol !== 'http:') throw new Error('redirected');
    answer = await fetch(next, { signal, redirect: 'manual', credentials: 'omit' });
    asked = next.href;
  }
  return answer;
}

function atMost(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let size = 0;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > limit) controller.error(new Error('The image is too large.'));
      else controller.enqueue(chunk);
    },
  });
}
