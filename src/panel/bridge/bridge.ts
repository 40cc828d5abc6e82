import type { PanelRequest, ToBridge, ToPanel } from '../messages.ts';
import { OccupiedError } from '../occupied.ts';
import { comboOf } from '../page/keys.ts';
import { Boxes, obstacle } from './boxes.ts';
import { openEditor } from './editor.ts';
import { createFrame } from './frame.ts';
import { meetPanel } from './greeting.ts';
import { wordsFor } from './notices.ts';
import type { Trouble } from './notices.ts';
import { labelStudioSite, namedTask, projectPage } from './site.ts';
import { wayOf } from './upcoming.ts';

/** How often is looked at what is open, in milliseconds: Label Studio tells nobody. */
const lookMs = 250;
/** The same while the panel waits for it. */
const lookingMs = 50;
/** How long a task may be without an annotation before it is taken for one that has none, in milliseconds. */
const loadingMs = 2000;
/** How long a task may be on its way into the editor before what is there is taken for what is meant, in milliseconds. */
const openingMs = 5000;
/**
 * How long the editor may be away before its task is taken for closed: it is built anew when a task is saved. In a tab in the
 * background, a second passes between two looks.
 */
const rebuildMs = 1000;
/** The same while the address names a task, or the label stream. */
const namedMs = 4000;
/** How long after the panel has come by itself a press still asks for it, and does not send it away, in milliseconds. */
const crossedMs = 5000;

type View = Extract<ToPanel, { type: 'view' }>['view'];

export interface Bridge {
  /** The bookmark was pressed again. */
  press(): void;
  end(): void;
}

/**
 * Puts the panel into Label Studio's page.
 *
 * @param forelabel origin of Forelabel
 * @param quietly shows nothing before a task is open: nobody has asked for it by hand
 */
export function startBridge(forelabel: string, quietly: boolean, onEnd: () => void): Bridge {
  const frame = createFrame();
  const boxes = new Boxes();
  const answers = new Map<number, AbortController>();
  const ended = new AbortController();
  const { signal } = ended;
  let combo = '';
  let told = '';
  let started = false;
  let withoutAnnotationSince = 0;
  let openingSince = 0;
  let seen = 0;
  let unasked = quietly;
  let cameUnasked = -Infinity;
  const panel = meetPanel(frame.iframe, forelabel, { message: heard, trouble });

  /** Null: not to be said yet, what was said before still holds. */
  function viewNow(): View | null {
    const here = projectPage(location);
    const editor = openEditor();
    const message = here === null ? obstacle(null) : obstacle(editor);
    if (editor !== null) seen = Date.now();
    else if (here !== null && Date.now() - seen < (namesTask() ? namedMs : rebuildMs)) return null;
    if (message !== null || here === null || editor === null) return { kind: 'none', message: message ?? '' };
    const { task, config, annotationStore } = editor;
    // The data manager names a task in the address before the editor has it.
    if (namedTask(location) === task.id || namedTask(location) === null) openingSince = 0;
    else {
      openingSince ||= Date.now();
      if (Date.now() - openingSince < openingMs) return null;
    }
    if (annotationStore.selected === null) {
      withoutAnnotationSince ||= Date.now();
      if (Date.now() - withoutAnnotationSince < loadingMs) return null;
    } else withoutAnnotationSince = 0;
    return { kind: 'task', task: { id: task.id, ...here, labelConfig: config, ...boxes.factsOf(editor) } };
  }

  function namesTask(): boolean {
    return namedTask(location) !== null || wayOf(0, location.search).stream;
  }

  /** What is open now, said when it has changed. */
  function look(): void {
    const view = viewNow();
    if (!started && (!quietly || view?.kind === 'task')) start();
    frame.place();
    const dark = document.documentElement.dataset.colorScheme === 'dark';
    frame.setDark(dark);
    if (!panel.ready || view === null) return;
    const text = JSON.stringify([view, dark]);
    if (text !== told) {
      told = text;
      panel.tell({ type: 'theme', dark });
      panel.tell({ type: 'view', view });
    }
  }

  function start(): void {
    started = true;
    frame.say(null);
    panel.start();
  }

  function trouble(kind: Trouble): void {
    frame.say({ ...wordsFor(kind, forelabel, location.origin), retry: start, close: end });
  }

  /** Looks until it is known what is open. */
  async function lookNow(stop: AbortSignal): Promise<null> {
    for (let left = openingMs; viewNow() === null && left > 0; left -= lookingMs) {
      await new Promise((resolve) => setTimeout(resolve, lookingMs));
      stop.throwIfAborted();
    }
    look();
    return null;
  }

  async function answer(request: PanelRequest, stop: AbortSignal): Promise<unknown> {
    if (request.type === 'look') return lookNow(stop);
    const here = projectPage(location);
    const editor = openEditor();
    if (here === null || editor === null) throw new Error('No task is open any more. Open it again.');
    const site = labelStudioSite(here.url, location.href);
    switch (request.type) {
      case 'image': {
        const { id, dataObj } = editor.task;
        const task = id === request.task && dataObj !== null ? { id, data: dataObj } : request.task;
        return site.image(task, here.project, request.field, stop);
      }
      case 'change':
        return boxes.change(request.task, request);
      case 'post':
        return site.post(here.project, request.prediction);
      case 'upcoming':
        return site.upcoming(wayOf(here.project, location.search), editor.task.id, stop);
    }
  }

  function reply(request: PanelRequest): void {
    const { id } = request;
    const abort = new AbortController();
    answers.set(id, abort);
    answer(request, AbortSignal.any([abort.signal, signal]))
      .then(
        (value) => panel.tell({ type: 'answer', id, value }),
        (error: unknown) => panel.tell({ type: 'failed', id, ...failureOf(error) }),
      )
      .finally(() => answers.delete(id));
  }

  function heard(message: ToBridge): void {
    switch (message.type) {
      case 'ready':
        cameUnasked = unasked ? Date.now() : -Infinity;
        told = '';
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
      default:
        reply(message);
    }
  }

  function end(): void {
    ended.abort();
    clearInterval(looking);
    panel.end();
    frame.remove();
    onEnd();
  }

  function press(): void {
    if (panel.ready && Date.now() - cameUnasked < crossedMs) return;
    if (panel.ready) end();
    else {
      unasked = false;
      start();
    }
  }

  // Back from the tab in which this Label Studio was allowed.
  window.addEventListener(
    'focus',
    () => {
      if (!started || panel.ready) return;
      unasked = true;
      start();
    },
    { signal },
  );
  window.addEventListener(
    'keydown',
    (event) => {
      if (!panel.ready || combo === '' || event.repeat || comboOf(event) !== combo) return;
      event.preventDefault();
      event.stopPropagation();
      panel.tell({ type: 'pressed' });
    },
    { signal, capture: true },
  );
  // Label Studio's own keys work again as soon as the pointer has left the panel.
  window.addEventListener(
    'pointermove',
    () => {
      if (document.activeElement !== frame.host) return;
      frame.iframe.blur();
      window.focus();
    },
    { signal, passive: true },
  );
  const looking = setInterval(look, lookMs);
  look();
  return { press, end };
}

function failureOf(error: unknown): Pick<Extract<ToPanel, { type: 'failed' }>, 'message' | 'code'> {
  const known = error instanceof Error && error.message !== '';
  return {
    message: known
      ? error.message.slice(0, 2000)
      : 'Label Studio’s page failed without a reason. Reload it and try again.',
    ...(error instanceof OccupiedError && { code: error.code }),
  };
}
