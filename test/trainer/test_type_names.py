"""One name of a type, however a config writes it."""

from __future__ import annotations

from pathlib import Path

import mmdet.models  # noqa: F401  (registers what is looked up by the class of another package)
import pytest
from forelabel_trainer.detector_config import read_config
from forelabel_trainer.type_names import type_name


@pytest.mark.parametrize(
    ('written', 'name'),
    [
        ('FCOS', 'FCOS'),
        ('mmdet.FCOS', 'FCOS'),
        ('mmdet.models.detectors.fcos.FCOS', 'FCOS'),
        ('mmdet.models.FCOS', 'FCOS'),
        ('mmcv.transforms.LoadImageFromFile', 'LoadImageFromFile'),
        # Registered by other names than their own.
        ('mmengine.model.PretrainedInit', 'Pretrained'),
        ('torch.nn.BatchNorm2d', 'BN'),
        ('torch.optim.adamw.AdamW', 'AdamW'),
        # In no registry, or not there without a compiled mmcv.
        ('mmcv.ops.nms', 'nms'),
        ('mmcv.ops.nms.nms', 'nms'),
        ('mmcv.ops.deform_conv.DeformConv2dPack', 'DeformConv2dPack'),
        # Nobody's but theirs.
        ('torch.nn.Conv9d', 'torch.nn.Conv9d'),
        ('mmpretrain.ConvNeXt', 'mmpretrain.ConvNeXt'),
        ('detectors.fcos.FCOS', 'detectors.fcos.FCOS'),
    ],
)
def test_a_type_has_one_name(written: str, name: str) -> None:
    assert type_name(written) == name


def test_types_anywhere_in_a_config(tmp_path: Path) -> None:
    path = tmp_path / 'config.py'
    path.write_text("model = dict(type='mmdet.FCOS', heads=[(dict(type='mmdet.FCOSHead'),)])\nkind = 'mmdet.FCOS'\n", encoding='utf-8')
    config = read_config(path)
    assert config.to_dict() == {'model': {'type': 'FCOS', 'heads': [({'type': 'FCOSHead'},)]}, 'kind': 'mmdet.FCOS'}
    assert config.filename == str(path)
