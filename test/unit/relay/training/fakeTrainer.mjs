// Stands for src/trainer: the same job files and events, in milliseconds and without MMDetection.
// What it does wrong is said by a file `fake.json` beside the folder of the jobs.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [name, jobFile] = process.argv.slice(2);
const module = name.replace('forelabel_trainer.', '');
const job = JSON.parse(readFileSync(jobFile, 'utf8'));
const step = dirname(jobFile);
const home = dirname(dirname(dirname(step)));
const faults = existsSync(join(home, 'fake.json'))
  ? JSON.parse(readFileSync(join(home, 'fake.json'), 'utf8'))
  : {};

const emit = (event, fields = {}) =>
  process.stdout.write(`${JSON.stringify({ event, time: new Date().toISOString(), ...fields })}\n`);
const fail = (code, message) => {
  emit('error', { code, message });
  process.exit(1);
};

process.on('SIGTERM', () => {
  if (faults.deaf) return;
  emit('cancelled', { message: 'The job was stopped before it was done.' });
  process.exit(143);
});
// Whoever started this step counts it here.
writeFileSync(join(home, 'starts.txt'), `${module} ${process.pid} resume=${job.resume ?? false}\n`, {
  flag: 'a',
});
process.stderr.write(`Fake trainer: ${module}, ${process.env.LABEL_STUDIO_API_KEY ?? 'no key'}\n`);

if (module === 'train') {
  mkdirSync(job.workDir, { recursive: true });
  const last = join(job.workDir, 'last_checkpoint');
  const begin =
    job.resume && existsSync(last) ? Number(/epoch_(\d+)/.exec(readFileSync(last, 'utf8'))[1]) : 0;
  emit('started', { kind: 'train', epochs: job.epochs });
  if (begin > 0) emit('note', { code: 'resumed', message: `The training goes on from epoch_${begin}.pth.` });
  if (job.data.val === undefined) emit('note', { code: 'no-validation', message: 'There are no images.' });
  if (faults.trainError) fail(...faults.trainError);
  if (faults.silent) process.exit(3);
  if (faults.workerKilled) {
    // What torchrun and its first process say when another process was killed.
    process.stderr.write(
      'Root Cause:\n  exitcode  : -9\n  traceback : Signal 9 (SIGKILL) received by PID 7\n====\n',
    );
    emit('cancelled', { message: 'The job was stopped before it was done.' });
    process.exit(1);
  }
  for (let epoch = begin + 1; epoch <= job.epochs; epoch++) {
    await sleep(faults.epochMs ?? 40);
    emit('progress', {
      epoch,
      epochs: job.epochs,
      iteration: epoch * 10,
      iterations: job.epochs * 10,
      loss: 1 / epoch,
      losses: { cls: 0.5 / epoch, bbox: 0.3 / epoch, centerness: null },
      lr: 0.01,
      etaSeconds: (job.epochs - epoch) * 0.04,
    });
    emit('evaluated', { epoch, metrics: { AP: epoch / 100, AP50: epoch / 50 } });
    writeFileSync(join(job.workDir, `epoch_${epoch}.pth`), `weights ${epoch}`);
    writeFileSync(last, join(job.workDir, `epoch_${epoch}.pth`));
  }
  writeFileSync(join(job.workDir, 'config.py'), 'model = {}\n');
  emit('finished', {
    checkpoint: readFileSync(last, 'utf8'),
    config: join(job.workDir, 'config.py'),
    epoch: job.epochs,
  });
}

if (module === 'evaluate') {
  for (let image = 1; image <= 4; image++) {
    await sleep(faults.imageMs ?? 5);
    emit('progress', { iteration: image, iterations: 4 });
  }
  const metrics = {
    AP: job.checkpoint.includes('epoch') ? 0.6 : 0.1,
    AP50: job.checkpoint.includes('epoch') ? 0.9 : 0.2,
  };
  emit('evaluated', { epoch: null, metrics });
  emit('finished', { metrics, images: 4 });
}

if (module === 'export') {
  await sleep(faults.exportMs ?? 5);
  const manifest = JSON.parse(readFileSync(join(home, 'models', 'base', 'model.json'), 'utf8'));
  // The same weights give the same bytes, as with PyTorch.
  const onnx = `onnx of ${job.name}: ${readFileSync(job.checkpoint, 'utf8')}`;
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  const temporary = join(dirname(job.outDir), '.model-temporary');
  mkdirSync(temporary, { recursive: true });
  writeFileSync(join(temporary, 'model.onnx'), onnx);
  writeFileSync(join(temporary, 'config.py'), 'model = {}\n');
  writeFileSync(join(temporary, 'checkpoint.pth'), 'weights');
  writeFileSync(
    join(temporary, 'model.json'),
    JSON.stringify({
      ...manifest,
      name: job.name,
      classes: job.classes,
      files: [{ precision: 'fp32', path: 'model.onnx', bytes: onnx.length, sha256 }],
      lineage: { ...job.lineage, config: 'config.py', checkpoint: 'checkpoint.pth' },
    }),
  );
  renameSync(temporary, job.outDir);
  emit('finished', { model: `${job.name}-${sha256.slice(0, 8)}`, dir: job.outDir });
}
