import { describe, expect, it } from 'vitest';
import { relayMayKnow } from '../../../src/panel/page/relayReach.ts';

describe('the relay’s login', () => {
  it.each([
    ['127.0.0.1', ['http://127.0.0.1:8080'], true],
    ['localhost', ['http://localhost:8080'], true],
    ['127.0.0.1', ['http://localhost:8080'], false],
    ['localhost', ['https://label.example.com'], false],
    ['[::1]', ['http://localhost:8080'], false],
    ['boxes.example.com', ['https://label.example.com'], true],
    ['localhost', ['null'], false],
    ['127.0.0.1', undefined, true],
  ])('of %s in %j', (own, around, comes) => {
    expect(relayMayKnow(own, around)).toBe(comes);
  });
});
