// The trainer's suite: pytest in the trainer's environment, on the real MMDetection.
//
//   node scripts/test-trainer.mjs [pytest arguments]
//
// The last line is 'N passed, N failed[, N skipped]'.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainerPython } from './trainer-setup.mjs';

const root = join(import.meta.dirname, '..');

/**
 * @param {string} python
 * @param {string[]} args
 * @returns {Promise<number>} exit code
 */
function pytest(python, args) {
  return new Promise((resolve) => {
    const env = {
      // Threads that wait for work in a loop would take the cores of whatever runs beside it.
      OMP_WAIT_POLICY: 'PASSIVE',
      ...process.env,
      PYTHONPATH: join(root, 'src', 'trainer'),
      FORELABEL_NODE: process.execPath,
    };
    const child = spawn(python, ['-m', 'pytest', ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** @param {string} file JUnit XML by pytest */
function countOf(file) {
  const suite = /<testsuite [^>]*>/u.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`, 'u').exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}

const folder = mkdtempSync(join(tmpdir(), 'forelabel-trainer-'));
let count = { passed: 0, failed: 1, skipped: 0 };
let code = 1;
try {
  const python = await trainerPython();
  const report = join(folder, 'report.xml');
  const args = [
    'test/trainer',
    '-q',
    '-rfEs',
    '--disable-warnings',
    '-p',
    'no:cacheprovider',
    `--junitxml=${report}`,
  ];
  code = await pytest(python, [...args, ...process.argv.slice(2)]);
  count = countOf(report);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
rmSync(folder, { recursive: true, force: true });
const failed = count.failed || (code === 0 ? 0 : 1);
process.stdout.write(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
