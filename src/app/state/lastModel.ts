const storageKey = 'forelabel-model';

/** Version of the model that was chosen last; null when there is none, or where nothing can be remembered. */
export function recallModel(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

export function rememberModel(version: string): void {
  try {
    localStorage.setItem(storageKey, version);
  } catch {
    // Without storage it has to be chosen again after a reload.
  }
}
