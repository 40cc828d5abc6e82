"""The classes of a model to be exported: their names, and that there are as many as the head has."""

from __future__ import annotations

from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from torch import Tensor

from .checkpoint import stored_classes
from .class_head import BIAS
from .detector_config import class_count, config_classes
from .errors import TrainerError
from .events import note


def class_names(config: Config, checkpoint: dict[str, Any], weights: dict[str, Tensor], given: tuple[str, ...] | None) -> tuple[str, ...]:
    """The given names, else the checkpoint's, else the config's, else those of its kind of data set (COCO, VOC).

    Throws `TrainerError` 'class-count' where names, config and checkpoint do not agree on how many there are.
    """
    stored = stored_classes(checkpoint)
    count = class_count(config)
    _check_rows(weights, count, stored)
    names, source = _find(config, stored, given)
    if names is None or (source == 'data set' and len(names) != count):
        raise TrainerError(
            'class-count', f'Neither the checkpoint nor the config names the {count} classes. Give them in label order: "classes" of the job, --classes a,b,c.'
        )
    if len(names) != count:
        raise TrainerError(
            'class-count', f'The config has num_classes={count}, but {len(names)} class names were found ({_listed(names)}), in the {source}. Make the two agree.'
        )
    if len(set(names)) != count:
        twice = next(name for name in names if names.count(name) > 1)
        raise TrainerError('class-count', f'The {source} names the class "{twice}" twice. Give names that differ: "classes" of the job, --classes a,b,c.')
    if given and stored and stored != given:
        note('class-order', f'The checkpoint was trained with the classes {_listed(stored)}; the job says {_listed(given)}.')
    return names


def _find(config: Config, stored: tuple[str, ...] | None, given: tuple[str, ...] | None) -> tuple[tuple[str, ...] | None, str]:
    known = ((given, 'job'), (stored, 'checkpoint'), (config_classes(config), 'config'), (_usual_classes(config), 'data set'))
    return next(((names, source) for names, source in known if names), (None, ''))


def _check_rows(weights: dict[str, Tensor], count: int, stored: tuple[str, ...] | None) -> None:
    rows = weights[BIAS].numel() if BIAS in weights else count
    if rows == count:
        return
    named = '' if stored is None or len(stored) != rows else f' ({_listed(stored)})'
    raise TrainerError(
        'class-count',
        f'The checkpoint has {rows} classes{named} in bbox_head.conv_cls, the config says num_classes={count}. '
        f'Set num_classes={rows} in its bbox_head, or take the config that the model was trained with.',
    )


def _usual_classes(config: Config) -> tuple[str, ...] | None:
    """What MMDetection itself takes where a config names none: CocoDataset's 80, VOCDataset's 20."""
    for key in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        kind = ((config.get(key) or {}).get('dataset') or {}).get('type')
        found = DATASETS.get(kind) if isinstance(kind, str) else None
        names = (getattr(found, 'METAINFO', None) or {}).get('classes')
        if names:
            return tuple(names)
    return None


def _listed(names: tuple[str, ...]) -> str:
    return ', '.join(names) if len(names) <= 6 else f'{", ".join(names[:5])} and {len(names) - 5} more'
