import * as v from 'valibot';
import { hello, toBridgeSchema } from '../messages.ts';
import type { PanelRequest, ToBridge, ToPanel } from '../messages.ts';
import { comboOf } from '../page/keys.ts';
import { PlacedBoxes } from './editor.ts';
import { createFrame } from './frame.ts';
import { fetchImage, fieldOf, postPrediction, projectPage, taskData, tasksAfter } from './site.ts';

/** How often is looked at what is open: Label Studio tells nobody. */
const lookMs = 300;
/** How long the panel may take to answer before it is said that it does not. */
const patienceMs = 5000;

/** Puts the panel into Label Studio's page. Returns what takes it away again. */
export function startBridge(forelabel: string): () => void {
  const frame = createFrame(forelabel);
  const boxes = new PlacedBoxes();
  const answers = new Map<number, AbortController>();
  const ended = new AbortController();
  let port: MessagePort | null = null;
  let ready = false;
  let combo = '';
  let told = '';
  let openTask = '';
  let patience: ReturnType<typeof setTimeout> | undefined;

  const tell = (message: ToPanel): void => port?.postMessage(message);

  /** What is open now, said when it has changed. */
  function look(): void {
    const here = projectPage(location);
    const task = here === null ? null : boxes.task();
    const name = here === null || task === null ? '' : `${here.url} ${here.project} ${task.id}`;
    if (name !== openTask) boxes.forget();
    openTask = name;
    if (!ready) return;
    const message: ToPanel[] = [
      here === null || task === null
        ? {
            type: 'view',
            view: { kind: 'none', message: 'No task is open here. Open one: the panel sees it by itself.' },
          }
        : {
            type: 'view',
            view: {
              kind: 'task',
              task: { ...here, id: task.id, labelConfig: task.labelConfig, boxes: boxes.task()?.boxes ?? 0 },
            },
          },
      { type: 'theme', dark: isDark() },
    ];
    const text = JSON.stringify(message);
    if (text === told) return;
    told = text;
    frame.setDark(isDark());
    message.forEach(tell);
  }

  async function answer(request: PanelRequest, signal: AbortSignal): Promise<unknown> {
    const here = projectPage(location);
    if (here === null) throw new Error('No task is open any more. Open it again.');
    switch (request.type) {
      case 'image': {
        const open = boxes.task();
        const data = open?.id === request.task ? open.data : await taskData(here.url, request.task, signal);
        return fetchImage(fieldOf(data, request.field), { url: here.url, task: request.task }, signal);
      }
      case 'change':
        return boxes.change(request.task, request.add, request.remove);
      case 'post':
        await postPrediction(here.url, request.prediction);
        return null;
      case 'upcoming': {
        const open = boxes.task();
        return open === null ? [] : tasksAfter(here.url, here.project, open.id, location.search);
      }
    }
  }

  function heard(message: ToBridge): void {
    switch (message.type) {
      case 'ready':
        ready = true;
        told = '';
        clearTimeout(patience);
        frame.say(null);
        look();
        return;
      case 'height':
        frame.setHeight(message.height);
        return;
      case 'move':
        frame.move(message.dx, message.dy);
        return;
      case 'key':
        ({ combo } = message);
        return;
      case 'cancel':
        answers.get(message.id)?.abort();
        return;
      default: {
        const abort = new AbortController();
        const { id } = message;
        answers.set(id, abort);
        answer(message, abort.signal)
          .then(
            (value) => tell({ type: 'answer', id, value }),
            (error: unknown) => tell({ type: 'failed', id, message: wordsOf(error) }),
          )
          .finally(() => answers.delete(id));
      }
    }
  }

  function greet(): void {
    const channel = new MessageChannel();
    port?.close();
    port = channel.port1;
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = v.safeParse(toBridgeSchema, data);
      if (parsed.success) heard(parsed.output);
    };
    // To Forelabel's page alone: an error page of the browser, or anybody else's, does not get it.
    frame.iframe.contentWindow?.postMessage(hello, forelabel, [channel.port2]);
    clearTimeout(patience);
    patience = setTimeout(explain, patienceMs);
  }

  function reload(): void {
    frame.say(null);
    frame.iframe.src = `${forelabel}/panel.html`;
  }

  function explain(): void {
    const allow = encodeURIComponent(location.origin);
    frame.setDark(isDark());
    frame.say({
      text: 'Forelabel does not answer this page. It is not running, or has not been told yet that this Label Studio may ask.',
      link: { text: 'Allow this Label Studio', href: `${forelabel}/#/label-studio?allow=${allow}` },
      button: { text: 'Try again', press: reload },
    });
  }

  frame.iframe.addEventListener('load', greet);
  const { signal } = ended;
  // Back from the tab in which it was allowed.
  window.addEventListener('focus', () => !ready && patience !== undefined && reload(), { signal });
  window.addEventListener(
    'keydown',
    (event) => {
      if (!ready || combo === '' || event.repeat || comboOf(event) !== combo) return;
      event.preventDefault();
      event.stopPropagation();
      tell({ type: 'pressed' });
    },
    { signal, capture: true },
  );
  const looking = setInterval(look, lookMs);

  return () => {
    ended.abort();
    clearInterval(looking);
    clearTimeout(patience);
    for (const each of answers.values()) each.abort();
    port?.close();
    frame.remove();
  };
}

function isDark(): boolean {
  return document.documentElement.dataset.colorScheme === 'dark';
}

function wordsOf(error: unknown): string {
  if (error instanceof Error && error.message !== '') return error.message.slice(0, 2000);
  return 'Label Studio’s page failed without a reason. Reload it and try again.';
}
