import { VitePWA } from 'vite-plugin-pwa';
import { build, defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { version } from './package.json' with { type: 'json' };

/** The page is cross-origin isolated so that wasm may use threads; the relay sends the same two headers. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The app as an installed one, and what its service worker keeps: docs/decisions/0015-offline.md. */
const pwa = VitePWA({
  strategies: 'injectManifest',
  srcDir: 'src/serviceWorker',
  filename: 'sw.ts',
  // Registered by src/app/state/installation.ts, which asks before it changes to a new version.
  injectRegister: false,
  registerType: 'prompt',
  // The glob below names them already.
  includeManifestIcons: false,
  manifest: {
    id: '/',
    name: 'Forelabel',
    short_name: 'Forelabel',
    description: 'Pre-labels images in the browser, next to Label Studio',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    theme_color: '#4f46c8',
    background_color: '#ffffff',
    categories: ['productivity', 'utilities'],
    icons: [
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
      { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
      { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  },
  injectManifest: {
    // wasm is only named here: the service worker keeps it when it is used.
    globPatterns: ['index.html', 'assets/*', 'samples/*', '*.{svg,png}'],
    globIgnores: ['assets/{engine,panel,bridge}-*.js'],
    maximumFileSizeToCacheInBytes: 100_000_000,
    manifestTransforms: [
      (entries) => ({
        // A kept answer keeps its headers, which come with the relay: another version fetches them again.
        manifest: entries.map((entry) =>
          entry.revision === null ? entry : { ...entry, revision: `${entry.revision}-${version}` },
        ),
        warnings: [],
      }),
    ],
  },
});

/** `bridge.js`: one classic script that any page may load, so no module with chunks of its own. */
function bridge(): Plugin {
  let outDir = '';
  return {
    name: 'forelabel-bridge',
    apply: 'build',
    configResolved(config) {
      ({ outDir } = config.build);
    },
    async closeBundle() {
      const entry = 'src/panel/bridge/main.ts';
      const lib = { entry, formats: ['iife' as const], name: 'forelabelBridge', fileName: () => 'bridge.js' };
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        build: { outDir, lib, emptyOutDir: false, target: 'es2023' },
      });
    },
  };
}

export default defineConfig({
  plugins: [pwa, bridge()],
  build: {
    outDir: 'dist/app',
    target: 'es2023',
    emptyOutDir: true,
    chunkSizeWarningLimit: 1000,
    // panel.html: what Label Studio's page frames. engine.html: what the command line opens without a window to run the same engine.
    rolldownOptions: { input: ['index.html', 'engine.html', 'panel.html'] },
  },
  worker: { format: 'es' },
  // ONNX Runtime starts its threads from its own file; bundled for development, it would not find itself.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers: isolation },
  preview: { headers: isolation },
});
