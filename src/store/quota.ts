/** Room for Forelabel's data in this browser, in bytes. */
export interface StorageRoom {
  readonly used: number;
  readonly available: number;
  /** True when the browser will not clear the data by itself to make room. */
  readonly persistent: boolean;
}

/** What is used and what is left; null where the browser does not say. */
export async function storageRoom(): Promise<StorageRoom | null> {
  try {
    const [{ usage, quota }, persistent] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    if (usage === undefined || quota === undefined) return null;
    return { used: usage, available: Math.max(0, quota - usage), persistent };
  } catch {
    return null;
  }
}

/** Asks the browser to keep the data when the disk gets full. True when it agrees; it may ask the user. */
export async function askForPersistence(): Promise<boolean> {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}
