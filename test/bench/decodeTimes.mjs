// One line of JSON: what `measureDecode` says, in a process of its own. (A test runner changes the code that it loads, and
// makes it slower.)
//
//   node test/bench/decodeTimes.mjs PAIRS_ABOVE_THE_THRESHOLD
import { register } from 'node:module';

register('../../scripts/typescript.mjs', import.meta.url);
const { measureDecode } = await import('./decodeTimes.ts');
process.stdout.write(`${JSON.stringify(measureDecode(Number(process.argv[2])))}\n`);
