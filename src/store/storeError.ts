export type StoreErrorCode = 'quota' | 'blocked' | 'outdated' | 'unavailable' | 'failed';

const sentences: Readonly<Record<StoreErrorCode, string>> = {
  quota:
    'This browser has no room left for more results. Free some disk space or delete old results, then resume.',
  blocked: 'Another tab keeps an older version of Forelabel open. Close the other tabs and reload this one.',
  outdated: 'Forelabel was updated in another tab. Reload this page to go on.',
  unavailable:
    'This browser does not let Forelabel keep data. Leave private browsing or allow site data, then reload.',
  failed: 'The browser could not save to its database. Reload the page; everything saved so far is kept.',
};

/** Something could not be read from or written to the browser's storage. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, options?: ErrorOptions) {
    super(sentences[code], options);
    this.code = code;
  }
}

/** What IndexedDB threw, in our words. Names: https://w3c.github.io/IndexedDB/#exceptions */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  switch (name) {
    case 'QuotaExceededError':
      return new StoreError('quota', { cause });
    // The database on disk is newer than this code, or was closed under it for an upgrade.
    case 'VersionError':
    case 'InvalidStateError':
      return new StoreError('outdated', { cause });
    case 'SecurityError':
    case 'NotAllowedError':
      return new StoreError('unavailable', { cause });
    default:
      return new StoreError('failed', { cause });
  }
}
