/** Where the panel stands in Label Studio's page: a frame in a shadow root, so that neither's styles reach the other. */

export interface Frame {
  readonly iframe: HTMLIFrameElement;
  setHeight(height: number): void;
  move(dx: number, dy: number): void;
  setDark(dark: boolean): void;
  /** What stands there instead of the panel; null: the panel. */
  say(message: Notice | null): void;
  remove(): void;
}

export interface Notice {
  readonly text: string;
  readonly link: { readonly text: string; readonly href: string };
  readonly button: { readonly text: string; readonly press: () => void };
}

export const hostId = 'forelabel-panel';
const placeKey = 'forelabel-panel';
const width = 264;
/** Above Label Studio's own row of buttons. */
const initial = { right: 24, bottom: 88 };

const styles = `
  :host { all: initial; position: fixed; z-index: 900; width: ${width}px; }
  .box { overflow: hidden; border-radius: 8px; background: #fff; color: #1b1e25; box-shadow: 0 0 0 1px #0002, 0 8px 24px #0003; font: 13px/1.4 system-ui, sans-serif; }
  .box.dark { background: #14161b; color: #f2f3f5; box-shadow: 0 0 0 1px #fff3, 0 8px 24px #0009; }
  iframe { display: block; width: 100%; height: 0; border: 0; }
  .notice { display: grid; gap: 8px; padding: 12px; }
  .notice p { margin: 0; }
  a, button { font: inherit; color: #3f3ab8; }
  .dark a, .dark button { color: #b3b0ff; }
  button { justify-self: start; padding: 4px 12px; border: 1px solid currentColor; border-radius: 6px; background: none; cursor: pointer; }
  [hidden] { display: none; }
`;

interface Place {
  right: number;
  bottom: number;
}

export function createFrame(forelabel: string): Frame {
  const host = document.createElement('div');
  host.id = hostId;
  const root = host.attachShadow({ mode: 'open' });
  const style = document.createElement('style');
  style.textContent = styles;
  const box = document.createElement('div');
  box.className = 'box';
  const iframe = document.createElement('iframe');
  iframe.title = 'Forelabel';
  iframe.src = `${forelabel}/panel.html`;
  const notice = document.createElement('div');
  notice.className = 'notice';
  notice.setAttribute('role', 'status');
  notice.hidden = true;
  box.append(iframe, notice);
  root.append(style, box);

  const place = recall();
  const show = (): void => {
    const { height } = host.getBoundingClientRect();
    // Never out of sight, whatever the window has become.
    const right = Math.min(Math.max(0, place.right), Math.max(0, window.innerWidth - width));
    const bottom = Math.min(Math.max(0, place.bottom), Math.max(0, window.innerHeight - height));
    host.style.right = `${right}px`;
    host.style.bottom = `${bottom}px`;
  };
  window.addEventListener('resize', show);
  document.body.append(host);
  show();

  return {
    iframe,
    setHeight(height) {
      iframe.style.height = `${Math.min(height, window.innerHeight - 16)}px`;
      show();
    },
    move(dx, dy) {
      place.right -= dx;
      place.bottom -= dy;
      show();
      place.right = parseFloat(host.style.right);
      place.bottom = parseFloat(host.style.bottom);
      remember(place);
    },
    setDark(dark) {
      box.classList.toggle('dark', dark);
      // An iframe of the other scheme is painted on a ground of its own.
      iframe.style.colorScheme = dark ? 'dark' : 'light';
    },
    say(message) {
      notice.hidden = message === null;
      notice.replaceChildren();
      if (message === null) return;
      iframe.style.height = '0';
      const text = document.createElement('p');
      text.textContent = message.text;
      const link = document.createElement('a');
      Object.assign(link, {
        href: message.link.href,
        textContent: message.link.text,
        target: '_blank',
        rel: 'noopener',
      });
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = message.button.text;
      button.addEventListener('click', message.button.press);
      notice.append(text, link, button);
      show();
    },
    remove() {
      window.removeEventListener('resize', show);
      host.remove();
    },
  };
}

function recall(): Place {
  try {
    const [right = NaN, bottom = NaN] = (localStorage.getItem(placeKey) ?? '').split(' ').map(Number);
    if (Number.isFinite(right) && Number.isFinite(bottom)) return { right, bottom };
  } catch {
    // Without storage it stands where it stood the first time.
  }
  return { ...initial };
}

function remember({ right, bottom }: Place): void {
  try {
    localStorage.setItem(placeKey, `${right} ${bottom}`);
  } catch {
    // The same.
  }
}
