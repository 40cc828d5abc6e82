"""What `forelabel export` may be given and cannot export: each refused by what was found, with what would work."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from forelabel_trainer.checkpoint import read_checkpoint
from forelabel_trainer.detector_config import load_config
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.export_limits import check_exportable
from mmengine.config import Config
from test_export_variants import SHIPPED, exported, numbered, save, thin

BASE = 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'


def base(classes: int = 3) -> Config:
    return thin(Config.fromfile(SHIPPED / BASE), classes)


def refused(folder: Path, config: Path, checkpoint: Path, classes: tuple[str, ...] | None = None) -> TrainerError:
    with pytest.raises(TrainerError) as caught:
        exported(folder, config, checkpoint, classes)
    assert not (folder / 'models').exists()
    return caught.value


@pytest.fixture(scope='module')
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A config of three classes and its checkpoint, which names none."""
    return save(tmp_path_factory.mktemp('saved'), base(), None)


def test_no_class_names(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    error = refused(tmp_path, *saved)
    assert error.code == 'class-count'
    assert 'names the 3 classes' in error.message
    assert '--classes a,b,c' in error.message


def test_names_on_the_command_line(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    manifest, _ = exported(tmp_path, *saved, classes=('a', 'b', 'c'))
    assert manifest['classes'] == ['a', 'b', 'c']


def test_too_few_names(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    error = refused(tmp_path, *saved, ('a', 'b'))
    assert error.code == 'class-count'
    assert 'num_classes=3, but 2 class names' in error.message


def test_coco_without_names(tmp_path: Path) -> None:
    """What MMDetection's own COCO models are: 80 classes, named by the kind of the data set."""
    manifest, _ = exported(tmp_path, *save(tmp_path, base(80), None))
    assert (len(manifest['classes']), manifest['classes'][0], manifest['classes'][79]) == (80, 'person', 'toothbrush')


def test_a_checkpoint_of_other_classes(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    _, checkpoint = save(tmp_path, base(2), ('cat', 'dog'))
    error = refused(tmp_path, saved[0], checkpoint, numbered(3))
    assert error.code == 'class-count'
    for found in ('2 classes (cat, dog)', 'num_classes=3', 'Set num_classes=2'):
        assert found in error.message


def test_a_deeper_network_than_the_config_says(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    deep = base()
    deep.model.backbone.depth = 101
    _, checkpoint = save(tmp_path, deep, numbered(3))
    error = refused(tmp_path, saved[0], checkpoint)
    assert error.code == 'checkpoint-mismatch'
    assert 'backbone.layer3.6' in error.message


def changed(checkpoint: Path, folder: Path, change: Any) -> Path:
    whole = torch.load(checkpoint, weights_only=False)
    change(whole)
    torch.save(whole, folder / 'changed.pth')
    return folder / 'changed.pth'


def test_deformable_convolutions_in_the_checkpoint(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    def deform(whole: dict[str, Any]) -> None:
        whole['state_dict']['bbox_head.cls_convs.1.conv.conv_offset.weight'] = torch.zeros(27, 64, 3, 3)

    assert refused(tmp_path, saved[0], changed(saved[1], tmp_path, deform), numbered(3)).code == 'dcn'


def test_deformable_convolutions_anywhere_in_the_config(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    config = base()
    config.model.neck.conv_cfg = {'type': 'DCNv2'}
    config.dump(tmp_path / 'dcn.py')
    error = refused(tmp_path, tmp_path / 'dcn.py', saved[1])
    assert error.code == 'dcn'
    assert 'model.neck.conv_cfg.type' in error.message


def test_a_checkpoint_of_something_else(tmp_path: Path, saved: tuple[Path, Path]) -> None:
    torch.save({'conv1.weight': torch.zeros(64, 3, 7, 7)}, tmp_path / 'resnet.pth')
    error = refused(tmp_path, saved[0], tmp_path / 'resnet.pth', numbered(3))
    assert error.code == 'checkpoint-mismatch'
    assert 'conv1.weight' in error.message


class Gone:
    """Pickled under a module's name that nobody has."""


def test_a_checkpoint_that_needs_other_software(tmp_path: Path) -> None:
    text = pickle.dumps({'meta': Gone()}, protocol=2).replace(__name__.encode(), b'no_such_module_anywhere'[: len(__name__)])
    (tmp_path / 'odd.pth').write_bytes(text)
    with pytest.raises(TrainerError, match='odd.pth') as caught:
        read_checkpoint(tmp_path / 'odd.pth')
    assert caught.value.code == 'checkpoint-unreadable'


def test_bases_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / 'lonely.py').write_text("_base_ = '../_base_/models/fcos.py'\n", encoding='utf-8')
    with pytest.raises(TrainerError, match='work folder') as caught:
        load_config(tmp_path / 'lonely.py')
    assert caught.value.code == 'config-invalid'


@pytest.mark.parametrize(
    ('path', 'value', 'found'),
    [
        ('model.test_cfg.nms', {'type': 'soft_nms', 'iou_threshold': 0.5}, 'soft_nms'),
        ('model.test_cfg.nms.max_num', 50, 'max_num=50'),
        ('model.test_cfg.nms_pre', -1, 'nms_pre is -1'),
        ('model.test_cfg.max_per_img', -1, 'max_per_img is -1'),
        ('model.bbox_head.loss_cls.use_sigmoid', False, 'softmax'),
        ('model.bbox_head.bbox_coder', {'type': 'DistancePointBBoxCoder', 'clip_border': False}, 'clip_border=False'),
        ('model.data_preprocessor.pad_value', 114, 'pad_value is 114'),
        ('model.data_preprocessor.type', 'BatchFixer', 'BatchFixer'),
        ('model.data_preprocessor.mean', [1.0, 2.0], 'three numbers'),
        ('test_dataloader.dataset.pipeline.1.interpolation', 'area', '"area"'),
        ('test_dataloader.dataset.pipeline.1.backend', 'pillow', 'pillow'),
        ('test_dataloader.dataset.pipeline.1.type', 'Pad', 'step Pad'),
        ('test_dataloader.dataset.pipeline.0.color_type', 'grayscale', 'grayscale'),
    ],
)
def test_what_a_manifest_cannot_say(path: str, value: Any, found: str) -> None:
    config = base()
    check_exportable(config)
    *parents, last = path.split('.')
    node: Any = config
    for key in parents:
        node = node[int(key)] if key.isdigit() else node[key]
    node[last] = value
    with pytest.raises(TrainerError, match=found) as caught:
        check_exportable(config)
    assert caught.value.code == 'config-unsupported'


def test_a_change_of_a_grey_level_is_only_noted(capsys: pytest.CaptureFixture[str]) -> None:
    config = base()
    config.test_dataloader.dataset.pipeline[0].to_float32 = True
    check_exportable(config)
    assert '"input-differs"' in capsys.readouterr().out
