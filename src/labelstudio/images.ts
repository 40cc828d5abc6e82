import { retryAfter, wordsOf } from './answer.ts';
import { DeadlineError, LONG_CALL_TIMEOUT, withDeadline } from './deadline.ts';
import { ImageFetchError } from './errors.ts';
import { imageAddress, type ImageAddress } from './imageAddress.ts';
import { answersWithoutCors, isMixedContent, type Network } from './network.ts';
import { retrying } from './retry.ts';
import type { Session } from './session.ts';
import type { ImageVersion, Task } from './types.ts';

/**
 * The encoded bytes of `task.data[field]`. The token goes to Label Studio only; an image elsewhere is
 * asked for without it. Throws `ImageFetchError` with what to do, or what the token's renewal threw.
 */
export async function fetchImage(
  session: Session,
  network: Network,
  task: Task,
  field: string,
  signal?: AbortSignal,
): Promise<Blob> {
  const address = imageAddress(task, field, session.base);
  return fetching(session, network, address, {}, signal, (response) => readImage(response, address));
}

/**
 * The same, unless it is still the one that the caller has: 'unchanged' when the server says so of the tag that it
 * gave (`known`, an ETag). For Node: a page is not told the tags of other origins.
 */
export async function fetchImageVersion(
  session: Session,
  network: Network,
  task: Task,
  field: string,
  known: string | null,
  signal?: AbortSignal,
): Promise<ImageVersion | 'unchanged'> {
  const address = imageAddress(task, field, session.base);
  const headers = known === null ? {} : { 'if-none-match': known };
  return fetching(session, network, address, headers, signal, async (response) => {
    if (known !== null && response.status === 304) return 'unchanged';
    return { bytes: await readImage(response, address), tag: response.headers.get('etag') };
  });
}

function fetching<T>(
  session: Session,
  network: Network,
  address: ImageAddress,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  return retrying(signal, async () => {
    try {
      return await withDeadline(signal, LONG_CALL_TIMEOUT, async (inner) =>
        read(await ask(session, network, address, { headers, signal: inner })),
      );
    } catch (error) {
      throw await explain(session, network, address, error, signal);
    }
  });
}

function ask(
  session: Session,
  network: Network,
  address: ImageAddress,
  init: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  return address.from === 'label-studio' || address.from === 'storage'
    ? session.fetch(address.path, init)
    : network.fetch(address.url, { ...init, credentials: 'omit' });
}

async function readImage(response: Response, address: ImageAddress): Promise<Blob> {
  if (!response.ok) throw refusal(response, await response.text(), address);
  const blob = await response.blob();
  const type = blob.type.split(';')[0] ?? '';
  if (type === 'text/html' || type === 'application/json') {
    const start = await blob.slice(0, 100_000).text();
    const login = /\/user\/login|csrfmiddlewaretoken|type="password"/iu.test(start);
    throw new ImageFetchError(
      'image-not-an-image',
      `${login ? 'A sign-in page' : type === 'text/html' ? 'A web page' : 'A JSON answer'} came in place of the image ${address.shown}. Open the task in Label Studio and check that its image is shown there.`,
      { status: response.status },
    );
  }
  if (blob.size === 0) {
    throw new ImageFetchError(
      'image-not-an-image',
      `The image ${address.shown} is an empty file. Upload it to Label Studio again.`,
      { status: response.status },
    );
  }
  return blob;
}

function refusal(response: Response, body: string, address: ImageAddress): ImageFetchError {
  const { status } = response;
  const words = wordsOf(body);
  // An upload whose row is gone makes Label Studio fail on its own permission check.
  const lostUpload = status === 500 && words.includes("'NoneType' object has no attribute");
  if (status === 404 || status === 410 || lostUpload) {
    const todo =
      address.from === 'storage'
        ? "Check that the project's Cloud Storage settings have this bucket and prefix."
        : 'Check that the file still exists, and upload it again if not.';
    return new ImageFetchError('image-not-found', `The image ${address.shown} was not found. ${todo}`, {
      status,
    });
  }
  if (status === 401 || status === 403) {
    const todo = body.includes('LOCAL_FILES_SERVING_ENABLED')
      ? 'Start Label Studio with LOCAL_FILES_SERVING_ENABLED=true and a Local Files storage that holds the folder.'
      : address.from === 'elsewhere'
        ? "It lies on another server than Label Studio's, which never gets your token: make it public, or connect with the address that the tasks use."
        : "Check that the token's user may open the project.";
    return new ImageFetchError(
      'image-not-allowed',
      `The server refuses the image ${address.shown} (${status}). ${todo}`,
      {
        status,
      },
    );
  }
  return new ImageFetchError(
    status >= 500 || status === 429 ? 'image-server-error' : 'image-not-found',
    `The server answered ${status} for the image ${address.shown}${words === '' ? '' : ` (${words})`}. Open the task in Label Studio; if its image is missing there too, look into the server's log.`,
    { status, retryAfter: retryAfter(response.headers, body) },
  );
}

async function explain(
  session: Session,
  network: Network,
  address: ImageAddress,
  rejection: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (signal?.aborted === true) return rejection;
  if (rejection instanceof DeadlineError) {
    return new ImageFetchError(
      'image-timeout',
      `The image ${address.shown} did not arrive in time. Try again.`,
      {
        cause: rejection,
      },
    );
  }
  if (!(rejection instanceof TypeError)) return rejection;
  if (address.from === 'elsewhere' && isMixedContent(network, address.url)) {
    return new ImageFetchError(
      'image-cors',
      `The browser blocks the plain-http image ${address.shown} on an https page. Serve it over https, or open Forelabel over http on this machine.`,
      { cause: rejection },
    );
  }
  if (address.from === 'storage' && network.page !== null) {
    return new ImageFetchError(
      'image-cors',
      `The bucket of ${address.shown} does not let this page read its files (CORS). Allow GET for the origin * in the bucket's CORS rules, or switch off "Use pre-signed URLs" in the storage's settings so that Label Studio passes the files on.`,
      { cause: rejection },
    );
  }
  const url = address.from === 'elsewhere' ? address.url : session.base;
  const answers = await answersWithoutCors(network, url, AbortSignal.timeout(5000));
  if (answers === 'unknown') {
    return new ImageFetchError(
      'image-unreachable',
      `Nothing that this page may read answers at the address of the image ${address.shown}. Open it in another tab: if it does not load, its server is away; if it does, allow GET for the origin ${new URL(network.page ?? url).origin} in the server's or bucket's CORS rules.`,
      { cause: rejection },
    );
  }
  if (answers === 'yes') {
    return new ImageFetchError(
      'image-cors',
      `The server of ${address.shown} does not let this page read its files (CORS). Allow GET for the origin ${new URL(network.page ?? url).origin} in the server's or bucket's CORS rules.`,
      { cause: rejection },
    );
  }
  return new ImageFetchError(
    'image-unreachable',
    `Nothing answers at the address of the image ${address.shown}. Check that its server runs, and try again.`,
    { cause: rejection },
  );
}
