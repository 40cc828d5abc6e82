/** `/bridge.js`, as Label Studio's page loads it: once is enough. Pressed once more, the bookmark takes the panel away. */
import { startBridge } from './bridge.ts';
import { hostId } from './frame.ts';

const pressed = 'forelabel-pressed';
const script = document.currentScript;

if (script instanceof HTMLScriptElement) {
  // A user script has loaded it, and not somebody's hand.
  const quietly = script.dataset.quietly !== undefined;
  const isLabelStudio = 'APP_SETTINGS' in window || 'Htx' in window;
  if (document.getElementById(hostId) !== null) {
    if (!quietly) document.dispatchEvent(new Event(pressed));
  } else if (isLabelStudio) {
    const ended = new AbortController();
    const bridge = startBridge(new URL(script.src).origin, quietly, () => ended.abort());
    document.addEventListener(pressed, () => bridge.press(), { signal: ended.signal });
  } else if (!quietly) {
    alert('This is not a page of Label Studio. Open a task there and press the bookmark again.');
  }
}
