/** Somewhere to write a file of any size: bytes pass through, none of it is held in memory where it can be helped. */
export interface SaveTarget {
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /** To be called when all is written and the stream is closed: hands the file to the user. */
  finish(): Promise<void>;
}

interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

const SCRATCH = 'forelabel-exports';

/**
 * Asks where to save, where the browser can (to be called while it handles the user's click). Else the file is
 * written to the browser's own files and then downloaded, so that it is on the disk all the time. Null: the user has
 * changed their mind.
 */
export async function openSaveTarget(name: string): Promise<SaveTarget | null> {
  const { showSaveFilePicker } = window as SavePicker;
  if (showSaveFilePicker !== undefined) {
    try {
      const handle = await showSaveFilePicker.call(window, { suggestedName: name });
      return { writable: await handle.createWritable(), finish: () => Promise.resolve() };
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return null;
      // Refused, as in a frame or by a policy: a download needs no leave.
    }
  }
  return (await scratchTarget(name)) ?? memoryTarget(name);
}

/** Removes what earlier downloads have left; their files are on the user's disk by now. */
export async function removeScratch(): Promise<void> {
  try {
    await (await navigator.storage.getDirectory()).removeEntry(SCRATCH, { recursive: true });
  } catch {
    // There is nothing, or the browser keeps no files of ours.
  }
}

async function scratchTarget(name: string): Promise<SaveTarget | null> {
  try {
    await removeScratch();
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(SCRATCH, { create: true });
    const handle = await folder.getFileHandle(`${crypto.randomUUID()}.part`, { create: true });
    return {
      writable: await handle.createWritable(),
      finish: async () => download(await handle.getFile(), name),
    };
  } catch {
    return null;
  }
}

/** For browsers without files of their own. */
function memoryTarget(name: string): SaveTarget {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    writable: new WritableStream({
      write(part) {
        parts.push(part);
      },
    }),
    finish: () => {
      download(new Blob(parts), name);
      return Promise.resolve();
    },
  };
}

function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once it has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
