/** The text of src/detector/resizeKernelBytes.ts, from the kernel's source. */
export function kernelModule(): Promise<string>;
