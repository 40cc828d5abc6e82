/**
 * Compiles the SIMD kernel of the resize and writes it as a TypeScript module: node scripts/build-kernel.mjs
 * The result is kept in the repository; run it again when src/detector/kernel changes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = path.resolve(import.meta.dirname, '..');
const source = 'src/detector/kernel/resize.ts';
const target = 'src/detector/resizeKernelBytes.ts';

/** The module's text; also what the test compares the one in the repository with. */
export async function kernelModule() {
  let bytes;
  const messages = asc.createMemoryStream();
  const flags = ['--runtime', 'stub', '--enable', 'simd', '--use', 'abort=', '-Ospeed', '--converge'];
  const { error } = await asc.main([source, '--baseDir', root, '--outFile', 'kernel.wasm', ...flags], {
    stderr: messages,
    readFile: (name, folder) => readFile(path.join(folder, name), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) bytes = contents;
    },
  });
  if (error || !bytes)
    throw new Error(`${source} does not compile.\n${messages.toString()}`, { cause: error });
  const pieces = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,100}/gu);
  return [
    `/** ${source}, compiled by scripts/build-kernel.mjs: WebAssembly in base64, ${bytes.length} bytes. */`,
    `export const RESIZE_KERNEL = \`\n${pieces.join('\n')}\`;\n`,
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(path.join(root, target), await kernelModule());
}
