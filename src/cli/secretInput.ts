import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './errors.ts';

/** A secret from stdin: piped, or typed without being shown. Never an argument, which others could see. */
export async function readSecret(name: string, stdin: NodeJS.ReadStream = process.stdin): Promise<string> {
  const secret = stdin.isTTY ? await typed(name, stdin) : await piped(stdin);
  if (secret === '')
    throw new UsageError(
      `No ${name} came in.`,
      `Paste it, or pipe it in: ... | forelabel config set ${name} -`,
    );
  return secret;
}

async function piped(stdin: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin) text += String(chunk);
  return text.trim();
}

async function typed(name: string, input: NodeJS.ReadStream): Promise<string> {
  process.stderr.write(`${name} (is not shown): `);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: silence, terminal: true });
  try {
    return (await reader.question('')).trim();
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
