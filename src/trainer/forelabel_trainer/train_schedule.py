"""Optimizer and schedule of a base config, fitted to the batch and the length of a job."""

from __future__ import annotations

import copy
from typing import Any

from mmengine.config import Config

from .detector_config import plain
from .job import TrainJob

DEFAULT_OPTIMIZER = {
    'type': 'OptimWrapper',
    'optimizer': {'type': 'AdamW', 'lr': 1e-3, 'weight_decay': 0.05},
    'paramwise_cfg': {'norm_decay_mult': 0.0, 'bias_decay_mult': 0.0},
    'clip_grad': {'max_norm': 10},
}
"""For a base without `optim_wrapper`; the demo model was trained with it."""


def optimizer(job: TrainJob, base: Config, batch: int, amp: bool) -> dict[str, Any]:
    """The base's optimizer with the job's learning rate, or its own scaled to the batch (Goyal et al., 2017).

    Adam and its kin divide a step by the size of the gradients: a small batch asks for no smaller rate there. At
    half the rate a fine-tuned face model needed 1.6 times the steps to the same loss.
    """
    wrapper = plain(base.get('optim_wrapper')) or copy.deepcopy(DEFAULT_OPTIMIZER)
    if 'optimizer' not in wrapper:
        wrapper['optimizer'] = copy.deepcopy(DEFAULT_OPTIMIZER['optimizer'])
    wrapper['type'] = 'AmpOptimWrapper' if amp else 'OptimWrapper'
    if not amp:
        for key in ('loss_scale', 'dtype', 'use_fp64'):
            wrapper.pop(key, None)
    if job.learning_rate is not None:
        wrapper['optimizer']['lr'] = job.learning_rate
    else:
        usual = (base.get('auto_scale_lr') or {}).get('base_batch_size')
        if usual:
            factor = batch / usual
            wrapper['optimizer']['lr'] *= max(1.0, factor) if wrapper['optimizer']['type'].startswith('Adam') else factor
    return wrapper


SHORTEST_WARM_UP = 2
"""mmengine's LinearLR over one iteration never leaves its start: the whole run would creep."""


def schedule(base: Config, epochs: int, iterations: int) -> list[dict[str, Any]]:
    """The base's schedule, stretched or shrunk to `epochs`; a warm-up takes at most a tenth of the run."""
    usual = int((base.get('train_cfg') or {}).get('max_epochs') or 0)
    schedulers = plain(base.get('param_scheduler'))
    if not schedulers or not usual:
        warm_up = max(SHORTEST_WARM_UP, min(100, epochs * iterations // 10))
        return [
            {'type': 'LinearLR', 'start_factor': 0.01, 'by_epoch': False, 'begin': 0, 'end': warm_up},
            {'type': 'CosineAnnealingLR', 'eta_min': 1e-5, 'by_epoch': True, 'begin': 0, 'end': epochs, 'T_max': epochs, 'convert_to_iter_based': True},
        ]
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    fitted = []
    for scheduler in schedulers:
        if scheduler.get('by_epoch', True):
            for key in ('begin', 'end', 'T_max', 'step_size'):
                if isinstance(scheduler.get(key), int):
                    scheduler[key] = round(scheduler[key] * epochs / usual)
            if scheduler.get('T_max') == 0:
                scheduler['T_max'] = 1
            if 'milestones' in scheduler:
                scheduler['milestones'] = sorted({max(1, round(at * epochs / usual)) for at in scheduler['milestones']})
            if scheduler.get('end') is not None and scheduler['end'] <= scheduler.get('begin', 0):
                continue
        elif isinstance(scheduler.get('end'), int):
            scheduler['end'] = max(scheduler.get('begin', 0) + SHORTEST_WARM_UP, min(scheduler['end'], epochs * iterations // 10))
        fitted.append(scheduler)
    return fitted
