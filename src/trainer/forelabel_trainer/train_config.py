"""From a training job and a base config to the config of one run.

The base may be any FCOS config of MMDetection or one of ours. It gives the model, the training
pipeline, the optimizer, the schedule and custom hooks; the job gives data, classes and length.
Values of a job stay values: the config is put together in memory, and no text is made of it that
anything would evaluate (`config_text` writes the copy that the export reads).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .detector_config import network_scale, plain, resize_step, test_pipeline
from .errors import TrainerError
from .fine_tuning import light_pipeline
from .input_scale import Scale, scaled_test_pipeline, scaled_transforms
from .job import CocoSource, TrainJob
from .train_schedule import optimizer, schedule

STALE = ('classes', 'train_pipeline', 'test_pipeline')
"""What configs keep at their top for their own use; the data sets of a run say it as it is now."""


@dataclass(frozen=True)
class RunPlan:
    """What is settled before a run besides what the job says."""

    iterations: int
    """Of one epoch."""
    batch: int
    """Images of one step, of all processes."""
    input_size: Scale
    amp: bool
    load_from: Path | None
    resume: bool
    device: str = 'cpu'
    distributed: bool = False


def run_config(job: TrainJob, base: Config, plan: RunPlan) -> Config:
    """The whole config. `base`: as loaded, its pretrained backbone cleared if it is not wanted."""
    kept = {key: value for key, value in base.to_dict().items() if key not in STALE}
    return Config({**kept, **overrides(job, base, plan)})


def overrides(job: TrainJob, base: Config, plan: RunPlan) -> dict[str, Any]:
    """The keys that differ from the base. Plain Python throughout."""
    scale = network_scale(base)
    model = plain(base.model)
    model['bbox_head']['num_classes'] = len(job.classes)
    model['data_preprocessor'] = scaled_transforms(model['data_preprocessor'], scale, plan.input_size)
    val = job.val or job.train
    test_dataset = _dataset(val, job.classes, scaled_test_pipeline(base, plan.input_size), test_mode=True)
    loader = {'batch_size': 1, 'num_workers': min(job.workers, 2), 'persistent_workers': False, 'drop_last': False}
    test_loader = {**loader, 'sampler': {'type': 'DefaultSampler', 'shuffle': False}, 'dataset': test_dataset}
    evaluator = {'type': 'CocoMetric', 'ann_file': val.annotations.as_posix(), 'metric': 'bbox', 'format_only': False}
    pipeline = train_pipeline(base)
    if job.augmentation == 'light':
        pipeline = light_pipeline(pipeline, plan.input_size, bool(resize_step(test_pipeline(base)).get('keep_ratio')))
    else:
        pipeline = scaled_transforms(pipeline, scale, plan.input_size)
    train_loader: dict[str, Any] = {
        **loader,
        'batch_size': job.batch_size,
        'num_workers': job.workers,
        'persistent_workers': job.workers > 0,
        'sampler': {'type': 'DefaultSampler', 'shuffle': True},
        'dataset': _dataset(job.train, job.classes, pipeline, test_mode=False),
    }
    batch_sampler = (base.get('train_dataloader') or {}).get('batch_sampler')
    if batch_sampler:
        train_loader['batch_sampler'] = plain(batch_sampler)
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
        'optim_wrapper': optimizer(job, base, plan.batch, plan.amp),
        'param_scheduler': schedule(base, job.epochs, plan.iterations),
        # The linear scaling is done already.
        'auto_scale_lr': {'enable': False, 'base_batch_size': plan.batch},
        'default_hooks': {
            'timer': {'type': 'IterTimerHook'},
            'logger': {'type': 'LoggerHook', 'interval': job.log_interval},
            'param_scheduler': {'type': 'ParamSchedulerHook'},
            # Ours, which survives being killed: run_checkpoints.py.
            'checkpoint': None,
            'sampler_seed': {'type': 'DistSamplerSeedHook'},
        },
        'custom_hooks': scaled_transforms(plain(base.get('custom_hooks') or []), scale, plan.input_size),
        'env_cfg': {
            'cudnn_benchmark': False,
            'mp_cfg': {'mp_start_method': 'fork' if sys.platform == 'linux' else 'spawn', 'opencv_num_threads': 0},
            'dist_cfg': {'backend': 'nccl' if plan.device == 'cuda' else 'gloo'},
        },
        'launcher': 'pytorch' if plan.distributed else 'none',
        'log_level': 'INFO',
        'randomness': {'seed': job.seed},
        'work_dir': job.work_dir.as_posix(),
        'load_from': plan.load_from.as_posix() if plan.load_from else None,
        'resume': plan.resume,
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
