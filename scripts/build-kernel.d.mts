/** The WebAssembly that the source of the resize's kernel, src/detector/kernel, compiles to. */
export function compileKernel(): Promise<Uint8Array>;
