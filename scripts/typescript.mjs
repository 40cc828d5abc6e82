// Lets the scripts import the product's TypeScript as it is, before anything is built (Node 20 cannot by itself):
//
//   register('./typescript.mjs', import.meta.url);
//   const { trainerPython } = await import('../src/relay/trainerEnvironment/trainerPython.ts');
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** A hook of `module.register`: takes the types out of .ts files and leaves the rest to Node. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, inlineSourceMap: true },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}
