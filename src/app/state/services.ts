import type { LabelStudio, LabelStudioOptions } from '../../labelstudio/types.ts';
import type { Source } from '../../prelabel/types.ts';
import type { Folders } from '../../store/folders.ts';
import type { OfflineTasks } from '../../store/offlineTasks.ts';
import type { Restored } from '../../store/restore.ts';
import type { Reach } from '../offline/reach.ts';
import type { CredentialMemory } from './connectionState.ts';
import type { LoadEngine } from './engineState.ts';
import type { RelayApi } from './relayApi.ts';
import type { Kept } from './reviewState.ts';

/** What the page's state stands on; real parts in the app, stand-ins in tests. */
export interface Services {
  readonly loadEngine: LoadEngine;
  readonly createLabelStudio: (options: LabelStudioOptions) => LabelStudio;
  readonly credentials: CredentialMemory;
  /** The relay's training; a server without it answers 'absent'. */
  readonly relay: RelayApi;
  readonly keep: () => Promise<Kept>;
  readonly listSamples: () => Promise<Source>;
  /** Which Label Studios are away at present. */
  readonly reach: Reach;
  readonly copies: () => Promise<OfflineTasks>;
  readonly folders: () => Promise<Folders>;
  /** All that is kept in this browser, without secrets, as a compressed file. */
  readonly exportEverything: (to: WritableStream<Uint8Array<ArrayBuffer>>) => Promise<void>;
  /** Reads such a file back, beside what is here. */
  readonly restoreEverything: (file: Blob) => Promise<Restored>;
  /** Deletes all that is kept in this browser; the page is to be reloaded afterwards. */
  readonly deleteEverything: () => Promise<void>;
}
