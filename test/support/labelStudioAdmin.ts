/** What tests do to a Label Studio besides what the product does: log in, make projects, upload images. */
import * as v from 'valibot';

export interface LabelStudioAdmin {
  /** `fetch` with the administrator's login session; `path` begins with a slash. */
  admin(path: string, init?: RequestInit): Promise<Response>;
  /** Id of the new project. */
  createProject(project: { readonly title: string; readonly labelConfig: string }): Promise<number>;
  /** Uploads image files, one task each; gives the task ids in the order of the files. */
  importImageFiles(
    projectId: number,
    files: readonly { readonly name: string; readonly data: Uint8Array }[],
  ): Promise<number[]>;
  /** Imports tasks as JSON (`{data: {...}}`); gives their ids in order. */
  importTasks(projectId: number, tasks: readonly unknown[]): Promise<number[]>;
  /** Allows or forbids the two kinds of token. */
  setTokens(allowed: { readonly personal: boolean; readonly legacy: boolean }): Promise<void>;
  /** Makes a personal access token; only one can exist. */
  createPersonalToken(): Promise<string>;
}

export function labelStudioAdmin(
  url: string,
  user: { readonly email: string; readonly password: string },
): LabelStudioAdmin {
  let login: Promise<Cookies> | null = null;

  async function admin(path: string, init: RequestInit = {}): Promise<Response> {
    login ??= logIn(url, user);
    const cookies = await login;
    const headers = new Headers(init.headers);
    headers.set('cookie', cookieHeader(cookies));
    headers.set('x-csrftoken', cookies.get('csrftoken') ?? '');
    return fetch(`${url}${path}`, { ...init, headers });
  }

  async function send(method: string, path: string, body: unknown): Promise<unknown> {
    const response = await admin(path, {
      method,
      ...(body instanceof FormData
        ? { body }
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  }

  async function importBody(projectId: number, body: unknown): Promise<number[]> {
    const path = `/api/projects/${projectId}/import?commit_to_project=true&return_task_ids=true`;
    const answer = v.parse(v.object({ task_ids: v.array(v.number()) }), await send('POST', path, body));
    return answer.task_ids.sort((a, b) => a - b);
  }

  return {
    admin,
    async createProject({ title, labelConfig }) {
      const answer = await send('POST', '/api/projects/', { title, label_config: labelConfig });
      return v.parse(v.object({ id: v.number() }), answer).id;
    },
    async importImageFiles(projectId, files) {
      const ids: number[] = [];
      // One request each: Label Studio does not promise the order of several files in one.
      for (const { name, data } of files) {
        const form = new FormData();
        form.append(name, new Blob([Uint8Array.from(data)]), name);
        ids.push(...(await importBody(projectId, form)));
      }
      return ids;
    },
    importTasks: importBody,
    async setTokens({ personal, legacy }) {
      await send('POST', '/api/jwt/settings', {
        api_tokens_enabled: personal,
        legacy_api_tokens_enabled: legacy,
      });
    },
    async createPersonalToken() {
      return v.parse(v.object({ token: v.string() }), await send('POST', '/api/token/', {})).token;
    },
  };
}

type Cookies = Map<string, string>;

async function logIn(
  url: string,
  user: { readonly email: string; readonly password: string },
): Promise<Cookies> {
  const cookies: Cookies = new Map();
  const page = await fetch(`${url}/user/login/`);
  await page.arrayBuffer();
  takeCookies(page, cookies);
  const answer = await fetch(`${url}/user/login/`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookieHeader(cookies), referer: `${url}/user/login/` },
    body: new URLSearchParams({ ...user, csrfmiddlewaretoken: cookies.get('csrftoken') ?? '' }),
  });
  await answer.arrayBuffer();
  takeCookies(answer, cookies);
  if (answer.status !== 302 || !cookies.has('sessionid'))
    throw new Error(`Logging in answered ${answer.status}.`);
  return cookies;
}

function takeCookies(response: Response, cookies: Cookies): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

function cookieHeader(cookies: Cookies): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
