import { RESIZE_KERNEL } from './resizeKernelBytes.ts';

/** The compiled `kernel/resize.ts` and its memory. Addresses are in bytes; see there what lies at them. */
export interface Kernel {
  readonly horizontal: (row: number, channels: number, columns: number, width: number, strip: number) => void;
  readonly vertical: (
    upper: number,
    lower: number,
    upperWeight: number,
    lowerWeight: number,
    width: number,
    normalise: number,
    out: number,
  ) => void;
  /** The memory, of at least that many bytes. Whatever had been made of it before may be detached afterwards. */
  readonly reserve: (bytes: number) => ArrayBuffer;
}

interface Memory {
  readonly buffer: ArrayBuffer;
  readonly grow: (pages: number) => number;
}

/** What the browser, its workers and Node all have, and TypeScript only knows with the types of one of them. */
interface Platform {
  readonly atob: (base64: string) => string;
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: object };
  };
}

const PAGE = 65_536;

/** A new instance with a memory of its own. Compiled on the spot: it is a kilobyte. */
export function openKernel(): Kernel {
  const { atob, WebAssembly } = globalThis as unknown as Platform;
  const bytes = Uint8Array.from(atob(RESIZE_KERNEL), (byte) => byte.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { horizontal, vertical, memory } = exports as Omit<Kernel, 'reserve'> & { readonly memory: Memory };
  return {
    horizontal,
    vertical,
    reserve: (size) => {
      const missing = size - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      return memory.buffer;
    },
  };
}
