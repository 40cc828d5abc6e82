import { expect, it } from 'vitest';
import { isEmulated } from '../../bench/engines/pages.ts';

it.each([
  { name: 'nvidia hopper', isFallbackAdapter: false, emulated: false },
  // Some name only the maker: then the browser's own word counts.
  { name: 'google', isFallbackAdapter: true, emulated: true },
  { name: 'google swiftshader', isFallbackAdapter: false, emulated: true },
  { name: 'mesa llvmpipe (LLVM 15.0.6)', isFallbackAdapter: false, emulated: true },
])('$name is emulated: $emulated', ({ emulated, ...adapter }) => {
  expect(isEmulated(adapter)).toBe(emulated);
});
