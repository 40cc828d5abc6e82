"""`python -m forelabel_trainer.train JOB.json`: trains an FCOS with MMDetection.

The work folder then holds `config.py` (complete, for the export), `best_*.pth` (by AP on the
validation images), the last two `epoch_N.pth` (with everything that `resume` needs), `metrics.json`
and mmengine's own log.

Several processes: `python -m torch.distributed.run --nproc_per_node=N -m forelabel_trainer.train JOB.json`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .events import claim_stdout, emit, note, run_job

if __name__ == '__main__':
    # Before anything large is imported: MMDetection prints on stdout when a package it could use is absent.
    claim_stdout()

from . import mmcv_ops  # noqa: E402
from .errors import TrainerError  # noqa: E402
from .job import TrainJob, parse_train  # noqa: E402

# At the top, for processes that load images too: where they are spawned they import this module first.
mmcv_ops.install()

from mmdet.utils import register_all_modules  # noqa: E402
from mmengine.config import Config  # noqa: E402

from .dataset import DatasetSummary, check_dataset  # noqa: E402
from .detector_config import load_config, network_scale  # noqa: E402
from .device import use_device  # noqa: E402
from .input_scale import Scale, choose_scale  # noqa: E402
from .processes import SameBuffers, join_processes, leave_processes, process_count, wait_for_all  # noqa: E402
from .run_checkpoints import RunCheckpoints, find_result, own_checkpoints  # noqa: E402
from .small_data import say_what_is_small  # noqa: E402
from .starting_point import ADAPTED, StartingPoint, find_start  # noqa: E402
from .torchrun_failures import rank  # noqa: E402
from .train_config import RunPlan, run_config  # noqa: E402
from .train_events import TrainingEvents  # noqa: E402
from .train_failures import explain  # noqa: E402
from .training_runner import TrainingRunner  # noqa: E402


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
    say_what_is_small(data, val, job.batch_size * process_count())
    base_size, size = network_scale(base), choose_scale(base, job.input_size, data)
    join_processes(device)
    job.work_dir.mkdir(parents=True, exist_ok=True)
    start = find_start(job, base)
    if not start.resume and rank() == 0:
        _forget_earlier_run(job.work_dir)
    # The files of the first process are there, and the old ones gone.
    wait_for_all()
    plan = _plan(job, data, start, size, amp, device)
    config = run_config(job, base, plan)
    register_all_modules(init_default_scope=True)
    runner = TrainingRunner.from_cfg(config)
    events = TrainingEvents(job.log_interval, job.work_dir / 'metrics.json')
    runner.register_hook(SameBuffers())
    runner.register_hook(RunCheckpoints(job.work_dir, events))
    runner.register_hook(events)
    emit(
        'started',
        kind='train',
        name=job.name,
        device=device,
        amp=amp,
        processes=process_count(),
        classes=list(job.classes),
        head=None if start.head is None else {key: list(names) for key, names in vars(start.head).items()},
        inputSize=_size(size),
        baseInputSize=_size(base_size),
        epochs=job.epochs,
        iterations=job.epochs * plan.iterations,
        batchSize=job.batch_size,
        lr=config.optim_wrapper.optimizer.lr,
        parameters=sum(parameter.numel() for parameter in runner.model.parameters()),
        train=_summary(data),
        val=None if val is None else _summary(val),
        resumed=start.resume,
    )
    runner.train()
    if rank() == 0:
        (job.work_dir / ADAPTED).unlink(missing_ok=True)
        checkpoint, epoch, metrics = find_result(job.work_dir, job.epochs)
        emit(
            'finished',
            checkpoint=str(checkpoint),
            config=str(job.work_dir / 'config.py'),
            epoch=epoch,
            epochs=job.epochs,
            metrics=metrics,
            classes=list(job.classes),
            inputSize=_size(size),
            dataset=data.sha256,
        )
    leave_processes()


def _plan(job: TrainJob, data: DatasetSummary, start: StartingPoint, size: Scale, amp: bool, device: str) -> RunPlan:
    processes = process_count()
    # Each process gets as many images as the others; some twice, where they do not divide.
    iterations = -(-(-(-data.images // processes)) // job.batch_size)
    return RunPlan(
        iterations=iterations,
        batch=min(job.batch_size * processes, data.images),
        input_size=size,
        amp=amp,
        load_from=start.load_from,
        resume=start.resume,
        device=device,
        distributed=processes > 1,
    )


def _size(size: Scale) -> dict[str, int]:
    return {'width': size[0], 'height': size[1]}


def _summary(data: DatasetSummary) -> dict[str, Any]:
    return {'images': data.images, 'boxes': data.boxes, 'empty': data.empty, 'perClass': data.per_class}


def _forget_earlier_run(work_dir: Path) -> None:
    """An old best checkpoint must not pass for this run's."""
    for old in [*own_checkpoints(work_dir), work_dir / 'metrics.json']:
        old.unlink(missing_ok=True)


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.train JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: train(parse_train(Path(sys.argv[1]))))


if __name__ == '__main__':
    sys.exit(main())
