import { describe, expect, it } from 'vitest';
import { Tally } from '../../../src/prelabel/tally.ts';

function ticked(...times: number[]): Tally {
  const tally = new Tally();
  for (const time of times) tally.tick(time);
  return tally;
}

describe('the rate', () => {
  it('is unknown until two images are finished', () => {
    expect(ticked().rate).toBeNull();
    expect(ticked(5000).rate).toBeNull();
    expect(ticked(5000, 5500).rate).toBe(2);
  });

  it('forgets what lies more than ten seconds back', () => {
    // One image in four seconds, then four a second.
    const fast = Array.from({ length: 60 }, (_, index) => 12_000 + index * 250);
    expect(ticked(0, 4000, 8000, ...fast).rate).toBeCloseTo(4, 9);
  });

  it('is known on machines that need longer than that for one image', () => {
    expect(ticked(0, 20_000, 40_000).rate).toBeCloseTo(0.05, 9);
  });

  it('starts anew after a pause, and when the clock was set back', () => {
    const tally = ticked(0, 1000);
    tally.forgetPace();
    tally.tick(900_000);
    expect(tally.rate).toBeNull();
    tally.tick(100_000);
    expect(tally.rate).toBeNull();
  });

  it('gives the time left', () => {
    const tally = ticked(0, 500);
    tally.total = 10;
    tally.done = 2;
    tally.failed = 1;
    tally.skipped = 1;
    expect(tally.secondsLeft).toBe(3);
  });
});
