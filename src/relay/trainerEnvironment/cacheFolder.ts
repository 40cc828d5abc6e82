import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder that all of Forelabel's caches share: `$FORELABEL_CACHE`, or the platform's own. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { FORELABEL_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (isSet(FORELABEL_CACHE)) return FORELABEL_CACHE;
  if (process.platform === 'win32') {
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'forelabel', 'Cache');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'forelabel');
  return join(isSet(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'forelabel');
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
