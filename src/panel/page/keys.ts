/** Key combinations: 'Alt+KeyP' is the P key, whatever letter Alt makes of it, held with Alt. */

type Pressed = Pick<KeyboardEvent, 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey' | 'code'>;

/** What is pressed; null while only modifiers are, and for a key without one: it would take letters from Label Studio. */
export function comboOf({ ctrlKey, altKey, shiftKey, metaKey, code }: Pressed): string | null {
  if (code === '' || /^(?:Control|Alt|Shift|Meta|OS)(?:Left|Right)?$/u.test(code)) return null;
  // Shift alone writes capitals.
  if (!ctrlKey && !altKey && !metaKey) return null;
  const held = [ctrlKey && 'Ctrl', altKey && 'Alt', shiftKey && 'Shift', metaKey && 'Meta'];
  return [...held.filter((name) => name !== false), code].join('+');
}

/** 'Alt+KeyP' as the keyboard says it: 'Alt+P', on a Mac '⌥P'. */
export function comboName(combo: string, mac: boolean): string {
  const parts = combo.split('+').map((part) => part.replace(/^(?:Key|Digit)(?=.)/u, ''));
  if (!mac) return parts.map((part) => (part === 'Meta' ? 'Win' : part)).join('+');
  const signs: Readonly<Record<string, string>> = { Ctrl: '⌃', Alt: '⌥', Shift: '⇧', Meta: '⌘' };
  return parts.map((part) => signs[part] ?? part).join('');
}
