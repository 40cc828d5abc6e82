import { defineConfig } from 'vite';

/** The page is cross-origin isolated so that wasm may use threads; the relay sends the same two headers. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  build: {
    outDir: 'dist/app',
    target: 'es2023',
    emptyOutDir: true,
    chunkSizeWarningLimit: 1000,
    // engine.html: what the command line opens without a window to run the same engine.
    rolldownOptions: { input: ['index.html', 'engine.html'] },
  },
  worker: { format: 'es' },
  // ONNX Runtime starts its threads from its own file; bundled for development, it would not find itself.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers: isolation },
  preview: { headers: isolation },
});
