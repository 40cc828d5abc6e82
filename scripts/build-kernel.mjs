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

export async function compileKernel() {
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
  return bytes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const bytes = await compileKernel();
  const base64 = Buffer.from(bytes).toString('base64');
  const lines = base64.match(/.{1,100}/gu).join('\n');
  await writeFile(
    path.join(root, target),
    `/** ${source}, compiled by scripts/build-kernel.mjs: WebAssembly in base64, ${bytes.length} bytes. */\n` +
      `export const RESIZE_KERNEL = \`\n${lines}\`;\n`,
  );
}
