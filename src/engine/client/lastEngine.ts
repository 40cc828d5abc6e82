import { pageBackends } from './engineChoice.ts';
import type { EngineChoice } from './engineChoice.ts';

const storageKey = 'forelabel-engine';

/** The engine that was chosen last; 'auto' when none was, or where nothing can be remembered. */
export function recallEngine(): EngineChoice {
  try {
    const kept = localStorage.getItem(storageKey);
    return pageBackends.find((backend) => backend === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}

export function rememberEngine(choice: EngineChoice): void {
  try {
    localStorage.setItem(storageKey, choice);
  } catch {
    // Without storage it has to be chosen again after a reload.
  }
}
