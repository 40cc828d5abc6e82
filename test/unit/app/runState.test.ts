import { expect, it } from 'vitest';
import { RunState } from '../../../src/app/state/runState.ts';
import type { RunPlan } from '../../../src/app/state/runState.ts';
import type { RunPhase } from '../../../src/prelabel/types.ts';
import { stage, until } from '../prelabel/stage.ts';

it('shows the numbers of a fast run now and then, and each phase at once', async () => {
  const { source, engine, store } = stage(300);
  const run = new RunState();
  const phases: (RunPhase | undefined)[] = [];
  run.subscribe(() => phases.push(run.progress?.phase));
  const plan = {
    source,
    engine,
    store,
    sink: null,
    retryFailed: false,
    previewFirst: null,
    choices: null,
  } satisfies Omit<RunPlan, 'settings'>;
  const results: string[] = [];
  // Without `choices` nothing is noted in the settings.
  await run.start(plan as unknown as RunPlan, ({ key }) => results.push(key));
  await until(() => !run.active);
  expect(results).toHaveLength(300);
  expect(run.progress).toMatchObject({ phase: 'done', done: 300 });
  expect([...new Set(phases)]).toEqual(['preparing', 'running', 'done']);
  expect(phases.length).toBeLessThan(60);
});
