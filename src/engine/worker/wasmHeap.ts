const memories: WeakRef<WebAssembly.Memory>[] = [];

/** From now on memories of WebAssembly are counted. ONNX Runtime makes its own, and shows it to nobody. */
export function watchWasmMemory(): void {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(Memory, [descriptor]: [WebAssembly.MemoryDescriptor]) {
      const memory = new Memory(descriptor);
      memories.push(new WeakRef(memory));
      return memory;
    },
  });
}

/** Bytes of all of them; they grow and never shrink. */
export function wasmHeapBytes(): number {
  return memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
}
