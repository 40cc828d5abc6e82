/** `/bridge.js`, as Label Studio's page loads it. Pressed once more, the bookmark takes the panel away. */
import { startBridge } from './bridge.ts';
import { hostId } from './frame.ts';

const closing = 'forelabel-close';
const script = document.currentScript;

if (script instanceof HTMLScriptElement) {
  if (!('APP_SETTINGS' in window)) {
    alert('This is not a page of Label Studio. Open a task there and press the bookmark again.');
  } else if (document.getElementById(hostId) === null) {
    const stop = startBridge(new URL(script.src).origin);
    document.addEventListener(closing, stop, { once: true });
  } else {
    document.dispatchEvent(new Event(closing));
  }
}
