"""Faults of a data set are found before the training, and named."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from forelabel_trainer.dataset import check_dataset, upright_size
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.job import CocoSource
from PIL import Image


def good() -> dict[str, Any]:
    return {
        'images': [
            {'id': 1, 'file_name': 'a.png', 'width': 40, 'height': 30},
            {'id': 2, 'file_name': 'b.png', 'width': 40, 'height': 30},
        ],
        'annotations': [
            {'id': 1, 'image_id': 1, 'category_id': 7, 'bbox': [1, 2, 10, 10], 'area': 100, 'iscrowd': 0},
            {'id': 2, 'image_id': 1, 'category_id': 3, 'bbox': [30, 20, 10, 10], 'area': 100, 'iscrowd': 0},
        ],
        'categories': [{'id': 7, 'name': 'cat'}, {'id': 3, 'name': 'dog'}],
    }


def check(folder: Path, data: Any, classes: tuple[str, ...] = ('cat', 'dog')) -> Any:
    for name in ('a.png', 'b.png'):
        Image.new('RGB', (40, 30)).save(folder / name)
    (folder / 'coco.json').write_text(json.dumps(data), encoding='utf-8')
    return check_dataset(CocoSource(folder / 'coco.json', folder), classes, 'training')


def refused(folder: Path, data: Any, classes: tuple[str, ...] = ('cat', 'dog')) -> TrainerError:
    with pytest.raises(TrainerError) as caught:
        check(folder, data, classes)
    return caught.value


def test_a_good_set_is_counted(tmp_path: Path) -> None:
    summary = check(tmp_path, good())
    assert (summary.images, summary.boxes, summary.empty) == (2, 2, 1)
    assert summary.per_class == {'cat': 1, 'dog': 1}
    assert len(summary.sha256) == 64


def test_classes_in_another_order_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, good(), ('dog', 'cat'))
    assert error.code == 'class-order'
    assert 'cat, dog' in error.message
    assert 'dog, cat' in error.message


def test_mmdetection_would_have_mixed_them_up(tmp_path: Path) -> None:
    """The reason for the check above, on the real thing: label 0 is the file's first category, not `classes[0]`."""
    from mmdet.datasets import CocoDataset

    check(tmp_path, good())
    dataset = CocoDataset(
        ann_file=str(tmp_path / 'coco.json'), data_prefix={'img': str(tmp_path)}, metainfo={'classes': ('dog', 'cat')}, pipeline=[], test_mode=True
    )
    first = dataset.get_data_info(0)['instances'][0]
    assert first['bbox'] == [1, 2, 11, 12]  # the cat
    assert dataset.metainfo['classes'][first['bbox_label']] == 'dog'


def test_a_class_that_the_file_lacks(tmp_path: Path) -> None:
    error = refused(tmp_path, good(), ('cat', 'bird'))
    assert error.code == 'class-missing'
    assert 'bird' in error.message
    assert 'cat, dog' in error.message


def test_classes_left_out_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = check(tmp_path, good(), ('dog',))
    assert summary.per_class == {'dog': 1}
    event = json.loads(capsys.readouterr().out)
    assert event['code'] == 'classes-left-out'
    assert 'cat (1)' in event['message']


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(good())
    node: Any = data
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ('path', 'value', 'code', 'said'),
    [
        (['images'], [], 'no-images', 'no images'),
        (['images'], None, 'dataset-invalid', '"images"'),
        (['images', 1, 'file_name'], 'c.png', 'images-missing', 'c.png'),
        (['images', 1, 'file_name'], 'a.png', 'dataset-duplicate', 'a.png'),
        (['images', 1, 'id'], 1, 'dataset-duplicate', 'by id: 1'),
        (['images', 0, 'width'], 30, 'image-size', '40 x 30'),
        (['annotations', 1, 'id'], 1, 'dataset-duplicate', 'id 1'),
        (['annotations', 0, 'image_id'], 9, 'dataset-invalid', 'image 9'),
        (['annotations', 0, 'bbox'], [1, 2, 10], 'dataset-invalid', 'bbox'),
        (['annotations', 0, 'bbox'], [35, 2, 10, 10], 'box-outside', '40 x 30'),
        (['annotations', 0, 'bbox'], [-5, 2, 10, 10], 'box-outside', '[-5, 2, 10, 10]'),
        (['categories', 1, 'name'], 'cat', 'dataset-invalid', 'cat'),
    ],
)
def test_faults_are_named(tmp_path: Path, path: list[Any], value: Any, code: str, said: str) -> None:
    error = refused(tmp_path, changed(path, value))
    assert error.code == code
    assert said in error.message


def test_a_box_may_reach_over_by_rounding(tmp_path: Path) -> None:
    assert check(tmp_path, changed(['annotations', 1, 'bbox'], [30.4, 20.3, 10, 10])).boxes == 2


def test_a_file_that_is_no_image(tmp_path: Path) -> None:
    data = changed(['images', 1, 'file_name'], 'text.png')
    (tmp_path / 'text.png').write_text('not an image', encoding='utf-8')
    assert refused(tmp_path, data).code == 'image-unreadable'


def test_sizes_are_upright(tmp_path: Path) -> None:
    image = Image.new('RGB', (40, 30))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'turned.jpg', exif=exif)
    assert upright_size(tmp_path / 'turned.jpg') == (30, 40)
