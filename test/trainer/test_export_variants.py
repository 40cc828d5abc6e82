"""Every FCOS config that MMDetection ships and ONNX can hold: thin versions of them, exported and compared with PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mmdet
import numpy as np
import onnxruntime
import pytest
import torch
from forelabel_trainer.detector import open_detector
from forelabel_trainer.detector_config import clear_pretrained
from forelabel_trainer.export import export
from forelabel_trainer.golden import golden_input
from forelabel_trainer.graph_check import TOLERANCE
from forelabel_trainer.job import ExportJob, Lineage
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config

SHIPPED = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'fcos'

BGR = {'channelOrder': 'bgr', 'mean': [102.9801, 115.9465, 122.7717], 'std': [1.0, 1.0, 1.0]}
BGR_NORM = {**BGR, 'mean': [103.53, 116.28, 123.675]}
RGB = {'channelOrder': 'rgb', 'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375]}

VARIANTS = [
    ('fcos_r50-caffe_fpn_gn-head_1x_coco.py', 1, BGR, 0.5),
    ('fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py', 3, BGR_NORM, 0.6),
    ('fcos_r101-caffe_fpn_gn-head-1x_coco.py', 80, BGR, 0.5),
    ('fcos_x101-64x4d_fpn_gn-head_ms-640-800-2x_coco.py', 3, RGB, 0.5),
    ('fcos_r18_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py', 80, RGB, 0.6),
    ('fcos_r50_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py', 1, RGB, 0.6),
]
"""Config, classes, and what the manifest must say of input and NMS."""


def thin(config: Config, classes: int) -> Config:
    """A tenth of the channels; what tells the configs apart stays, their depth too."""
    model = config.model
    clear_pretrained(config)
    model.backbone.base_channels = 8
    if model.backbone.type == 'ResNeXt':
        model.backbone.update(groups=2, base_width=4)
    wide = 1 if model.backbone.depth < 50 else 4
    model.neck.update(in_channels=[8 * wide, 16 * wide, 32 * wide, 64 * wide], out_channels=64)
    model.bbox_head.update(in_channels=64, feat_channels=64, stacked_convs=2, num_classes=classes)
    return config


def save(folder: Path, config: Config, names: tuple[str, ...] | None) -> tuple[Path, Path]:
    """A config and a checkpoint of random weights, whose boxes differ from place to place."""
    register_all_modules(init_default_scope=True)
    torch.manual_seed(1)
    detector: Any = MODELS.build(Config({'model': config.to_dict()['model']}).model)
    for name, weight in detector.named_parameters():
        if name.startswith('bbox_head') and weight.ndim == 4:
            torch.nn.init.normal_(weight, std=0.05)
    config.dump(folder / 'fcos.py')
    meta = {} if names is None else {'dataset_meta': {'classes': names}}
    torch.save({'meta': meta, 'state_dict': detector.state_dict()}, folder / 'epoch_12.pth')
    return folder / 'fcos.py', folder / 'epoch_12.pth'


def numbered(count: int) -> tuple[str, ...]:
    return tuple(f'class {number}' for number in range(count))


def exported(folder: Path, config: Path, checkpoint: Path, classes: tuple[str, ...] | None = None) -> tuple[dict[str, Any], Path]:
    out = export(ExportJob('variant', config, checkpoint, classes, folder / 'models' / 'variant', 'fp32', Lineage()))
    return json.loads((out / 'model.json').read_text(encoding='utf-8')), out


@pytest.mark.parametrize(('name', 'count', 'image', 'iou'), VARIANTS, ids=[f'{name[5:].split("_coco")[0]}-{count}' for name, count, *_ in VARIANTS])
def test_a_shipped_config(tmp_path: Path, name: str, count: int, image: dict[str, Any], iou: float) -> None:
    config, checkpoint = save(tmp_path, thin(Config.fromfile(SHIPPED / name), count), numbered(count))
    manifest, out = exported(tmp_path, config, checkpoint)
    assert manifest['classes'] == list(numbered(count))
    resize = {'rule': 'keep-ratio', 'width': 1333, 'height': 800}
    assert manifest['input'] == {'tensor': 'image', **image, 'resize': resize, 'padDivisor': 32}
    assert manifest['postprocess'] == {
        'scoreThreshold': 0.05,
        'nmsPre': 1000,
        'nms': {'type': 'nms', 'iouThreshold': iou, 'classAgnostic': False},
        'maxPerImage': 100,
        'minBoxSize': 0.0,
        'scoreRule': 'cls*centerness',
    }
    # Sizes that the export has not looked at, the tensors by the names that the manifest gives them.
    detector: Any = open_detector(config, checkpoint, 'cpu')
    session = onnxruntime.InferenceSession(str(out / 'model.onnx'), providers=['CPUExecutionProvider'])
    for height, width in ((32, 32), (160, 96), (224, 320)):
        pixels = golden_input(width, height)
        with torch.no_grad():
            heads = detector.bbox_head(detector.extract_feat(torch.from_numpy(pixels)))
        for kind, tensors in zip(('cls', 'bbox', 'centerness'), heads, strict=True):
            for level, expected in zip(manifest['outputs']['levels'], tensors, strict=True):
                assert expected.shape[2:] == (-(-height // level['stride']), -(-width // level['stride']))
                (got,) = session.run([level[kind]], {'image': pixels})
                unit = level['stride'] if kind == 'bbox' else 1
                np.testing.assert_allclose(got, expected.numpy(), rtol=TOLERANCE, atol=TOLERANCE * unit, err_msg=level[kind])
                assert kind != 'bbox' or float(got.max()) > float(got.min()), 'weights that say nothing'
    # What a training starts from: the written config and checkpoint are the same detector.
    again: Any = open_detector(out / 'config.py', out / 'checkpoint.pth', 'cpu')
    assert all(torch.equal(weight, again.state_dict()[key]) for key, weight in detector.state_dict().items())


def with_prefix(node: Any) -> Any:
    """Types as 'mmdet.FCOS', which MMDetection's registry takes as well."""
    if isinstance(node, dict):
        return {key: f'mmdet.{value}' if key == 'type' else with_prefix(value) for key, value in node.items()}
    return [with_prefix(item) for item in node] if isinstance(node, (list, tuple)) else node


