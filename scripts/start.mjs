// npm start: builds what is missing or out of date, then starts the relay with the arguments given.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stampFile = join(root, 'dist', 'build-stamp');
const main = join(root, 'dist', 'node', 'cli', 'main.js');
const results = [join(root, 'dist', 'app', 'index.html'), join(root, 'dist', 'app', 'engine.html'), main];

/** What a build is made of. Python and tests are no part of it. */
const sources = readdirSync(root)
  .filter((name) => /^(?:.*\.html|package(?:-lock)?\.json|vite\.config\.ts|tsconfig.*\.json)$/u.test(name))
  .concat('src', 'public')
  .map((name) => join(root, name));

/** Names, sizes and times of all sources: differs when one is changed, added or removed. */
function stampOf(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return;
    if (!stats.isDirectory()) hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`);
    else {
      for (const name of readdirSync(path).sort()) {
        if (name !== 'trainer' && name !== '__pycache__') visit(join(path, name));
      }
    }
  };
  paths.forEach(visit);
  return hash.digest('hex');
}

function build(stamp) {
  process.stdout.write('Building Forelabel ...\n');
  // npm by its script where npm started us: on Windows `npm` itself is no program that can be spawned.
  const npm = process.env.npm_execpath;
  const [program, ...args] = npm ? [process.execPath, npm] : ['npm'];
  const result = spawnSync(program, [...args, 'run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
    process.stderr.write('The build failed. Run "npm ci" and try again.\n');
    process.exit(1);
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, stamp);
}

const stamp = stampOf(sources);
const built = results.every((path) => existsSync(path));
if (!built || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) build(stamp);

// In this process: one program to stop, one exit code.
process.argv = [process.execPath, main, 'serve', ...process.argv.slice(2)];
await import(main);
