import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runExporter } from '../../../src/cli/exportProcess.ts';
import { StatusLine } from '../../../src/cli/statusLine.ts';

/** The exporter's side is a script that says what it would say: the trainer's own suite runs the real one. */
describe.skipIf(process.platform === 'win32')('runExporter', () => {
  let folder = '';
  let shown = '';
  const line = new StatusLine({ write: (text: string) => void (shown += text) });

  beforeEach(async () => {
    shown = '';
    folder = await mkdtemp(join(tmpdir(), 'forelabel-export-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(script: string, signal = new AbortController().signal) {
    const python = join(folder, 'python');
    await writeFile(python, `#!/bin/sh\n${script}\n`);
    await chmod(python, 0o755);
    return runExporter({ python, jobFile: 'job.json', line, signal });
  }

  it('returns the finished model, and says notes on the way', async () => {
    const found = await run(`
      echo '{"event":"note","code":"config-converted","message":"It was rewritten."}'
      echo 'a library prints'
      echo '{"event":"checked","worst":2e-6,"tolerance":5e-4}'
      echo "{\\"event\\":\\"finished\\",\\"model\\":\\"m-1\\",\\"dir\\":\\"$2 $3\\",\\"bytes\\":1200000}"`);
    expect(found).toMatchObject({ model: 'm-1', dir: 'forelabel_trainer.export job.json' });
    expect(shown).toContain('It was rewritten.');
    expect(shown).toContain('within 2.0e-6');
    expect(shown).not.toContain('library');
  });

  it("throws the exporter's own words", async () => {
    const work = run(`echo '{"event":"error","code":"dcn","message":"No DCN. Train without."}'; exit 1`);
    await expect(work).rejects.toMatchObject({ code: 'dcn', message: 'No DCN. Train without.' });
  });

  it.each([
    [`echo '{"event":"error","code":"internal","message":"KeyError: 1"}'; exit 1`, /KeyError: 1/u],
    ['exit 137', /exit code 137, perhaps for want of memory/u],
    [`echo '{"event":"finished"}'`, /exit code 0/u],
  ])('shows what was printed when it died of something unforeseen: %s', async (script, message) => {
    const work = run(`echo 'Traceback of it' >&2; ${script}`);
    await expect(work).rejects.toThrow(message);
    expect(shown).toContain('Traceback of it');
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const work = run(`exec sleep 60`, stop.signal);
    setTimeout(() => stop.abort(), 200);
    await expect(work).rejects.toThrow(/abort/iu);
  });
});
