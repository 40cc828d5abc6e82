"""A trained detector, ready for `inference_detector`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from torch import nn

from .checkpoint import load_weights, read_checkpoint, stored_classes, weights_of
from .detector_config import clear_pretrained, config_classes, load_config, test_pipeline
from .errors import TrainerError


def open_detector(config_path: Path, checkpoint_path: Path, device: str) -> nn.Module:
    """What `init_detector` gives, without downloads, and with every weight accounted for."""
    config = load_config(config_path)
    checkpoint = read_checkpoint(checkpoint_path)
    clear_pretrained(config)
    register_all_modules(init_default_scope=True)
    detector: Any = MODELS.build(config.model)
    load_weights(detector, weights_of(checkpoint), checkpoint_path.name)
    classes = stored_classes(checkpoint) or config_classes(config)
    if classes is None:
        raise TrainerError('class-count', f'Neither {checkpoint_path.name} nor {config_path.name} names the classes.')
    detector.dataset_meta = {'classes': tuple(classes)}
    # inference_detector looks for its pipeline here.
    config.test_dataloader = {'dataset': {'pipeline': test_pipeline(config)}}
    detector.cfg = config
    return detector.to(device).eval()
