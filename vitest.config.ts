import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findChromium } from './scripts/chromium-setup.mjs';
import { chromiumFlags } from './test/support/chromium.ts';
import { tinyModelCommands } from './test/support/tinyModelCommands.ts';

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

// Where a test waits for something, a busy machine may take seconds.
const patient = { poll: { timeout: 10_000 } };

// Of the product's threads in Node, which the test runner's own loader does not reach.
const execArgv = ['--import', new URL('scripts/registerTypescript.mjs', import.meta.url).href];

// Suites without a browser run where there is none.
const chromium = findChromium();

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          environment: 'node',
          execArgv,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: patient,
        },
      },
      {
        server: { headers: isolation },
        // Found late, a dependency would reload the page in mid-test. ONNX Runtime starts its threads from
        // its own file and must stay where it is.
        optimizeDeps: {
          include: ['comlink', 'image-size', 'valibot', 'vitest-browser-lit'],
          // All that the page imports, found by looking through it.
          entries: ['src/app/main.ts', 'test/browser/**/*.test.ts'],
          exclude: ['onnxruntime-web'],
        },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: patient,
          // One GPU, two cores: files run one after the other.
          fileParallelism: false,
          browser: {
            enabled: true,
            commands: tinyModelCommands,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(chromium && { executablePath: chromium }), args: chromiumFlags },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          execArgv,
          testTimeout: 180_000,
          expect: patient,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'bench',
          include: ['test/bench/**/*.bench.ts'],
          environment: 'node',
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
