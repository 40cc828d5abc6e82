/**
 * A web page of its own origin that embeds the panel's page and speaks to it as the bridge does, without being Label Studio:
 * what another page could try, and what an allowed one gets for the same.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FrameLocator, Page } from 'playwright-core';

interface StageWindow {
  /** How often a panel's page has loaded and was greeted. */
  greeted: number;
  readonly heard: readonly { readonly type?: string }[];
  port: MessagePort;
}

const html = `<!doctype html><html lang="en"><title>A page around the panel</title><script>
  window.greeted = 0;
  window.heard = [];
  addEventListener('DOMContentLoaded', () => {
    const frame = document.createElement('iframe');
    frame.title = 'Panel';
    frame.style = 'width: 264px; height: 640px; border: 0';
    frame.src = new URLSearchParams(location.search).get('panel');
    frame.onload = () => {
      const channel = new MessageChannel();
      window.port = channel.port1;
      channel.port1.onmessage = ({ data }) => {
        heard.push(data);
        if (data.type === 'look') port.postMessage({ type: 'answer', id: data.id, value: null });
        if (data.type === 'upcoming') port.postMessage({ type: 'answer', id: data.id, value: [] });
      };
      frame.contentWindow.postMessage({ type: 'forelabel-hello', version: 1 }, '*', [channel.port2]);
      window.greeted += 1;
    };
    document.body.append(frame);
  });
</script><body></body></html>`;

export interface StageServer {
  readonly origin: string;
  stop(): void;
}

export async function startStage(): Promise<StageServer> {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => server.close(),
  };
}

/** A tab with such a page in it. */
export class PanelStage {
  readonly page: Page;
  readonly panel: FrameLocator;

  constructor(page: Page) {
    this.page = page;
    this.panel = page.frameLocator('iframe');
  }

  /** Loads the page, and waits until it has greeted what came when it asked for `panel`. */
  async open(origin: string, panel: string): Promise<void> {
    await this.page.goto(`${origin}/?panel=${encodeURIComponent(panel)}`);
    await this.page.waitForFunction(() => (window as unknown as StageWindow).greeted > 0);
  }

  /** Types of the messages that came over the port. */
  heard(): Promise<readonly string[]> {
    return this.page.evaluate(() => (window as unknown as StageWindow).heard.map(({ type }) => String(type)));
  }

  greeted(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as StageWindow).greeted);
  }

  /** Says anything over the port. */
  async say(message: unknown): Promise<void> {
    await this.page.evaluate((data) => (window as unknown as StageWindow).port.postMessage(data), message);
  }
}
