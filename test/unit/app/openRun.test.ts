import { expect, test } from 'vitest';
import { goesOnByItself } from '../../../src/app/state/openRun.ts';
import { allTasks } from '../../../src/app/state/runChoices.ts';

const now = 1_700_000_000_000;
const open = {
  choices: { post: true, tasks: allTasks, previewFirst: false, replaces: null },
  startedAt: now - 3_600_000,
  paused: false,
  wentOnAt: null,
};

test.each([
  ['was broken off', open, true],
  ['was paused by its user', { ...open, paused: true }, false],
  ['broke off a minute after a page had gone on with it', { ...open, wentOnAt: now - 60_000 }, false],
  ['broke off an hour after that', { ...open, wentOnAt: now - 3_600_000 }, true],
])('a run that %s', (_, run, goesOn) => {
  expect(goesOnByItself(run, now)).toBe(goesOn);
});
