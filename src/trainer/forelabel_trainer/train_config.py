"""From a training job and a base config to a small config of its own.

The base may be any FCOS config of MMDetection or one of ours. It gives the model, the training
pipeline, the optimizer, the schedule and custom hooks; the job gives data, classes and length.
"""

from __future__ import annotations

import copy
import pprint
import sys
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .detector_config import set_num_classes, test_pipeline
from .errors import TrainerError
from .job import CocoSource, TrainJob

BEST = 'coco/bbox_mAP'

DEFAULT_OPTIMIZER = {
    'type': 'OptimWrapper',
    'optimizer': {'type': 'AdamW', 'lr': 1e-3, 'weight_decay': 0.05},
    'paramwise_cfg': {'norm_decay_mult': 0.0, 'bias_decay_mult': 0.0},
    'clip_grad': {'max_norm': 10},
}
"""For a base without `optim_wrapper`; the demo model was trained with it."""


def write_config(job: TrainJob, base: Config, iterations: int, amp: bool, load_from: Path | None, resume: bool) -> Path:
    """Writes `<work_dir>/generated/config.py`, which names the base and says only what differs.

    :param base: the loaded base, its pretrained backbone cleared if it is not wanted.
    :param iterations: of one epoch.
    """
    lines = [
        '# Written by Forelabel for one training run; see job.json of the run.',
        f'_base_ = {job.config.as_posix()!r}',
    ]
    for key, value in overrides(job, base, iterations, amp, load_from, resume).items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            # mmengine would merge the two; a whole replacement has to say so.
            value = {'_delete_': True, **value}
        lines.append(f'{key} = {pprint.pformat(value, width=110, sort_dicts=False)}')
    path = job.work_dir / 'generated' / 'config.py'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return path


def overrides(
    job: TrainJob, base: Config, iterations: int, amp: bool, load_from: Path | None, resume: bool
) -> dict[str, Any]:
    """The keys that differ from the base. Plain Python throughout."""
    model = plain(base.model)
    set_num_classes(base, len(job.classes))
    model['bbox_head']['num_classes'] = len(job.classes)
    val = job.val or job.train
    test_dataset = _dataset(val, job.classes, [plain(step) for step in test_pipeline(base)], test_mode=True)
    loader = {'batch_size': 1, 'num_workers': min(job.workers, 2), 'persistent_workers': False, 'drop_last': False}
    test_loader = {**loader, 'sampler': {'type': 'DefaultSampler', 'shuffle': False}, 'dataset': test_dataset}
    evaluator = {'type': 'CocoMetric', 'ann_file': val.annotations.as_posix(), 'metric': 'bbox', 'format_only': False}
    train_loader: dict[str, Any] = {
        **loader,
        'batch_size': job.batch_size,
        'num_workers': job.workers,
        'persistent_workers': job.workers > 0,
        'sampler': {'type': 'DefaultSampler', 'shuffle': True},
        'dataset': _dataset(job.train, job.classes, train_pipeline(base), test_mode=False),
    }
    batch_sampler = (base.get('train_dataloader') or {}).get('batch_sampler')
    if batch_sampler:
        train_loader['batch_sampler'] = plain(batch_sampler)
    checkpoint: dict[str, Any] = {'type': 'CheckpointHook', 'interval': 1, 'max_keep_ckpts': 1, 'save_last': True}
    if job.val:
        checkpoint |= {'save_best': BEST, 'rule': 'greater'}
    return {
        'default_scope': 'mmdet',
        'model': model,
        'train_dataloader': train_loader,
        'val_dataloader': test_loader if job.val else None,
        'test_dataloader': test_loader,
        'val_evaluator': evaluator if job.val else None,
        'test_evaluator': evaluator,
        'train_cfg': {'type': 'EpochBasedTrainLoop', 'max_epochs': job.epochs, 'val_interval': job.val_interval},
        'val_cfg': {'type': 'ValLoop'} if job.val else None,
        'test_cfg': {'type': 'TestLoop'},
        'optim_wrapper': optimizer(job, base, amp),
        'param_scheduler': schedule(base, job.epochs, iterations),
        # The linear scaling is done already.
        'auto_scale_lr': {'enable': False, 'base_batch_size': job.batch_size},
        'default_hooks': {
            
            'timer': {'type': 'IterTimerHook'},
            'logger': {'type': 'LoggerHook', 'interval': job.log_interval},
            'param_scheduler': {'type': 'ParamSchedulerHook'},
            'checkpoint': checkpoint,
            'sampler_seed': {'type': 'DistSamplerSeedHook'},
        },
        'env_cfg': {
            
            'cudnn_benchmark': False,
            'mp_cfg': {'mp_start_method': 'fork' if sys.platform == 'linux' else 'spawn', 'opencv_num_threads': 0},
            'dist_cfg': {'backend': 'nccl'},
        },
        'log_level': 'INFO',
        'randomness': {'seed': job.seed},
        'work_dir': job.work_dir.as_posix(),
        'load_from': load_from.as_posix() if load_from else None,
        'resume': resume,
    }


def _dataset(source: CocoSource, classes: tuple[str, ...], pipeline: list[Any], *, test_mode: bool) -> dict[str, Any]:
    dataset: dict[str, Any] = {
        'type': 'CocoDataset',
        'ann_file': source.annotations.as_posix(),
        'data_prefix': {'img': f'{source.images.as_posix()}/'},
        'metainfo': {'classes': classes},
        'pipeline': pipeline,
        'test_mode': test_mode,
    }
    if not test_mode:
        # The default drops images without boxes, which a person has looked at and found empty, and small ones.
        dataset['filter_cfg'] = {'filter_empty_gt': False}
    return dataset


def train_pipeline(base: Config) -> list[Any]:
    """The base's own training pipeline, wherever it keeps it."""
    dataset = (base.get('train_dataloader') or {}).get('dataset') or {}
    while dataset:
        if dataset.get('type') == 'MultiImageMixDataset':
            raise TrainerError(
                'config-unsupported', 'The config mixes images with MultiImageMixDataset. Use CachedMosaic or CachedMixUp in the pipeline instead.'
            )
        if dataset.get('pipeline'):
            return [plain(step) for step in dataset['pipeline']]
        # RepeatDataset and its like: the job says how many epochs there are.
        dataset = dataset.get('dataset') or (dataset.get('datasets') or [{}])[0]
    if base.get('train_pipeline'):
        return [plain(step) for step in base.train_pipeline]
    raise TrainerError('config-unsupported', 'The config has no training pipeline: it needs "train_pipeline" or a "train_dataloader".')


def optimizer(job: TrainJob, base: Config, amp: bool) -> dict[str, Any]:
    """The base's optimizer with the job's learning rate, or its own scaled to the batch (Goyal et al., 2017)."""
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
            wrapper['optimizer']['lr'] *= job.batch_size / usual
    return wrapper


def schedule(base: Config, epochs: int, iterations: int) -> list[dict[str, Any]]:
    """The base's schedule, stretched or shrunk to `epochs`; a warm-up takes at most a tenth of the run."""
    usual = int((base.get('train_cfg') or {}).get('max_epochs') or 0)
    schedulers = plain(base.get('param_scheduler'))
    if not schedulers or not usual:
        warm_up = max(1, min(100, epochs * iterations // 10))
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
            scheduler['end'] = max(scheduler.get('begin', 0) + 1, min(scheduler['end'], epochs * iterations // 10))
        fitted.append(scheduler)
    return fitted


def plain(value: Any) -> Any:
    """mmengine's dictionaries as Python's, copied."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if not hasattr(value, '_fields') else value
    return value
