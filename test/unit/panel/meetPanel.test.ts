import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { meetPanel } from '../../../src/panel/bridge/greeting.ts';
import type { Meeting } from '../../../src/panel/bridge/greeting.ts';

const forelabel = 'http://127.0.0.1:9090';

/** An iframe as far as it is used: it can be sent somewhere, load, and get messages with a port. */
class Frame extends EventTarget {
  src = '';
  readonly ports: MessagePort[] = [];
  readonly origins: string[] = [];
  readonly contentWindow = {
    postMessage: (_: unknown, origin: string, [port]: MessagePort[]) => {
      this.origins.push(origin);
      if (port !== undefined) this.ports.push(port);
    },
  };
}

let frame: Frame;
let meeting: Meeting;
const message = vi.fn();
const trouble = vi.fn();
beforeEach(() => {
  vi.stubGlobal('document', new EventTarget());
  frame = new Frame();
  meeting = meetPanel(frame as unknown as HTMLIFrameElement, forelabel, { message, trouble });
});
afterEach(() => {
  meeting.end();
  frame.ports.forEach((port) => port.close());
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

it('greets a page that did not listen yet again, to Forelabel alone, until it answers', async () => {
  meeting.start();
  frame.dispatchEvent(new Event('load'));
  expect(frame.ports).toHaveLength(1);
  await expect.poll(() => frame.ports.length, { timeout: 5000 }).toBe(2);
  const [, second] = frame.ports;
  second?.postMessage({ type: 'ready' });
  await expect.poll(() => meeting.ready).toBe(true);
  expect(message).toHaveBeenCalledWith({ type: 'ready' });

  const heard = new Promise((resolve) => second?.addEventListener('message', ({ data }) => resolve(data)));
  second?.start();
  meeting.tell({ type: 'pressed' });
  expect(await heard).toEqual({ type: 'pressed' });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(frame.ports).toHaveLength(2);
  expect(new Set(frame.origins)).toEqual(new Set([forelabel]));
  expect(trouble).not.toHaveBeenCalled();
});

it('hears an answer to its first greeting after it has greeted again', async () => {
  meeting.start();
  frame.dispatchEvent(new Event('load'));
  await expect.poll(() => frame.ports.length, { timeout: 5000 }).toBe(2);
  frame.ports[0]?.postMessage({ type: 'ready' });
  await expect.poll(() => meeting.ready).toBe(true);
});
