import { ok, type Probe } from '../../relay/doctor/check.ts';

/** The command line's own browser; whoever opens the app brings theirs. */
export const chromiumProbe: Probe = {
  id: 'chromium',
  title: 'Chromium',
  run: async () => {
    // Playwright takes its time to load.
    const { findChromium } = await import('../chromium.ts');
    try {
      return ok(findChromium());
    } catch {
      return ok('none: --engine wasm and webgpu of the command line need one');
    }
  },
};
