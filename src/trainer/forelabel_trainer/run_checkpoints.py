"""The checkpoints of a run: which are kept, which one it goes on from, which one counts.

`epoch_N.pth` has everything that a resumed run needs; the last two are kept, so that one may turn out
damaged. `best_*_epoch_N.pth` has the weights of the best epoch and its metrics. All are written under
another name and renamed (`training_runner`), and nothing is deleted before its successor is there: a
run can be killed at any moment.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from .checkpoint import read_checkpoint
from .coco_figures import figures
from .errors import TrainerError
from .events import note
from .train_events import TrainingEvents
from .torchrun_failures import rank
from .training_runner import PART

KEPT = 2
"""Checkpoints to resume from."""

BEST = 'best_coco_bbox_mAP_epoch_{}.pth'

LAST = 'last_checkpoint'
"""Names the newest, for those who look whether there is anything to resume."""

NEEDED = ('meta', 'state_dict', 'optimizer', 'message_hub')
"""Keys of a checkpoint that can be resumed from."""


class RunCheckpoints(Hook):
    """Writes them. Its place is before `TrainingEvents`: what has been told must be on the disk."""

    priority = 'VERY_LOW'

    def __init__(self, work_dir: Path, events: TrainingEvents) -> None:
        self._folder = work_dir
        self._events = events
        self._best = -1.0

    def before_train(self, runner: Any) -> None:
        """Makes up for a validation in which the run was killed."""
        self._best = _score(best_checkpoint(self._folder))
        loop = runner.train_loop
        due = runner.epoch > 0 and (runner.epoch % loop.val_interval == 0 or runner.epoch >= runner.max_epochs)
        if due and runner.val_loop is not None and runner.epoch not in self._events.metrics:
            runner.val_loop.run()

    def after_train_epoch(self, runner: Any) -> None:
        epoch = runner.epoch + 1
        runner.save_checkpoint(str(self._folder), f'epoch_{epoch}.pth', meta={'epoch': epoch, 'iter': runner.iter})
        if is_main_process():
            _write_whole(self._folder / LAST, f'epoch_{epoch}.pth')
            for old in _numbered(self._folder, 'epoch_*.pth')[KEPT:]:
                old.unlink(missing_ok=True)

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        found = figures(metrics)
        # Equally good, and perhaps found nothing at all so far: the longer trained one.
        if found['AP'] < self._best:
            return
        self._best = found['AP']
        name = BEST.format(runner.epoch)
        meta = {'epoch': runner.epoch, 'iter': runner.iter, 'metrics': found}
        runner.save_checkpoint(str(self._folder), name, meta=meta, save_optimizer=False, save_param_scheduler=False)
        if is_main_process():
            for old in self._folder.glob(BEST.format('*')):
                if old.name != name:
                    old.unlink()


def own_checkpoints(work_dir: Path) -> list[Path]:
    """All of a run's, unfinished ones and the name of the newest included."""
    return [path for pattern in (LAST, f'*.pth{PART}', 'best_*.pth', 'epoch_*.pth') for path in work_dir.glob(pattern)]


def find_resumable(work_dir: Path) -> Path | None:
    """The newest checkpoint that can be read whole; damaged ones are said, and replaced as the run gets there again."""
    if rank() == 0:
        for part in work_dir.glob(f'*.pth{PART}'):
            part.unlink(missing_ok=True)
    for path in _numbered(work_dir, 'epoch_*.pth'):
        try:
            checkpoint = read_checkpoint(path)
            if all(key in checkpoint for key in NEEDED):
                return path
        except TrainerError:
            pass
        note('checkpoint-damaged', f'{path.name} cannot be read whole; the training goes on from the one before it.')
    return None


def best_checkpoint(work_dir: Path) -> dict[str, Any] | None:
    """`{path, epoch, metrics}` of the best epoch so far; None when there is none that can be read."""
    found = []
    for path in _numbered(work_dir, BEST.format('*')):
        try:
            meta = read_checkpoint(path)['meta']
            found.append({'path': path, 'epoch': int(meta['epoch']), 'metrics': dict(meta['metrics'])})
        except (TrainerError, KeyError):
            note('checkpoint-damaged', f'{path.name} cannot be read whole and does not count.')
    # Two where the run was killed before the old one was deleted.
    return max(found, key=lambda best: (_score(best), best['epoch']), default=None)


def find_result(work_dir: Path, epochs: int) -> tuple[Path, int, dict[str, float]]:
    """The checkpoint that counts, the best or else the last, its epoch and its metrics."""
    best = best_checkpoint(work_dir)
    if best is not None:
        return best['path'], best['epoch'], best['metrics']
    last = work_dir / f'epoch_{epochs}.pth'
    if not last.is_file():
        raise TrainerError('no-checkpoint', f'The training ended without a checkpoint in {work_dir}. Look at its log, and start it again.')
    return last, epochs, {}


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f'{path.name}.part')
    part.write_text(text, encoding='utf-8')
    os.replace(part, path)


def _score(best: dict[str, Any] | None) -> float:
    return -1.0 if best is None else float(best['metrics'].get('AP', -1.0))


def _numbered(work_dir: Path, pattern: str) -> list[Path]:
    """By the epoch in the name, newest first."""
    found = [(int(match.group(1)), path) for path in work_dir.glob(pattern) if (match := re.search(r'epoch_(\d+)\.pth$', path.name))]
    return [path for _, path in sorted(found, reverse=True)]
