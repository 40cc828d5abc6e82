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

/** A page that only remembers which scripts were put into it, what was said, and what was opened. */
function run(code: string, window: Record<string, unknown> = {}) {
  const added: Script[] = [];
  const alerts: string[] = [];
  const asked: string[] = [];
  const opened: string[] = [];
  const page = new EventTarget();
  runInNewContext(code, {
    ...{ window, AbortSignal },
    alert: (text: string) => void alerts.push(text),
    confirm: (text: string) => asked.push(text) > 0,
    open: (address: string) => void opened.push(address),
    document: {
      createElement: (): Script => ({ dataset: {}, remove: () => undefined }),
      head: { append: (script: Script) => void added.push(script) },
      addEventListener: page.addEventListener.bind(page),
    },
  });
  const violation = (blockedURI: string, disposition: string) =>
    page.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), { blockedURI, disposition }));
  return { added, alerts, asked, opened, violation };
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
    expect(alerts[0]).toMatch(/does not answer at http:\/\/127\.0\.0\.1:9090\. Start it/u);
  });

  it('offers Forelabel’s address where the page’s policy has kept the script out', () => {
    const page = run(decodeURIComponent(bookmarklet(forelabel).slice('javascript:'.length)));
    page.violation(`${forelabel}/bridge.js`, 'enforce');
    page.added[0]?.onerror?.();
    expect(page.alerts).toEqual([]);
    expect(page.asked[0]).toContain('Content-Security-Policy');
    expect(page.asked[0]).toContain(`${forelabel}/#/label-studio`);
    expect(page.opened).toEqual([`${forelabel}/#/label-studio`]);
  });

  it.each([
    ['another script', 'http://elsewhere.example/a.js', 'enforce'],
    ['a policy that only reports', `${forelabel}/bridge.js`, 'report'],
  ])('is not misled by %s', (_, blockedURI, disposition) => {
    const page = run(decodeURIComponent(bookmarklet(forelabel).slice('javascript:'.length)));
    page.violation(blockedURI, disposition);
    page.added[0]?.onerror?.();
    expect(page.asked).toEqual([]);
    expect(page.alerts).toHaveLength(1);
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
