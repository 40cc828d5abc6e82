"""Configs and checkpoints of MMDetection 2.x (and names of before): the same detector comes out as from 3.x, and it is said so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from forelabel_trainer.checkpoint import stored_classes, weights_of
from forelabel_trainer.detector_config import input_spec, load_config, postprocess_spec
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.export_limits import check_exportable
from forelabel_trainer.mmdet2_config import from_mmdet2, is_mmdet2
from forelabel_trainer.train_config import train_pipeline
from mmengine.config import Config
from test_export_variants import SHIPPED, exported, save, thin

NORM = {'mean': [103.53, 116.28, 123.675], 'std': [1.0, 1.0, 1.0], 'to_rgb': False}
TEST: list[dict[str, Any]] = [
    {'type': 'Resize', 'keep_ratio': True},
    {'type': 'RandomFlip'},
    {'type': 'Normalize', **NORM},
    {'type': 'Pad', 'size_divisor': 32},
    {'type': 'ImageToTensor', 'keys': ['img']},
    {'type': 'Collect', 'keys': ['img']},
]


def old_model() -> dict[str, Any]:
    """As 2.x had it: the extra levels' place is said by two switches, and no weights are initialised here."""
    model = thin(Config.fromfile(SHIPPED / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'), 2).to_dict()['model']
    del model['data_preprocessor'], model['test_cfg']
    model['pretrained'] = 'open-mmlab://detectron2/resnet50_caffe'
    model['neck'] |= {'add_extra_convs': True, 'extra_convs_on_inputs': False}
    return model


def old_config(transforms: list[dict[str, Any]] | None = None, **changes: Any) -> Config:
    aug = {'type': 'MultiScaleFlipAug', 'img_scale': (1333, 800), 'flip': False, 'transforms': TEST if transforms is None else transforms}
    pipeline = [{'type': 'LoadImageFromFile'}, {**aug, **changes}]
    return Config({
        'model': old_model(),
        'train_cfg': {'assigner': {'type': 'MaxIoUAssigner', 'pos_iou_thr': 0.5}, 'pos_weight': -1},
        'test_cfg': {'nms_pre': 900, 'min_bbox_size': 0, 'score_thr': 0.04, 'nms': {'type': 'nms', 'iou_thr': 0.45}, 'max_per_img': 50},
        'dataset_type': 'CocoDataset',
        'data': {'samples_per_gpu': 4, 'test': {'type': 'CocoDataset', 'classes': ('cat', 'dog'), 'pipeline': pipeline}},
        'optimizer': {'type': 'SGD', 'lr': 0.01},
        'total_epochs': 12,
    })


def test_the_same_detector_as_in_3x(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One checkpoint, by its old names and with an old config, and by today's: the same ONNX file, to the byte."""
    new = thin(Config.fromfile(SHIPPED / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'), 2)
    config, checkpoint = save(tmp_path, new, ('cat', 'dog'))
    today, folder = exported(tmp_path, config, checkpoint)
    whole = torch.load(checkpoint, weights_only=False)
    old = {f'module.{key.replace("conv_cls", "fcos_cls").replace("conv_reg", "fcos_reg")}': value for key, value in whole['state_dict'].items()}
    torch.save({'meta': {'CLASSES': ('cat', 'dog'), 'mmdet_version': '2.28.2'}, 'state_dict': old, 'optimizer': {}}, tmp_path / 'old.pth')
    old_config().dump(tmp_path / 'old.py')
    capsys.readouterr()
    then, old_folder = exported(tmp_path / 'old', tmp_path / 'old.py', tmp_path / 'old.pth')
    notes = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"note"' in line]
    assert [note['code'] for note in notes] == ['config-converted', 'checkpoint-converted']
    assert 'old.py is a config of MMDetection 2.x' in notes[0]['message']
    assert 'bbox_head.fcos_cls is bbox_head.conv_cls now' in notes[1]['message']
    assert then['files'] == today['files']
    assert then['classes'] == ['cat', 'dog']
    assert then['input'] == {**today['input'], 'mean': NORM['mean']}
    assert then['postprocess'] == {
        **today['postprocess'],
        'scoreThreshold': 0.04,
        'nmsPre': 900,
        'maxPerImage': 50,
        'nms': {'type': 'nms', 'iouThreshold': 0.45, 'classAgnostic': False},
    }
    # What a training starts from is a config of today.
    written = load_config(old_folder / 'config.py')
    assert not is_mmdet2(Config.fromfile(old_folder / 'config.py'))
    assert input_spec(written) == then['input']
    assert [step['type'] for step in train_pipeline(written)] == ['LoadImageFromFile', 'LoadAnnotations', 'Resize', 'RandomFlip', 'PackDetInputs']
    kept = torch.load(old_folder / 'checkpoint.pth', weights_only=False)
    assert kept['state_dict'].keys() == torch.load(folder / 'checkpoint.pth', weights_only=False)['state_dict'].keys()
    assert stored_classes(kept) == ('cat', 'dog')


@pytest.mark.parametrize(
    ('transforms', 'expected'),
    [
        # The ratio was kept unless it was said otherwise, and channels were swapped.
        ([{'type': 'Resize'}, {'type': 'Normalize', 'mean': [1, 2, 3], 'std': [4, 5, 6]}], {'channelOrder': 'rgb', 'resize': 'keep-ratio', 'padDivisor': 1}),
        (
            [{'type': 'Resize', 'keep_ratio': False}, {'type': 'Normalize', **NORM}, {'type': 'Pad', 'size_divisor': 64, 'pad_val': {'img': 0}}],
            {'channelOrder': 'bgr', 'resize': 'stretch', 'padDivisor': 64},
        ),
    ],
)
def test_what_a_pipeline_of_2x_means(transforms: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    made = from_mmdet2(old_config(transforms))
    check_exportable(made)
    spec = input_spec(made)
    assert {**spec, 'resize': spec['resize']['rule']} | expected == {**spec, 'resize': spec['resize']['rule']}
    assert (spec['resize']['width'], spec['resize']['height']) == (1333, 800)
    assert postprocess_spec(made)['nmsPre'] == 900


@pytest.mark.parametrize(
    ('config', 'found'),
    [
        (old_config(img_scale=[(1333, 800), (1333, 640)]), 'img_scale'),
        (old_config([{'type': 'Resize'}, {'type': 'Pad', 'size_divisor': 32}, {'type': 'Normalize', **NORM}]), 'pads'),
        (old_config([{'type': 'Resize'}, {'type': 'Normalize', **NORM}, {'type': 'Pad', 'size': (800, 800)}]), 'pads'),
        (old_config([{'type': 'Resize'}, {'type': 'Normalize', **NORM}, {'type': 'Pad', 'size_divisor': 32, 'pad_val': 114}]), 'pads'),
        (old_config([{'type': 'Normalize', **NORM}]), '0 Resize steps'),
        (old_config([{'type': 'Resize'}, {'type': 'Normalize', **NORM}, {'type': 'CLAHE'}]), 'CLAHE'),
    ],
)
def test_what_has_no_counterpart_is_refused(config: Config, found: str) -> None:
    with pytest.raises(TrainerError, match=found) as caught:
        check_exportable(from_mmdet2(config))
    assert caught.value.code == 'config-unsupported'


def test_flips_of_a_test_are_left_out_and_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old_config(flip=True).dump(tmp_path / 'flip.py')
    load_config(tmp_path / 'flip.py')
    assert 'test-time flipping' in capsys.readouterr().out


def test_weights_that_are_copies_stay_out_of_the_way(tmp_path: Path) -> None:
    """The moving averages that hooks of 2.x keep beside the weights: `ema_backbone_conv1_weight`."""
    config, checkpoint = save(tmp_path, thin(Config.fromfile(SHIPPED / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'), 1), ('cat',))
    whole = torch.load(checkpoint, weights_only=False)
    whole['state_dict']['ema_backbone_conv1_weight'] = torch.zeros(8, 3, 7, 7)
    torch.save(whole, checkpoint)
    assert 'ema_backbone_conv1_weight' in weights_of(whole)
    exported(tmp_path, config, checkpoint)
