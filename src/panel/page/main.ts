/** The panel's page: waits for a greeting of the page around it, and shows the panel once it knows whose that is. */
import '../../ui/theme.css';
import { fetchModels } from '../../engine/client/modelList.ts';
import { memoryStore } from '../../prelabel/memoryStore.ts';
import { openDatabase } from '../../store/database.ts';
import type { Database } from '../../store/database.ts';
import { memorySettings } from '../../store/memorySettings.ts';
import { resultStore } from '../../store/results.ts';
import { settingsStore } from '../../store/settings.ts';
import { registerIcons } from '../../ui/icons.ts';
import { acceptGreeting, allowedOrigins } from './greeting.ts';
import { loadChosenEngine } from './loadChosenEngine.ts';
import { comboOf } from './keys.ts';
import './panel-view.ts';
import { PanelEngine } from './panelEngine.ts';
import { PanelState } from './panelState.ts';
import type { PanelKept } from './panelState.ts';
import { watchPermission } from './permission.ts';
import { PortPage } from './portPage.ts';

let opened: Promise<Database | null> | null = null;
const inMemory: PanelKept = { results: memoryStore(), settings: memorySettings() };

/**
 * One connection for the page, opened when it is first needed and again after it was lost. Some browsers give a frame of
 * another site no storage: then choices hold until the page is closed.
 */
async function keep(): Promise<PanelKept> {
  opened ??= openDatabase({ onLost: () => (opened = null) }).catch(() => null);
  const database = await opened;
  if (database === null) return inMemory;
  return { results: resultStore(database), settings: settingsStore(database) };
}

function applyTheme(dark: boolean): void {
  document.documentElement.classList.toggle('wa-dark', dark);
  document.documentElement.classList.toggle('wa-light', !dark);
}

function showPanel(port: MessagePort, origin: string): void {
  // Another greeting may have come first while the list was asked for.
  if (meeting.done) return;
  meeting.done = true;
  const page = new PortPage(port, { onTheme: applyTheme, onKey: () => void panel.preLabel() });
  const panel = new PanelState({ page, engine: new PanelEngine(fetchModels, loadChosenEngine), keep });
  const view = document.createElement('fl-panel');
  view.panel = panel;
  view.addEventListener('move', ({ detail }) => page.tell({ type: 'move', ...detail }));
  document.body.replaceChildren(view);
  new ResizeObserver(() => {
    page.tell({ type: 'height', height: Math.ceil(view.getBoundingClientRect().height) });
  }).observe(view);

  let key = '';
  panel.subscribe(() => {
    if (panel.settings.key === key) return;
    key = panel.settings.key;
    page.tell({ type: 'key', combo: key });
  });
  window.addEventListener('keydown', (event) => {
    if (comboOf(event) !== panel.settings.key || event.repeat) return;
    event.preventDefault();
    void panel.preLabel();
  });
  page.tell({ type: 'ready' });
  void panel.start();
  // Loaded anew, nothing of it is left, and the page around it may not show it again.
  watchPermission(origin, allowedOrigins, () => location.reload());
}

const meeting = { done: false };

async function greet(event: MessageEvent<unknown>): Promise<void> {
  if (meeting.done) return;
  const port = await acceptGreeting(event, window.parent, allowedOrigins);
  if (port !== null) showPanel(port, event.origin);
}

registerIcons();
applyTheme(window.matchMedia('(prefers-color-scheme: dark)').matches);
if (window.parent === window) {
  const note = document.createElement('p');
  note.textContent = 'This is Forelabel’s panel for Label Studio. Open it there, with the bookmark.';
  document.body.replaceChildren(note);
} else {
  window.addEventListener('message', (event: MessageEvent<unknown>) => void greet(event));
}
