"""What a job makes of MMDetection's own configs and of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import mmdet
import numpy as np
import pytest
import torch
from conftest import DEMO_CONFIG, train_job
from forelabel_trainer.config_text import write_config
from forelabel_trainer.dataset import DatasetSummary
from forelabel_trainer.detector_config import clear_pretrained, input_spec, load_config, plain
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.input_scale import choose_scale, scaled_transforms
from forelabel_trainer.job import TrainJob, parse_train
from forelabel_trainer.train_config import RunPlan, run_config, train_pipeline
from mmdet.utils import register_all_modules
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper  # noqa: F401  (registers the schedules)
from mmengine.registry import PARAM_SCHEDULERS

SHIPPED = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'fcos'
PLAIN = SHIPPED / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
REPEATED = SHIPPED / 'fcos_r18_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py'

DATA = DatasetSummary(
    images=2,
    boxes=2,
    empty=0,
    per_class={'face': 2},
    sha256='0' * 64,
    image_sizes=((1000, 800), (1000, 800)),
    box_sizes=((40.0, 40.0, 0), (40.0, 40.0, 1)),
)
"""Boxes of 40 pixels on images of 1000: 12.8 pixels at an input of 320."""


def parsed(folder: Path, config: Path, **changes: Any) -> TrainJob:
    (folder / 'coco.json').write_text('{}', encoding='utf-8')
    file = folder / 'job.json'
    file.write_text(json.dumps(train_job(folder, folder, folder / 'work', base={'config': str(config)}, **changes)), encoding='utf-8')
    return parse_train(file)


def written(folder: Path, config: Path, amp: bool = False, iterations: int = 10, **changes: Any) -> Config:
    """The config of a run as its file says it, read as the export reads it."""
    job = parsed(folder, config, **changes)
    base = load_config(config)
    clear_pretrained(base)
    plan = RunPlan(iterations, job.batch_size, choose_scale(base, job.input_size, DATA), amp, None, False)
    made = run_config(job, base, plan)
    write_config(made, folder / 'config.py')
    read = Config.fromfile(str(folder / 'config.py'))
    assert read.to_dict() == made.to_dict()
    return read


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


@pytest.mark.parametrize('config', [PLAIN, REPEATED, DEMO_CONFIG])
def test_the_base_keeps_its_own_training_pipeline(config: Path) -> None:
    steps = [step['type'] for step in train_pipeline(load_config(config))]
    assert steps[0] == 'LoadImageFromFile'
    assert steps[-1] == 'PackDetInputs'
    assert 'RandomFlip' in steps
    assert ('PhotoMetricDistortion' in steps) == (config == DEMO_CONFIG)


@pytest.mark.parametrize('config', [PLAIN, REPEATED, DEMO_CONFIG])
def test_light_augmentation_takes_the_place_of_the_bases(tmp_path: Path, config: Path) -> None:
    made = written(tmp_path, config, augmentation='light', inputSize=640)
    pipeline = made.train_dataloader.dataset.pipeline
    steps = {step.type: step for step in pipeline}
    assert [step.type for step in pipeline][:2] == ['LoadImageFromFile', 'LoadAnnotations']
    # What the face model's own would do to small things.
    assert not {'RandomChoice', 'CachedMosaic', 'Pad'} & set(steps)
    resize = steps['RandomResize']
    tested = input_spec(made)['resize']
    assert (*resize.scale, resize.keep_ratio) == (tested['width'], tested['height'], True)
    assert max(tested['width'], tested['height']) == 640
    # Enlarged by the crop alone: no step is larger than a test image.
    assert max(resize.ratio_range) == 1


def test_light_augmentation_keeps_shape_boxes_and_empty_images(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    register_all_modules(init_default_scope=True)
    pipeline = Compose(written(tmp_path, DEMO_CONFIG, augmentation='light', inputSize=480).train_dataloader.dataset.pipeline)
    for boxes in ([[100, 100, 300, 300], [600, 440, 640, 480]], []):
        for seed in range(20):
            np.random.seed(seed)
            instances = [{'bbox': box, 'bbox_label': 0, 'ignore_flag': 0} for box in boxes]
            packed = pipeline({'img_path': str(tmp_path / 'a.png'), 'img_id': 1, 'instances': instances})
            assert packed is not None
            height, width = packed['inputs'].shape[1:]
            assert max(height, width) <= 480
            found = packed['data_samples'].gt_instances.bboxes.tensor
            assert len(found) <= len(boxes)
            if len(found):
                assert found[:, 0::2].max() <= width
                assert found[:, 1::2].max() <= height


def test_schedule_fits_the_epochs(tmp_path: Path) -> None:
    warm_up, steps = written(tmp_path, PLAIN, epochs=24, iterations=10).param_scheduler
    assert steps.milestones == [16, 22]  # 8 and 11 of 12
    assert warm_up.end == 24  # a tenth of 240 iterations, instead of 500
    warm_up, cosine = written(tmp_path, DEMO_CONFIG, epochs=40, iterations=81).param_scheduler
    assert (warm_up.end, cosine.T_max, cosine.end) == (100, 40, 40)


@pytest.mark.parametrize(('epochs', 'iterations'), [(1, 1), (3, 1), (3, 6), (5, 4), (2, 30)])
@pytest.mark.parametrize('path', [PLAIN, DEMO_CONFIG])
def test_the_shortest_run_reaches_its_learning_rate(tmp_path: Path, path: Path, epochs: int, iterations: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    rates = []
    schedulers = [
        PARAM_SCHEDULERS.build(plain(scheduler), default_args={'optimizer': optimizer, 'epoch_length': iterations})
        for scheduler in written(tmp_path, path, epochs=epochs, iterations=iterations).param_scheduler
    ]
    for step in range(epochs * iterations):
        rates.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            if not scheduler.by_epoch or (step + 1) % iterations == 0:
                scheduler.step()
    # One step or two are the warm-up alone.
    assert epochs * iterations < 3 or max(rates) > 0.005


def test_learning_rate_follows_the_batch_unless_given(tmp_path: Path) -> None:
    assert written(tmp_path, PLAIN, batchSize=4).optim_wrapper.optimizer.lr == pytest.approx(0.01 / 4)
    assert written(tmp_path, DEMO_CONFIG, batchSize=16).optim_wrapper.optimizer.lr == pytest.approx(2e-3)
    assert written(tmp_path, PLAIN, learningRate=0.5).optim_wrapper.optimizer.lr == 0.5


def test_adam_learns_as_fast_with_a_small_batch(tmp_path: Path) -> None:
    assert written(tmp_path, DEMO_CONFIG, batchSize=2).optim_wrapper.optimizer.lr == pytest.approx(1e-3)


def test_learning_rate_follows_the_real_batch(tmp_path: Path) -> None:
    """Of all processes together, and never more than there are images."""
    job, base = parsed(tmp_path, PLAIN, batchSize=8), load_config(PLAIN)
    for batch, rate in ((16, 0.01), (4, 0.0025)):
        made = run_config(job, base, RunPlan(1, batch, (320, 320), False, None, False))
        assert made.optim_wrapper.optimizer.lr == pytest.approx(rate)


def test_mixed_precision_is_the_jobs_choice(tmp_path: Path) -> None:
    assert written(tmp_path, REPEATED, amp=False).optim_wrapper.type == 'OptimWrapper'
    assert written(tmp_path, DEMO_CONFIG, amp=True).optim_wrapper.type == 'AmpOptimWrapper'


def test_without_validation_there_is_no_best(tmp_path: Path) -> None:
    source = {'annotations': 'coco.json', 'images': '.'}
    made = written(tmp_path, DEMO_CONFIG, data={'train': source})
    assert made.val_dataloader is None
    assert made.val_cfg is None
    # The export reads the classes here.
    assert tuple(made.test_dataloader.dataset.metainfo.classes) == ('face',)


def steps_of(pipeline: Any, kind: str) -> list[Any]:
    """Every step of a kind, in lists of alternatives too."""
    if isinstance(pipeline, (list, tuple)):
        return [found for item in pipeline for found in steps_of(item, kind)]
    if not isinstance(pipeline, dict):
        return []
    own = [pipeline] if pipeline.get('type') == kind else []
    return own + [found for value in pipeline.values() for found in steps_of(value, kind)]


def test_the_input_size_is_the_bases_unless_asked(tmp_path: Path) -> None:
    made = written(tmp_path, DEMO_CONFIG)
    assert input_spec(made)['resize'] == {'rule': 'keep-ratio', 'width': 320, 'height': 320}
    assert plain(made.train_dataloader.dataset.pipeline) == plain(load_config(DEMO_CONFIG).train_pipeline)


def test_a_long_side_reaches_every_step(tmp_path: Path) -> None:
    made = written(tmp_path, DEMO_CONFIG, inputSize=480)
    assert input_spec(made)['resize'] == {'rule': 'keep-ratio', 'width': 480, 'height': 480}
    pipeline = made.train_dataloader.dataset.pipeline
    for kind, field, size in (
        ('RandomResize', 'scale', (480, 480)),
        ('RandomCrop', 'crop_size', (480, 480)),
        ('CachedMosaic', 'img_scale', (240, 240)),
        ('Pad', 'size', (480, 480)),
    ):
        found = steps_of(pipeline, kind)
        assert found, kind
        assert {tuple(step[field]) for step in found} == {size}
    # What is no number of pixels stays.
    assert {tuple(step['ratio_range']) for step in steps_of(pipeline, 'RandomResize')} == {(0.9, 1.9), (0.3, 1.0)}
    assert steps_of(pipeline, 'CachedMosaic')[0]['max_cached_images'] == 40


def test_a_long_side_keeps_the_shape(tmp_path: Path) -> None:
    made = written(tmp_path, PLAIN, inputSize=1024)
    assert input_spec(made)['resize'] == {'rule': 'keep-ratio', 'width': 1024, 'height': 615}
    assert {tuple(step['scale']) for step in steps_of(made.train_dataloader.dataset.pipeline, 'Resize')} == {(1024, 615)}


def test_padding_of_whole_batches_follows(tmp_path: Path) -> None:
    config = SHIPPED / 'fcos_r50_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py'
    sizes = [tuple(steps_of(plain(written(tmp_path, config, **changes).model), 'BatchFixedSizePad')[0]['size']) for changes in ({}, {'inputSize': 640})]
    assert sizes == [(1024, 1024), (492, 492)]
    # Height first, unlike everything else.
    wide = {'type': 'BatchFixedSizePad', 'size': (100, 300)}
    assert scaled_transforms(wide, (1000, 500), (2000, 500))['size'] == (100, 600)


def test_relative_crops_are_left_alone() -> None:
    crop = {'type': 'RandomCrop', 'crop_type': 'relative_range', 'crop_size': (0.5, 0.5)}
    assert scaled_transforms([crop], (320, 320), (640, 640)) == [crop]


def test_fit_goes_by_the_boxes(tmp_path: Path) -> None:
    size = input_spec(written(tmp_path, DEMO_CONFIG, inputSize='fit'))['resize']
    assert size['width'] == size['height'] == 608  # 24 / 12.8 * 320, up to a multiple of 32


def test_the_size_it_was_given_last_counts(tmp_path: Path) -> None:
    """A fine-tuned model is fine-tuned again: nothing of the first size is left over."""
    written(tmp_path, DEMO_CONFIG, inputSize=480)
    (tmp_path / 'config.py').rename(tmp_path / 'first.py')
    again = written(tmp_path, tmp_path / 'first.py', inputSize=320)
    assert input_spec(again)['resize']['width'] == 320
    assert plain(again.train_dataloader.dataset.pipeline) == plain(load_config(DEMO_CONFIG).train_pipeline)


def test_a_wrapper_that_mixes_images_is_refused() -> None:
    base = Config({'train_dataloader': {'dataset': {'type': 'MultiImageMixDataset', 'dataset': {}, 'pipeline': []}}})
    with pytest.raises(TrainerError, match='CachedMosaic'):
        train_pipeline(base)
