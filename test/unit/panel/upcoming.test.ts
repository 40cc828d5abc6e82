import { describe, expect, it } from 'vitest';
import { wayOf } from '../../../src/panel/bridge/upcoming.ts';

describe('the way through a project', () => {
  it.each([
    ['?tab=3&task=7', { tab: 3, stream: false }],
    ['?task=7', { tab: null, stream: false }],
    ['?tab=3&labeling=1', { tab: 3, stream: true }],
    ['?tab=x', { tab: null, stream: false }],
    ['', { tab: null, stream: false }],
  ])('is read from %s', (search, way) => {
    expect(wayOf(2, search)).toEqual({ project: 2, ...way });
  });
});
