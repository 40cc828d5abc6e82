import { expect, it } from 'vitest';
import { closeAll } from '../../bench/engines/contender.ts';

it('closes all, the last first, also after one that cannot be closed, and says why', async () => {
  const closed: string[] = [];
  const opened = ['relay', 'browser', 'page'].map((name) => ({
    close: () => {
      closed.push(name);
      return name === 'browser' ? Promise.reject(new Error('It hangs.')) : Promise.resolve();
    },
  }));
  await expect(closeAll(opened)).rejects.toThrow(/It hangs\./u);
  expect(closed).toEqual(['page', 'browser', 'relay']);
});
