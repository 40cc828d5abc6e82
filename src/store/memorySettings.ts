import * as v from 'valibot';
import type { Settings } from './settings.ts';

/** Settings that live as long as the page, for one whose browser keeps nothing. */
export function memorySettings(): Settings {
  const values = new Map<string, unknown>();
  return {
    read: (setting) => {
      const held = v.safeParse(setting.schema, values.get(setting.key));
      return Promise.resolve(held.success ? held.output : setting.initial);
    },
    write: (setting, value) => {
      values.set(setting.key, value);
      return Promise.resolve();
    },
  };
}
