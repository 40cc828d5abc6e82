import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hello, toBridgeSchema } from '../../../src/panel/messages.ts';
import { OccupiedError } from '../../../src/panel/occupied.ts';
import type { ToBridge, ToPanel } from '../../../src/panel/messages.ts';
import { acceptGreeting } from '../../../src/panel/page/greeting.ts';
import type { Greeting } from '../../../src/panel/page/greeting.ts';
import { PortPage } from '../../../src/panel/page/portPage.ts';
import * as v from 'valibot';
import { openTask } from '../../support/panelPage.ts';
import { eventually } from '../../support/eventually.ts';

let channel: MessageChannel;
let heard: ToBridge[];
let page: PortPage;
const onTheme = vi.fn();
const onKey = vi.fn();

beforeEach(() => {
  channel = new MessageChannel();
  heard = [];
  channel.port2.onmessage = ({ data }) => void heard.push(v.parse(toBridgeSchema, data));
  page = new PortPage(channel.port1, { onTheme, onKey });
});
afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

const say = (message: ToPanel | Record<string, unknown>) => channel.port2.postMessage(message);
async function lastAsked(): Promise<Extract<ToBridge, { id: number }>> {
  return eventually(() => {
    const last = heard.at(-1);
    if (last === undefined || !('id' in last)) throw new Error('nothing was asked');
    return last;
  });
}

describe('the port', () => {
  it('carries questions and their own answers, in any order', async () => {
    const first = page.upcoming();
    const second = page.fetchImage(7, 'image', new AbortController().signal);
    const { id } = await lastAsked();
    expect(heard.at(-1)).toEqual({ type: 'image', id, task: 7, field: 'image' });
    say({ type: 'answer', id, value: new Blob(['bytes']) });
    say({ type: 'answer', id: id - 1, value: [8, 9] });
    expect(await (await second).text()).toBe('bytes');
    expect(await first).toEqual([8, 9]);
  });

  it('rejects with the words of the bridge', async () => {
    const work = page.change(7, { add: [], remove: ['a'], over: false });
    const { id } = await lastAsked();
    say({ type: 'failed', id, message: 'Another task is open. Open it again.' });
    await expect(work).rejects.toThrow('Another task is open. Open it again.');
  });

  it('brings a refusal that the panel can do something about', async () => {
    const work = page.change(7, { add: [], remove: ['a'], over: true });
    const asked = await lastAsked();
    expect(asked).toMatchObject({ type: 'change', over: true });
    say({ type: 'failed', id: asked.id, message: 'There are boxes. Ask.', code: 'occupied' });
    await expect(work).rejects.toThrow(OccupiedError);
  });

  it('carries no change that leaves open whether boxes may be added to others', () => {
    const change = { type: 'change', id: 1, task: 7, annotation: '1', add: [], remove: [] };
    expect(v.safeParse(toBridgeSchema, { ...change, over: true }).success).toBe(true);
    expect(v.safeParse(toBridgeSchema, change).success).toBe(false);
    expect(v.safeParse(toBridgeSchema, { ...change, over: 'yes' }).success).toBe(false);
  });

  it('refuses an answer that is none', async () => {
    const work = page.upcoming();
    say({ type: 'answer', id: (await lastAsked()).id, value: { not: 'a list' } });
    await expect(work).rejects.toThrow(/different versions. Reload/u);
  });

  it('tells when nobody waits any more', async () => {
    const abort = new AbortController();
    const work = page.fetchImage(7, 'image', abort.signal);
    const { id } = await lastAsked();
    abort.abort();
    await expect(work).rejects.toThrow(/abort/u);
    await eventually(() => expect(heard.at(-1)).toEqual({ type: 'cancel', id }));
    await expect(page.fetchImage(7, 'image', abort.signal)).rejects.toThrow(/abort/u);
  });

  it('brings what is open, the colours and the key, and nothing that is malformed', async () => {
    const changed = vi.fn();
    page.subscribe(changed);
    say({ type: 'view', view: { kind: 'task', task: { id: 'seven' } } });
    say({ type: 'view' });
    say({ type: 'eval', code: '1' });
    say({ type: 'view', view: { kind: 'task', task: openTask(7) } });
    say({ type: 'theme', dark: true });
    say({ type: 'pressed' });
    await eventually(() => expect(onKey).toHaveBeenCalledTimes(1));
    expect(page.view).toEqual({ kind: 'task', task: openTask(7) });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(onTheme).toHaveBeenCalledWith(true);
  });
});

describe('a greeting', () => {
  const parent = {} as MessageEventSource;
  const good = (): Greeting => ({
    data: hello,
    origin: 'http://localhost:8080',
    source: parent,
    ports: [channel.port2],
  });
  const accept = (more: Partial<Greeting> = {}, origins: readonly string[] = ['http://localhost:8080']) =>
    acceptGreeting({ ...good(), ...more }, parent, () => Promise.resolve(new Set(origins)));

  it('of an allowed page that frames this one is answered', async () => {
    expect(await accept()).toBe(channel.port2);
  });

  it.each<[string, Partial<Greeting>]>([
    ['another origin', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: 'http://localhost:8081' }],
    ['the other scheme', { origin: 'https://localhost:8080' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['no origin', { origin: '' }],
    ['another window', { source: {} as MessageEventSource }],
    ['nobody', { source: null }],
    ['other words', { data: { type: 'forelabel-hello', version: 2 } }],
    ['a string', { data: 'forelabel-hello' }],
    ['no port', { ports: [] }],
  ])('of %s is not', async (_, more) => {
    expect(await accept(more)).toBeNull();
  });

  it('is not answered when nobody is allowed, or the list cannot be had', async () => {
    expect(await accept({}, [])).toBeNull();
    const port = await acceptGreeting(good(), parent, () => Promise.reject(new Error('401')));
    expect(port).toBeNull();
  });
});
