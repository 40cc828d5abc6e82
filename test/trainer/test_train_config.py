"""What a job makes of MMDetection's own configs and of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mmdet
import pytest
from conftest import DEMO_CONFIG, train_job
from forelabel_trainer.detector_config import clear_pretrained, load_config
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.job import TrainJob, parse_train
from forelabel_trainer.train_config import train_pipeline, write_config
from mmengine.config import Config

SHIPPED = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'fcos'
PLAIN = SHIPPED / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
REPEATED = SHIPPED / 'fcos_r18_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py'


def parsed(folder: Path, config: Path, **changes: Any) -> TrainJob:
    (folder / 'coco.json').write_text('{}', encoding='utf-8')
    file = folder / 'job.json'
    file.write_text(json.dumps(train_job(folder, folder, folder / 'work', base={'config': str(config)}, **changes)), encoding='utf-8')
    return parse_train(file)


def written(folder: Path, config: Path, amp: bool = False, iterations: int = 10, **changes: Any) -> Config:
    """The generated file, read again as MMDetection reads it."""
    job = parsed(folder, config, **changes)
    base = load_config(config)
    clear_pretrained(base)
    return Config.fromfile(str(write_config(job, base, iterations, amp, None, False)))


@pytest.mark.parametrize('config', [PLAIN, REPEATED, DEMO_CONFIG])
def test_every_base_gets_classes_data_and_no_download(tmp_path: Path, config: Path) -> None:
    made = written(tmp_path, config, classes=['cat'], epochs=4)
    assert made.model.bbox_head.num_classes == 1
    assert not made.model.backbone.get('init_cfg')
    assert '_delete_' not in made.model
    for loader in (made.train_dataloader, made.val_dataloader, made.test_dataloader):
        assert loader.dataset.type == 'CocoDataset'
        # One class: a text here would be four classes, c, a, t.
        assert tuple(loader.dataset.metainfo.classes) == ('cat',)
    # Images that a person found empty are kept.
    assert made.train_dataloader.dataset.filter_cfg == {'filter_empty_gt': False}
    assert made.train_cfg.max_epochs == 4
    assert made.default_hooks.checkpoint.save_best == 'coco/bbox_mAP'
    assert made.default_hooks.checkpoint.max_keep_ckpts == 1


@pytest.mark.parametrize('config', [PLAIN, REPEATED, DEMO_CONFIG])
def test_the_base_keeps_its_own_training_pipeline(config: Path) -> None:
    steps = [step['type'] for step in train_pipeline(load_config(config))]
    assert steps[0] == 'LoadImageFromFile'
    assert steps[-1] == 'PackDetInputs'
    assert 'RandomFlip' in steps
    assert ('PhotoMetricDistortion' in steps) == (config == DEMO_CONFIG)


def test_schedule_fits_the_epochs(tmp_path: Path) -> None:
    warm_up, steps = written(tmp_path, PLAIN, epochs=24, iterations=10).param_scheduler
    assert steps.milestones == [16, 22]  # 8 and 11 of 12
    assert warm_up.end == 24  # a tenth of 240 iterations, instead of 500
    warm_up, cosine = written(tmp_path, DEMO_CONFIG, epochs=40, iterations=81).param_scheduler
    assert (warm_up.end, cosine.T_max, cosine.end) == (100, 40, 40)


def test_learning_rate_follows_the_batch_unless_given(tmp_path: Path) -> None:
    assert written(tmp_path, PLAIN, batchSize=4).optim_wrapper.optimizer.lr == pytest.approx(0.01 / 4)
    assert written(tmp_path, DEMO_CONFIG, batchSize=16).optim_wrapper.optimizer.lr == pytest.approx(2e-3)
    assert written(tmp_path, PLAIN, learningRate=0.5).optim_wrapper.optimizer.lr == 0.5


def test_mixed_precision_is_the_jobs_choice(tmp_path: Path) -> None:
    assert written(tmp_path, REPEATED, amp=False).optim_wrapper.type == 'OptimWrapper'
    assert written(tmp_path, DEMO_CONFIG, amp=True).optim_wrapper.type == 'AmpOptimWrapper'


def test_without_validation_there_is_no_best(tmp_path: Path) -> None:
    source = {'annotations': 'coco.json', 'images': '.'}
    made = written(tmp_path, DEMO_CONFIG, data={'train': source})
    assert made.val_dataloader is None
    assert made.val_cfg is None
    assert 'save_best' not in made.default_hooks.checkpoint
    # The export reads the classes here.
    assert tuple(made.test_dataloader.dataset.metainfo.classes) == ('face',)


def test_a_wrapper_that_mixes_images_is_refused() -> None:
    base = Config({'train_dataloader': {'dataset': {'type': 'MultiImageMixDataset', 'dataset': {}, 'pipeline': []}}})
    with pytest.raises(TrainerError, match='CachedMosaic'):
        train_pipeline(base)
