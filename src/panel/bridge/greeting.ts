import * as v from 'valibot';
import { hello, toBridgeSchema } from '../messages.ts';
import type { ToBridge, ToPanel } from '../messages.ts';
import type { Trouble } from './notices.ts';

/** How long the panel may take to answer before it is said that it does not, in milliseconds. */
const patienceMs = 6000;
/** The same when it was there, and was then loaded anew. */
const secondPatienceMs = 1500;
/** How often it is greeted until it answers, in milliseconds: a greeting is lost on a page that does not listen yet. */
const againMs = 1000;

export interface Meeting {
  /** Loads the panel's page and greets it; also when that has failed before. */
  start(): void;
  /** Lost where nobody has answered yet. */
  tell(message: ToPanel): void;
  readonly ready: boolean;
  end(): void;
}

/**
 * Meets the panel's page in `iframe`: greets it when it has loaded, and hands over what it says. It says nothing to any
 * other page than Forelabel's, and takes nothing but what the messages' schema allows.
 */
export function meetPanel(
  iframe: HTMLIFrameElement,
  forelabel: string,
  on: { readonly message: (message: ToBridge) => void; readonly trouble: (trouble: Trouble) => void },
): Meeting {
  let port: MessagePort | null = null;
  let ready = false;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let greeting: ReturnType<typeof setInterval> | undefined;
  const offered = new Set<MessagePort>();
  const ended = new AbortController();
  const { signal } = ended;

  function greet(): void {
    if (iframe.src === '') return;
    // It has left by itself: its user has taken this page off the list.
    if (ready) wait(secondPatienceMs);
    ready = false;
    port = null;
    offer();
    clearInterval(greeting);
    greeting = setInterval(offer, againMs);
  }

  /** Several may be on their way: the panel takes one, and what it says comes through that. */
  function offer(): void {
    const { port1, port2 } = new MessageChannel();
    offered.add(port1);
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = v.safeParse(toBridgeSchema, data);
      if (!parsed.success) return;
      if (parsed.output.type === 'ready') {
        ready = true;
        port = port1;
        rest();
        offered.forEach((each) => each !== port1 && each.close());
        offered.clear();
      }
      on.message(parsed.output);
    };
    // To Forelabel's page alone: an error page of the browser, or anybody else's, does not get it.
    iframe.contentWindow?.postMessage(hello, forelabel, [port2]);
  }

  function rest(): void {
    clearTimeout(patience);
    clearInterval(greeting);
  }

  /** The only thing of Forelabel's that any page may load says whether it runs. */
  async function why(): Promise<void> {
    const runs = await fetch(`${forelabel}/bridge.js`, {
      ...{ mode: 'no-cors', credentials: 'omit', cache: 'no-store', method: 'HEAD', signal },
    }).then(
      () => true,
      () => false,
    );
    if (!ready && !signal.aborted) on.trouble(runs ? 'not-allowed' : 'not-running');
  }

  function wait(ms: number): void {
    clearTimeout(patience);
    patience = setTimeout(() => {
      clearInterval(greeting);
      void why();
    }, ms);
  }

  iframe.addEventListener('load', greet, { signal });
  document.addEventListener(
    'securitypolicyviolation',
    ({ blockedURI, disposition }) => {
      if (disposition !== 'enforce' || ready || !blockedURI.startsWith(forelabel)) return;
      rest();
      on.trouble('blocked');
    },
    { signal },
  );

  return {
    start() {
      iframe.src = `${forelabel}/panel.html`;
      wait(patienceMs);
    },
    tell: (message) => port?.postMessage(message),
    get ready() {
      return ready;
    },
    end() {
      ended.abort();
      rest();
      offered.forEach((each) => each.close());
      port?.close();
    },
  };
}
