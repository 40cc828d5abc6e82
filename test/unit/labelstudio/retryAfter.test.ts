import { expect, test } from 'vitest';
import { retryAfter } from '../../../src/labelstudio/answer.ts';

const now = Date.parse('2026-11-22T20:00:00Z');

test.each([
  ['', '', null],
  ['7', '', 7000],
  ['0', '', 0],
  ['Sun, 22 Nov 2026 20:00:30 GMT', '', 30_000],
  // In the past: at once.
  ['Sun, 22 Nov 2026 19:00:00 GMT', '', 0],
  ['soon', '', null],
  // An hour is as good as never, and no answer of a server ends a run.
  ['86400', '', 900_000],
  // What Django REST framework says, where a page is not shown the header.
  ['', '{"detail":"Request was throttled. Expected available in 12 seconds."}', 12_000],
  ['', '{"detail":"Request was throttled. Expected available in 1 second."}', 1000],
  ['3', '{"detail":"Request was throttled. Expected available in 12 seconds."}', 3000],
])('%j and %j mean %j ms', (header, body, expected) => {
  const headers = new Headers(header === '' ? {} : { 'retry-after': header });
  expect(retryAfter(headers, body, now)).toBe(expected);
});
