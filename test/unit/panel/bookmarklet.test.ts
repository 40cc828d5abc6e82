import { runInNewContext } from 'node:vm';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { bookmarklet, userScript } from '../../../src/panel/bookmarklet.ts';
import { userScriptRoute } from '../../../src/relay/panel/userScriptRoute.ts';

const forelabel = 'http://127.0.0.1:9090';

interface Script {
  src?: string;
  dataset: Record<string, string>;
  onerror?: () => void;
  remove(): void;
}

/** A page that only remembers which scripts were put into it. */
function run(code: string, window: Record<string, unknown> = {}) {
  const added: Script[] = [];
  const alerts: string[] = [];
  runInNewContext(code, {
    window,
    alert: (text: string) => void alerts.push(text),
    document: {
      createElement: (): Script => ({ dataset: {}, remove: () => undefined }),
      head: { append: (script: Script) => void added.push(script) },
    },
  });
  return { added, alerts };
}

describe('the bookmark', () => {
  it('loads the bridge from where it was made, and nothing else', () => {
    const address = bookmarklet(forelabel);
    expect(address).toMatch(/^javascript:[^\s"<>]+$/u);
    const { added } = run(decodeURIComponent(address.slice('javascript:'.length)));
    expect(added.map(({ src }) => src)).toEqual([`${forelabel}/bridge.js`]);
    expect(address).not.toMatch(/eval|Function\(|cookie|fetch/u);
  });

  it('says what to do when Forelabel does not answer', () => {
    const { added, alerts } = run(decodeURIComponent(bookmarklet(forelabel).slice('javascript:'.length)));
    added[0]?.onerror?.();
    expect(alerts[0]).toMatch(/does not answer at http:\/\/127\.0\.0\.1:9090.+Start Forelabel/u);
  });
});

describe('the user script', () => {
  it('starts on Label Studio’s pages by itself, and on no others', () => {
    const code = userScript(forelabel, '1.2.3');
    expect(code).toMatch(/@version +1\.2\.3/u);
    expect(code).toMatch(/@grant +none/u);
    expect(run(code, { APP_SETTINGS: {} }).added[0]?.src).toBe(`${forelabel}/bridge.js`);
    expect(run(code).added).toEqual([]);
    const { added, alerts } = run(code, { APP_SETTINGS: {} });
    expect(added[0]?.dataset).toEqual({ quietly: '' });
    added[0]?.onerror?.();
    expect(alerts).toEqual([]);
  });

  it('is served with the address by which it was asked for', async () => {
    const app = new Hono().route(
      '/',
      userScriptRoute(() => 'https://forelabel.example.org'),
    );
    const get = async (host: string) =>
      (await app.request('/forelabel.user.js', { headers: { host } })).text();
    expect(await get('localhost:9090')).toContain('"http://localhost:9090/bridge.js"');
    expect(await get('forelabel.example.org')).toContain('"https://forelabel.example.org/bridge.js"');
    const answer = await app.request('/forelabel.user.js', { headers: { host: 'localhost:9090' } });
    expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/u);
  });
});
