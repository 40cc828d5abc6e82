"""The hook that turns mmengine's training loop into events."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from .coco_figures import figures
from .errors import TrainerError
from .events import emit, stop_if_asked
from .torchrun_failures import rank

SMOOTHING = 0.9
"""Weight of the past in the time of an iteration."""


class TrainingEvents(Hook):
    """Emits `progress` and `evaluated`; keeps the metrics of each epoch in `metrics.json`, for a resumed run."""

    priority = 'VERY_LOW'

    def __init__(self, interval: int, metrics_file: Path) -> None:
        self._interval = interval
        self._file = metrics_file
        self._seconds: float | None = None
        self._validation_seconds = 0.0
        self._last = 0.0
        self._validation_began = 0.0
        self._losses: list[dict[str, float]] = []
        self.metrics: dict[int, dict[str, float]] = read_metrics(metrics_file)

    def before_train_epoch(self, runner: Any) -> None:
        self._last = time.perf_counter()

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        stop_if_asked()
        now = time.perf_counter()
        took, self._last = now - self._last, now
        self._seconds = took if self._seconds is None else SMOOTHING * self._seconds + (1 - SMOOTHING) * took
        losses = {key: float(value) for key, value in (outputs or {}).items() if 'loss' in key}
        if not all(math.isfinite(value) for value in losses.values()):
            raise TrainerError(
                'diverged', f'The loss is no longer a number in epoch {runner.epoch + 1}. Train with a lower learning rate (a tenth, say).'
            )
        self._losses.append(losses)
        per_epoch = len(runner.train_dataloader)
        if (batch_idx + 1) % self._interval != 0 and batch_idx + 1 != per_epoch:
            return
        mean = {key: sum(step.get(key, 0.0) for step in self._losses) / len(self._losses) for key in losses}
        self._losses = []
        done, total = runner.iter + 1, runner.max_iters
        emit(
            'progress',
            epoch=runner.epoch + 1,
            epochs=runner.max_epochs,
            iteration=done,
            iterations=total,
            loss=mean.pop('loss', None),
            losses={key.removeprefix('loss_'): value for key, value in mean.items()},
            lr=runner.optim_wrapper.get_lr()['lr'][0],
            secondsPerIteration=self._seconds,
            etaSeconds=(total - done) * self._seconds + self._validations_left(runner) * self._validation_seconds,
        )

    def _validations_left(self, runner: Any) -> int:
        if runner.val_loop is None:
            return 0
        return math.ceil((runner.max_epochs - runner.epoch) / runner.train_loop.val_interval)

    def before_val_epoch(self, runner: Any) -> None:
        self._validation_began = time.perf_counter()

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        self._validation_seconds = time.perf_counter() - self._validation_began
        found = figures(metrics)
        self.metrics[runner.epoch] = found
        if rank() == 0:
            part = self._file.with_suffix('.part')
            part.write_text(json.dumps(self.metrics), encoding='utf-8')
            os.replace(part, self._file)
        emit('evaluated', epoch=runner.epoch, metrics=found)


def read_metrics(path: Path) -> dict[int, dict[str, float]]:
    """Metrics by epoch from an earlier part of the run; empty where there is none."""
    try:
        return {int(epoch): metrics for epoch, metrics in json.loads(path.read_text(encoding='utf-8')).items()}
    except (OSError, ValueError, AttributeError):
        return {}
