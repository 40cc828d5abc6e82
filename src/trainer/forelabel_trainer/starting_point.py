"""Where the weights of a run come from: its own last checkpoint, a base model, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config
from torch import Tensor

from .checkpoint import read_checkpoint, stored_classes, weights_of, write_checkpoint
from .class_head import BIAS, WEIGHT, HeadChange, adapt_class_layer, describe
from .detector_config import class_count, clear_pretrained, config_classes
from .errors import TrainerError
from .events import note
from .job import TrainJob
from .run_checkpoints import find_resumable, own_checkpoints
from .torchrun_failures import rank

ADAPTED = Path('generated') / 'base.pth'
"""Of the work folder: the base's weights with the job's classes."""


@dataclass(frozen=True)
class StartingPoint:
    """What a run loads first."""

    load_from: Path | None
    resume: bool
    head: HeadChange | None = None
    """Where the classes differ from the base model's."""


def find_start(job: TrainJob, base: Config) -> StartingPoint:
    """Chooses and prepares the weights. Clears or announces pretrained backbones of `base`, which download."""
    if job.resume:
        latest = find_resumable(job.work_dir)
        if latest is not None:
            _check_same_run(job, latest)
            clear_pretrained(base)
            note('resumed', f'The training goes on from {latest.name}.')
            return StartingPoint(latest, True)
        note('resume-nothing', 'There is no checkpoint to resume from yet; the training starts from the beginning.')
    if job.checkpoint is None:
        backbone = clear_pretrained(Config({'model': base.model.to_dict()}))
        if backbone:
            note('pretrained-download', f'No checkpoint was given: the backbone starts from {", ".join(backbone)}, which may be downloaded.')
        return StartingPoint(None, False)
    if job.checkpoint in own_checkpoints(job.work_dir):
        raise TrainerError('work-dir-used', f'{job.checkpoint} lies in the work folder, which a new run empties. Give the run another folder, or "resume".')
    removed = clear_pretrained(base)
    if removed:
        note('pretrained-cleared', f'{job.checkpoint.name} replaces the pretrained backbone ({", ".join(removed)}); nothing is downloaded.')
    return _from_base_model(job, base, job.checkpoint)


def _check_same_run(job: TrainJob, latest: Path) -> None:
    stored = stored_classes(read_checkpoint(latest))
    if stored is not None and stored != job.classes:
        raise TrainerError(
            'resume-mismatch',
            f'{latest} was trained with the classes {", ".join(stored)}, the job says {", ".join(job.classes)}. Start a new training in another folder.',
        )


def _from_base_model(job: TrainJob, base: Config, path: Path) -> StartingPoint:
    checkpoint = read_checkpoint(path)
    weights = weights_of(checkpoint)
    rows = weights[BIAS].numel() if BIAS in weights and WEIGHT in weights else 0
    stored = stored_classes(checkpoint) or config_classes(base) or ()
    if len(stored) != rows:
        # Nobody knows which row is which class, unless there are as many as the job has.
        stored = job.classes if rows == len(job.classes) else ()
    head = None
    if rows and stored != job.classes:
        weights, head = adapt_class_layer(weights, stored, job.classes, job.seed)
        note('classes-changed', describe(head))
    _check_fit(job, base, weights)
    if head is None:
        return StartingPoint(path, False)
    adapted = job.work_dir / ADAPTED
    if rank() == 0:
        adapted.parent.mkdir(parents=True, exist_ok=True)
        write_checkpoint(adapted, weights, job.classes, halve=False)
    return StartingPoint(adapted, False, head)


def _check_fit(job: TrainJob, base: Config, weights: dict[str, Tensor]) -> None:
    """A checkpoint with other classes is welcome, one of another network is not."""
    assert job.checkpoint is not None
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