def test_types_with_the_prefix_of_the_registry(tmp_path: Path) -> None:
    config, checkpoint = save(tmp_path, thin(Config.fromfile(SHIPPED / VARIANTS[1][0]), 3), numbered(3))
    plain, _ = exported(tmp_path / 'plain', config, checkpoint)
    whole = Config.fromfile(config)
    pipeline = with_prefix(whole.test_dataloader.dataset.pipeline)
    prefixed = {'model': with_prefix(whole.model.to_dict()), 'test_dataloader': {'dataset': {'pipeline': pipeline}}}
    Config(prefixed).dump(tmp_path / 'prefixed.py')
    manifest, out = exported(tmp_path / 'prefixed', tmp_path / 'prefixed.py', checkpoint)
    assert manifest['files'] == plain['files']
    assert (manifest['input'], manifest['postprocess']) == (plain['input'], plain['postprocess'])
    open_detector(out / 'config.py', out / 'checkpoint.pth', 'cpu')


MODULE = """
from mmengine.config import read_base

with read_base():
    from .fcos import *

from mmcv.ops import nms
from mmcv.transforms import LoadImageFromFile
from mmdet.datasets.transforms import PackDetInputs, Resize
from mmdet.models import FCOS, FPN, DetDataPreprocessor, FCOSHead, FocalLoss, ResNet
from mmengine.model import PretrainedInit
from torch.nn import BatchNorm2d, GroupNorm

model.update(
    dict(
        type=FCOS,
        data_preprocessor=dict(type=DetDataPreprocessor),
        backbone=dict(
            type=ResNet, norm_cfg=dict(type=BatchNorm2d), init_cfg=dict(type=PretrainedInit, checkpoint='http://weights.invalid/resnet50.pth')
        ),
        neck=dict(type=FPN),
        bbox_head=dict(type=FCOSHead, norm_cfg=dict(type=GroupNorm, num_groups=32), loss_cls=dict(type=FocalLoss)),
        test_cfg=dict(nms=dict(type=nms)),
    )
)
test_dataloader.dataset.pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=Resize, scale=(1333, 800), keep_ratio=True),
    dict(type=PackDetInputs),
]
"""


@pytest.mark.parametrize('dumped', [False, True], ids=['as written', 'as MMEngine writes it again'])
def test_a_config_that_is_a_python_module(tmp_path: Path, dumped: bool) -> None:
    """Its types are classes, and its base is imported. Beside a training such a config has paths of classes."""
    config, checkpoint = save(tmp_path, thin(Config.fromfile(SHIPPED / VARIANTS[1][0]), 3), numbered(3))
    plain, _ = exported(tmp_path / 'plain', config, checkpoint)
    module = tmp_path / 'module.py'
    module.write_text(MODULE, encoding='utf-8')
    if dumped:
        Config.fromfile(module).dump(module)
        assert "'mmdet.models.FCOS'" in module.read_text(encoding='utf-8')
    manifest, out = exported(tmp_path / 'module', module, checkpoint)
    assert manifest['files'] == plain['files']
    assert (manifest['input'], manifest['postprocess']) == (plain['input'], plain['postprocess'])
    open_detector(out / 'config.py', out / 'checkpoint.pth', 'cpu')
