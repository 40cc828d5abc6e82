// Runs the suites named (all of them without a name), installs what they need first, and ends with
// one line: 'N passed, N failed, N skipped'.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureChromium } from './chromium-setup.mjs';

const root = join(import.meta.dirname, '..');
const reports = mkdtempSync(join(tmpdir(), 'forelabel-test-'));

/**
 * @param {string[]} command
 * @param {{ quiet?: boolean, silent?: boolean }} [options] quiet: output is shown only when the command fails; silent: never
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(command, { quiet = false, silent = false } = {}) {
  return new Promise((resolve) => {
    const [program, ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: process.env.CI ?? 'true' },
    });
    let output = '';
    const take = (chunk) => {
      output += chunk;
      if (!quiet && !silent) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: 127, output: `${output}\n${error.message}` }));
    child.on('close', (code) => {
      if (quiet && code !== 0) process.stdout.write(output);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** @param {string} project a project of vitest.config.ts */
async function vitest(project) {
  const report = join(reports, `${project}.json`);
  const { code } = await run([
    'npx',
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    // A file that does not even load has no failed test of its own.
    const brokenFiles = testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    const failed = numFailedTests + brokenFiles;
    return {
      passed: numPassedTests,
      failed: failed || (code === 0 ? 0 : 1),
      skipped: numPendingTests + numTodoTests,
      failures: testResults.flatMap(failuresOf),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: no report`] };
  }
}

/**
 * @param {{ name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }} file
 *   of vitest's report
 * @returns {string[]} a paragraph for each test that failed, or for the file when it did not load
 */
function failuresOf(file) {
  const name = relative(root, file.name);
  if (file.status === 'failed' && file.assertionResults.length === 0)
    return [`${name}\n${beginning(file.message)}`];
  return file.assertionResults
    .filter(({ status }) => status === 'failed')
    .map(
      ({ fullName, failureMessages }) => `${name} > ${fullName}\n${beginning(failureMessages.join('\n'))}`,
    );
}

/** Enough of a message to know what happened; the whole stands where the suite printed it. */
const beginning = (message) =>
  message
    .split('\n')
    .slice(0, 8)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');

/** Static checks: each command is one check. */
async function check() {
  const count = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const script of ['check:types', 'check:lint', 'check:format', 'check:layers', 'check:unused']) {
    const { code, output } = await run(['npm', 'run', '--silent', script], { quiet: true });
    process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${script}\n`);
    count[code === 0 ? 'passed' : 'failed'] += 1;
    if (code !== 0) count.failures.push(`${script}\n${beginning(output.trim())}`);
  }
  return count;
}

async function trainer() {
  // Shown at its end: it runs beside other suites.
  const { code, output } = await run(['node', 'scripts/test-trainer.mjs'], { silent: true });
  const line = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/u.exec(output.trimEnd());
  if (!line) return { passed: 0, failed: 1, skipped: 0, output, failures: [`trainer\n${beginning(output)}`] };
  const failed = Number(line[2]) || (code === 0 ? 0 : 1);
  // pytest's own lines 'FAILED file::test - message'
  const failures = output.split('\n').filter((text) => /^(?:FAILED|ERROR) /u.test(text));
  return { passed: Number(line[1]), failed, skipped: Number(line[3] ?? 0), output, failures };
}

const build = () => run(['npm', 'run', '--silent', 'build'], { quiet: true });

const suites = {
  check: { needs: [], run: check },
  unit: { needs: [], run: () => vitest('unit') },
  browser: { needs: ['chromium'], run: () => vitest('browser') },
  trainer: { needs: ['trainer'], run: trainer },
  e2e: { needs: ['chromium', 'label-studio', 'trainer', 'build'], run: () => vitest('e2e') },
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in suites));
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown suite ${unknown.join(', ')}. There are: ${Object.keys(suites).join(', ')}.\n`,
  );
  process.exit(2);
}
const wanted = Object.entries(suites).filter(([name]) => named.length === 0 || named.includes(name));
const needs = new Set(wanted.flatMap(([, suite]) => suite.needs));

if (needs.has('chromium')) process.env.CHROMIUM_PATH = ensureChromium();
// The two Python environments take minutes on a new machine; the suites before them need the wait no more than we do.
const environments = {
  'label-studio': needs.has('label-studio')
    ? run(['node', 'scripts/label-studio-setup.mjs'], { quiet: true })
    : null,
  trainer: needs.has('trainer') ? run(['node', 'scripts/trainer-setup.mjs'], { quiet: true }) : null,
};

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} said again at the end, where a log of thousands of lines is read first */
const failures = [];

/** Prepares what the suite needs, runs it, and adds it to the total. */
async function runSuite(name, suite) {
  const started = Date.now();
  process.stdout.write(`\n=== ${name}\n`);
  for (const need of suite.needs) {
    const result = need === 'build' ? await build() : await environments[need];
    if (result && result.code !== 0) {
      process.stdout.write(`FAIL preparing ${need}\n`);
      total.failed += 1;
      failures.push(`${name}: preparing ${need}\n${beginning(result.output.trim())}`);
    }
  }
  const { passed, failed, skipped, output = '', failures: its } = await suite.run();
  failures.push(...its);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  process.stdout.write(
    `${output}=== ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${((Date.now() - started) / 1000).toFixed(0)} s\n`,
  );
}

// The trainer's suite is mostly one process after another that imports MMDetection: it runs beside the others, and is
// through before the end-to-end tests, which train themselves.
const trainerSuite = wanted.some(([name]) => name === 'trainer') ? runSuite('trainer', suites.trainer) : null;
for (const [name, suite] of wanted) {
  if (name === 'trainer') continue;
  if (name === 'e2e') await trainerSuite;
  await runSuite(name, suite);
}
await trainerSuite;
rmSync(reports, { recursive: true, force: true });
if (failures.length > 0) process.stdout.write(`\nWhat failed:\n\n${failures.join('\n\n')}\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
