"""What cannot be exported or trained is refused by its name, and leaves nothing half-written."""

from __future__ import annotations

from pathlib import Path

import mmdet
import pytest
import torch
from conftest import DEMO_CONFIG, Events, coco_source, draw, run_module, train_job
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.export import export
from forelabel_trainer.job import ExportJob, Lineage

SHIPPED = Path(mmdet.__file__).parent / '.mim' / 'configs'


def job(folder: Path, config: Path, checkpoint: Path, classes: tuple[str, ...] | None = None) -> ExportJob:
    return ExportJob('refused', config, checkpoint, classes, folder / 'models' / 'refused', 'fp32', Lineage())


def refused(wanted: ExportJob) -> TrainerError:
    with pytest.raises(TrainerError) as caught:
        export(wanted)
    left = list(wanted.out_dir.parent.iterdir()) if wanted.out_dir.parent.exists() else []
    assert left == []
    return caught.value


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    error = refused(job(tmp_path, DEMO_CONFIG, tmp_path / 'none.pth'))
    assert error.code == 'checkpoint-missing'
    assert f'There is no checkpoint {tmp_path / "none.pth"}' in error.message
    assert 'Give the .pth file of the training run' in error.message


def test_a_truncated_checkpoint(tmp_path: Path, trained: Events) -> None:
    whole = Path(trained[-1]['checkpoint']).read_bytes()
    cut = tmp_path / 'cut.pth'
    cut.write_bytes(whole[: len(whole) // 2])
    error = refused(job(tmp_path, DEMO_CONFIG, cut))
    assert error.code == 'checkpoint-unreadable'
    assert 'cut.pth' in error.message


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('retinanet/retinanet_r18_fpn_1x_coco.py', 'describes RetinaNet with RetinaHead'),
        ('faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', 'describes FasterRCNN with no bbox_head'),
    ],
)
def test_another_architecture(tmp_path: Path, trained: Events, name: str, found: str) -> None:
    error = refused(job(tmp_path, SHIPPED / name, Path(trained[-1]['checkpoint'])))
    assert error.code == 'not-fcos'
    assert found in error.message
    assert 'Forelabel runs FCOS with an FCOSHead' in error.message


def test_deformable_convolutions(tmp_path: Path, trained: Events) -> None:
    config = SHIPPED / 'fcos' / 'fcos_r50-dcn-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py'
    error = refused(job(tmp_path, config, Path(trained[-1]['checkpoint'])))
    assert error.code == 'dcn'
    assert 'in model.backbone.dcn' in error.message
    assert 'Train the config without DCN' in error.message


def test_deformable_convolutions_by_their_class(tmp_path: Path) -> None:
    config = tmp_path / 'dcn.py'
    config.write_text(
        'from mmcv.ops import DeformConv2dPack\n'
        'from mmdet.models import FCOS, FCOSHead\n'
        'model = dict(type=FCOS, backbone=dict(conv_cfg=dict(type=DeformConv2dPack)), bbox_head=dict(type=FCOSHead))\n',
        encoding='utf-8',
    )
    error = refused(job(tmp_path, config, tmp_path / 'none.pth'))
    assert error.code == 'dcn'
    assert 'dcn.py uses deformable convolutions (DCN, in model.backbone.conv_cfg.type)' in error.message


def test_a_folder_that_is_not_a_model_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    wanted = job(tmp_path, tmp_path / 'no config', tmp_path / 'no checkpoint')
    (wanted.out_dir / 'face').mkdir(parents=True)
    with pytest.raises(TrainerError) as caught:
        export(wanted)
    assert caught.value.code == 'out-taken'
    assert [path.name for path in wanted.out_dir.iterdir()] == ['face']


def test_too_many_class_names(tmp_path: Path, trained: Events) -> None:
    error = refused(job(tmp_path, DEMO_CONFIG, Path(trained[-1]['checkpoint']), ('face', 'hand')))
    assert error.code == 'class-count'
    assert 'face, hand' in error.message


def test_a_config_with_another_number_of_classes(tmp_path: Path, trained: Events) -> None:
    config = tmp_path / 'three.py'
    config.write_text(DEMO_CONFIG.read_text(encoding='utf-8').replace('num_classes=1', 'num_classes=3'), encoding='utf-8')
    error = refused(job(tmp_path, config, Path(trained[-1]['checkpoint']), ('a', 'b', 'c')))
    assert error.code == 'class-count'
    assert 'conv_cls' in error.message


def test_weights_that_are_no_numbers(tmp_path: Path, trained: Events) -> None:
    checkpoint = torch.load(trained[-1]['checkpoint'], weights_only=False)
    checkpoint['state_dict']['bbox_head.conv_cls.bias'].fill_(float('nan'))
    torch.save(checkpoint, tmp_path / 'nan.pth')
    assert refused(job(tmp_path, DEMO_CONFIG, tmp_path / 'nan.pth')).code == 'export-differs'


def test_an_old_export_outlives_a_refused_one(tmp_path: Path, trained: Events) -> None:
    out = tmp_path / 'models' / 'refused'
    out.mkdir(parents=True)
    (out / 'model.json').write_text('old', encoding='utf-8')
    with pytest.raises(TrainerError):
        export(job(tmp_path, DEMO_CONFIG, Path(trained[-1]['checkpoint']), ('face', 'hand')))
    assert [(file.name, file.read_text(encoding='utf-8')) for file in out.iterdir()] == [('model.json', 'old')]


def test_a_training_on_missing_images_says_which(tmp_path: Path) -> None:
    """By the process, as the relay sees it: one event, exit code 1, no work folder."""
    folder = draw(tmp_path / 'set', 2, 13)
    (folder / 'images' / '0001.jpg').unlink()
    code, events = run_module('train', train_job(folder, folder, tmp_path / 'work', data={'train': coco_source(folder)}), tmp_path)
    assert code == 1
    assert [(event['event'], event['code']) for event in events] == [('error', 'images-missing')]
    assert 'images/0001.jpg' in events[0]['message']
    assert not (tmp_path / 'work').exists()
