"""`python -m forelabel_trainer.train JOB.json`: trains an FCOS with MMDetection.

The work folder then holds `config.py` (complete, for the export), `best_*.pth` (by AP on the
validation images), `epoch_N.pth` (the last, with everything that `resume` needs), `metrics.json`
and mmengine's own log.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from . import mmcv_ops
from .errors import TrainerError
from .events import claim_stdout, emit, note, run_job
from .job import TrainJob, parse_train

if __name__ == '__main__':
    # Before MMDetection is imported: it prints on stdout when a package it could use is absent.
    claim_stdout()

# At the top, for processes that load images too: where they are spawned they import this module first.
mmcv_ops.install()

from mmdet.utils import register_all_modules  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.runner import Runner, find_latest_checkpoint  # noqa: E402

from .checkpoint import read_checkpoint, weights_of  # noqa: E402
from .dataset import check_dataset  # noqa: E402
from .detector_config import class_count, clear_pretrained, load_config  # noqa: E402
from .device import use_device  # noqa: E402
from .train_config import write_config  # noqa: E402
from .train_events import TrainingEvents  # noqa: E402
from .train_failures import explain  # noqa: E402


def train(job: TrainJob) -> None:
    """Runs the whole training; emits `started`, `progress`, `evaluated`, `finished`."""
    try:
        _train(job)
    except TrainerError:
        raise
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        raise known from error


def _train(job: TrainJob) -> None:
    device = use_device(job.device, job.threads)
    base = load_config(job.config)
    data = check_dataset(job.train, job.classes, 'training')
    if data.boxes == 0:
        raise TrainerError('no-boxes', f'None of the {data.images} training images has a box of the classes {", ".join(job.classes)}. Annotate some first.')
    val = check_dataset(job.val, job.classes, 'validation') if job.val else None
    amp = job.amp and device == 'cuda'
    if job.amp and not amp:
        note('amp-off', 'Mixed precision (amp) needs a CUDA GPU; this run uses single precision.')
    if val is None:
        note('no-validation', 'There are no validation images: the last checkpoint counts, and nobody knows how good it is.')
    job.work_dir.mkdir(parents=True, exist_ok=True)
    load_from, resume = _starting_point(job, base)
    iterations = -(-data.images // job.batch_size)
    config = Config.fromfile(str(write_config(job, base, iterations, amp, load_from, resume)))
    register_all_modules(init_default_scope=True)
    metrics_file = job.work_dir / 'metrics.json'
    if not resume:
        _forget_earlier_run(job.work_dir)
    hook = TrainingEvents(job.log_interval, metrics_file)
    runner = Runner.from_cfg(config)
    runner.register_hook(hook, priority='VERY_LOW')
    emit(
        'started',
        kind='train',
        name=job.name,
        device=device,
        amp=amp,
        classes=list(job.classes),
        epochs=job.epochs,
        iterations=job.epochs * iterations,
        batchSize=job.batch_size,
        lr=config.optim_wrapper.optimizer.lr,
        parameters=sum(parameter.numel() for parameter in runner.model.parameters()),
        train={'images': data.images, 'boxes': data.boxes, 'empty': data.empty, 'perClass': data.per_class},
        val=None if val is None else {'images': val.images, 'boxes': val.boxes, 'empty': val.empty, 'perClass': val.per_class},
        resumed=resume,
    )
    runner.train()
    checkpoint, epoch = find_result(job.work_dir, job.epochs)
    emit(
        'finished',
        checkpoint=str(checkpoint),
        config=str(job.work_dir / 'config.py'),
        epoch=epoch,
        epochs=job.epochs,
        metrics=hook.metrics.get(epoch, {}),
        classes=list(job.classes),
        dataset=data.sha256,
    )


def _starting_point(job: TrainJob, base: Config) -> tuple[Path | None, bool]:
    """Checkpoint to load and whether to resume; clears or announces pretrained backbones, which download."""
    latest = find_latest_checkpoint(str(job.work_dir)) if job.resume and job.work_dir.is_dir() else None
    if job.resume and latest is None:
        note('resume-nothing', 'There is no checkpoint to resume from yet; the training starts from the beginning.')
    if latest is not None and Path(latest).is_file():
        clear_pretrained(base)
        note('resumed', f'The training goes on from {Path(latest).name}.')
        return Path(latest), True
    if job.checkpoint is None:
        backbone = [node for node in _pretrained(base) if node]
        if backbone:
            note('pretrained-download', f'No checkpoint was given: the backbone starts from {", ".join(backbone)}, which may be downloaded.')
        return None, False
    if job.checkpoint in _own_checkpoints(job.work_dir):
        raise TrainerError('work-dir-used', f'{job.checkpoint} lies in the work folder, which a new run empties. Give the run another folder, or "resume".')
    removed = clear_pretrained(base)
    if removed:
        note('pretrained-cleared', f'{job.checkpoint.name} replaces the pretrained backbone ({", ".join(removed)}); nothing is downloaded.')
    _check_fit(job, base)
    return job.checkpoint, False


def _pretrained(base: Config) -> list[str]:
    return clear_pretrained(Config({'model': base.model.to_dict()}))


def _check_fit(job: TrainJob, base: Config) -> None:
    """A checkpoint with other classes is welcome, one of another network is not."""
    from mmdet.registry import MODELS

    assert job.checkpoint is not None
    checkpoint = read_checkpoint(job.checkpoint)
    weights = weights_of(checkpoint)
    register_all_modules(init_default_scope=True)
    trained_count = class_count(base)
    base.model.bbox_head.num_classes = len(job.classes)
    expected: dict[str, Any] = MODELS.build(base.model).state_dict()
    base.model.bbox_head.num_classes = trained_count
    fresh = [key for key, tensor in expected.items() if key not in weights or weights[key].shape != tensor.shape]
    if len(fresh) > len(expected) / 2:
        raise TrainerError(
            'checkpoint-mismatch',
            f'{job.checkpoint.name} does not fit {job.config.name}: {len(fresh)} of {len(expected)} weights are missing or of another shape. '
            'Take the config that it was trained with.',
        )
    if fresh:
        note('weights-fresh', f'{len(fresh)} of {len(expected)} weights start anew, because the checkpoint has none that fit: {", ".join(fresh[:4])}.')
    stored = ((checkpoint.get('meta') or {}).get('dataset_meta') or {}).get('classes')
    if stored and tuple(stored) != job.classes and len(stored) == len(job.classes):
        note('classes-renamed', f'The checkpoint knows the classes {", ".join(stored)}; they become {", ".join(job.classes)}, in this order.')


def _forget_earlier_run(work_dir: Path) -> None:
    """An old best checkpoint must not pass for this run's."""
    for old in [*_own_checkpoints(work_dir), work_dir / 'last_checkpoint', work_dir / 'metrics.json']:
        old.unlink(missing_ok=True)


def _own_checkpoints(work_dir: Path) -> list[Path]:
    return [*work_dir.glob('best_*.pth'), *work_dir.glob('epoch_*.pth')]


def find_result(work_dir: Path, epochs: int) -> tuple[Path, int]:
    """The checkpoint that counts, the best or else the last, and its epoch."""
    best = sorted(work_dir.glob('best_*_epoch_*.pth'), key=os.path.getmtime)
    if best:
        return best[-1], int(best[-1].stem.rsplit('_', 1)[1])
    last = work_dir / f'epoch_{epochs}.pth'
    if not last.is_file():
        raise TrainerError('no-checkpoint', f'The training ended without a checkpoint in {work_dir}.')
    return last, epochs


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.train JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: train(parse_train(Path(sys.argv[1]))))


if __name__ == '__main__':
    sys.exit(main())
