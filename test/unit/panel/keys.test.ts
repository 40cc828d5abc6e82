import { describe, expect, it } from 'vitest';
import { comboName, comboOf } from '../../../src/panel/page/keys.ts';

const press = (
  code: string,
  held: Partial<Record<'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey', true>> = {},
) => comboOf({ ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, code, ...held });

describe('key combinations', () => {
  it('are the key and what is held with it', () => {
    expect(press('KeyP', { altKey: true })).toBe('Alt+KeyP');
    expect(press('Digit1', { ctrlKey: true, shiftKey: true, metaKey: true })).toBe('Ctrl+Shift+Meta+Digit1');
  });

  it('are nothing while only modifiers are held, or none', () => {
    expect(press('AltLeft', { altKey: true })).toBeNull();
    expect(press('KeyP')).toBeNull();
    expect(press('KeyP', { shiftKey: true })).toBeNull();
    expect(press('', { altKey: true })).toBeNull();
  });

  it('read as on the keyboard', () => {
    expect(comboName('Alt+KeyP', false)).toBe('Alt+P');
    expect(comboName('Alt+KeyP', true)).toBe('⌥P');
    expect(comboName('Ctrl+Shift+Digit1', false)).toBe('Ctrl+Shift+1');
    expect(comboName('Meta+F2', true)).toBe('⌘F2');
    expect(comboName('Meta+Space', false)).toBe('Win+Space');
  });
});
