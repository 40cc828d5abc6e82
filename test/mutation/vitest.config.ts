import { defineConfig } from 'vitest/config';

/** The tests that judge mutants: in Node alone, and quick, for they run hundreds of times. */
export default defineConfig({
  test: {
    include: [
      'test/unit/detector/**/*.test.ts',
      'test/unit/engine/onnx/*.test.ts',
      'test/unit/labelstudio/regions.test.ts',
      'test/unit/labelstudio/mapping.test.ts',
    ],
    setupFiles: ['test/mutation/sameNumbers.ts'],
    environment: 'node',
    testTimeout: 20_000,
  },
});
