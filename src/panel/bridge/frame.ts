/** The panel in Label Studio's page: a frame in a shadow root, so that neither's styles reach the other. */
import { allowedPlace, headRoom, initialPlace } from './place.ts';
import type { Place } from './place.ts';

/** What stands there instead of the panel. */
export interface Notice {
  /** Two sentences. */
  readonly text: string;
  readonly link?: { readonly text: string; readonly href: string };
  readonly retry?: () => void;
  readonly close: () => void;
}

export interface Frame {
  readonly host: HTMLElement;
  readonly iframe: HTMLIFrameElement;
  setHeight(height: number): void;
  move(dx: number, dy: number): void;
  setDark(dark: boolean): void;
  /** Null: the panel. */
  say(notice: Notice | null): void;
  /** Label Studio's buttons may have moved. */
  place(): void;
  remove(): void;
}

export const hostId = 'forelabel-panel';
const placeKey = 'forelabel-panel';
const width = 264;

/** Submit, Update, Skip and what stands beside them. */
const buttons = '[class*="bottombar"], [class*="controls"] button[aria-label*="current annotation" i]';

const styles = `
  :host { all: initial; position: fixed; z-index: 900; width: ${width}px; max-width: 100vw; }
  .box { overflow: hidden; border-radius: 8px; background: #fff; color: #1b1e25; box-shadow: 0 0 0 1px #0002, 0 8px 24px #0003; font: 13px/1.4 system-ui, sans-serif; }
  .box.dark { background: #14161b; color: #f2f3f5; box-shadow: 0 0 0 1px #fff3, 0 8px 24px #0009; }
  iframe { display: block; width: 100%; height: 0; border: 0; }
  .notice { display: grid; gap: 8px; padding: 12px; }
  .notice p { margin: 0; }
  .notice strong { font-weight: 600; }
  .row { display: flex; gap: 8px; }
  a, button { font: inherit; color: #3f3ab8; }
  .dark a, .dark button { color: #b3b0ff; }
  button { padding: 4px 12px; border: 1px solid currentColor; border-radius: 6px; background: none; cursor: pointer; }
  a:focus-visible, button:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
  [hidden] { display: none; }
`;

/** Puts the frame into the page, empty: its address is set by whoever greets it. */
export function createFrame(): Frame {
  const host = document.createElement('div');
  host.id = hostId;
  const root = host.attachShadow({ mode: 'open' });
  const style = element('style', styles);
  const box = element('div');
  box.className = 'box';
  const iframe = element('iframe');
  iframe.title = 'Forelabel';
  const notice = element('div');
  notice.className = 'notice';
  notice.setAttribute('role', 'status');
  notice.hidden = true;
  box.append(iframe, notice);
  root.append(style, box);

  let wish = recall();
  const place = (): void => {
    const keptFree = [...document.querySelectorAll(buttons)].map((each) => each.getBoundingClientRect());
    const shown = allowedPlace(
      wish,
      host.getBoundingClientRect(),
      { width: window.innerWidth, height: window.innerHeight },
      keptFree,
    );
    host.style.right = `${shown.right}px`;
    host.style.bottom = `${shown.bottom}px`;
  };
  window.addEventListener('resize', place);
  document.body.append(host);
  place();

  return {
    ...{ host, iframe, place },
    setHeight(height) {
      iframe.style.height = `${Math.min(height, window.innerHeight - headRoom)}px`;
      place();
    },
    move(dx, dy) {
      const room = { width: window.innerWidth, height: window.innerHeight };
      wish = { right: wish.right - dx, bottom: wish.bottom - dy };
      // The pointer may go on beyond the edge; the way back begins where the panel stands.
      wish = allowedPlace(wish, host.getBoundingClientRect(), room, []);
      place();
      remember(wish);
    },
    setDark(dark) {
      box.classList.toggle('dark', dark);
      // An iframe of the other scheme is painted on a ground of its own.
      iframe.style.colorScheme = dark ? 'dark' : 'light';
    },
    say(message) {
      notice.hidden = message === null;
      // Nobody is to come upon the browser's own page that stands there instead.
      iframe.hidden = message !== null;
      notice.replaceChildren();
      if (message === null) return;
      iframe.style.height = '0';
      const row = element('div');
      row.className = 'row';
      if (message.retry !== undefined) row.append(button('Try again', message.retry));
      row.append(button('Close', message.close));
      notice.append(element('strong', 'Forelabel'), element('p', message.text));
      if (message.link !== undefined) notice.append(link(message.link));
      notice.append(row);
      place();
    },
    remove() {
      window.removeEventListener('resize', place);
      host.remove();
    },
  };
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text = '',
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function button(text: string, press: () => void): HTMLButtonElement {
  const made = element('button', text);
  made.type = 'button';
  made.addEventListener('click', press);
  return made;
}

function link({ text, href }: { readonly text: string; readonly href: string }): HTMLAnchorElement {
  const made = element('a', text);
  return Object.assign(made, { href, target: '_blank', rel: 'noopener' });
}

function recall(): Place {
  try {
    const [right = NaN, bottom = NaN] = (localStorage.getItem(placeKey) ?? '').split(' ').map(Number);
    if (Number.isFinite(right) && Number.isFinite(bottom)) return { right, bottom };
  } catch {
    // Without storage it stands where it stood the first time.
  }
  return initialPlace;
}

function remember({ right, bottom }: Place): void {
  try {
    localStorage.setItem(placeKey, `${right} ${bottom}`);
  } catch {
    // The same.
  }
}
