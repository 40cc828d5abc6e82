"""COCO files, checked before a training run finds their faults the hard way, or never."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from .errors import TrainerError
from .events import note
from .job import CocoSource

TOLERANCE = 1.0
"""Pixels by which a box may reach over the edge: annotation tools round."""

SHOWN = 5
"""How many offenders a message names."""


@dataclass(frozen=True)
class DatasetSummary:
    """What a checked data set holds."""

    images: int
    boxes: int
    empty: int
    """Images without a box: they teach the model what is none."""
    per_class: dict[str, int]
    sha256: str
    """Of the annotation file."""
    image_sizes: tuple[tuple[int, int], ...] = ()
    """Width and height, upright."""
    box_sizes: tuple[tuple[float, float, int], ...] = ()
    """Width, height and the position of its image in `image_sizes`."""


def check_dataset(source: CocoSource, classes: Sequence[str], purpose: str) -> DatasetSummary:
    """Reads a COCO file and refuses what MMDetection would get wrong silently or late.

    :param purpose: 'training' or 'validation', for the messages.
    """
    data = _read(source.annotations)
    where = f'{source.annotations.name} ({purpose})'
    category_class = check_categories(data['categories'], classes, where)
    images = _check_images(data['images'], source.images, where)
    counts: Counter[str] = Counter()
    with_boxes: set[Any] = set()
    seen: set[Any] = set()
    position = {key: index for index, key in enumerate(images)}
    box_sizes: list[tuple[float, float, int]] = []
    for annotation in data['annotations']:
        _check_annotation(annotation, images, seen, where)
        name = category_class.get(annotation['category_id'])
        if name is not None and _is_used(annotation):
            counts[name] += 1
            with_boxes.add(annotation['image_id'])
            box_sizes.append((annotation['bbox'][2], annotation['bbox'][3], position[annotation['image_id']]))
    _say_what_is_left_out(data, category_class, where)
    return DatasetSummary(
        images=len(images),
        boxes=sum(counts.values()),
        empty=len(images) - len(with_boxes),
        per_class={name: counts[name] for name in classes},
        sha256=hashlib.sha256(source.annotations.read_bytes()).hexdigest(),
        image_sizes=tuple(images.values()),
        box_sizes=tuple(box_sizes),
    )


def check_categories(categories: Sequence[dict[str, Any]], classes: Sequence[str], where: str) -> dict[Any, str]:
    """The class-order trap: MMDetection numbers labels by the order of the file's categories, whatever
    the order of `classes` (`datasets/coco.py`). The two must agree.

    :returns: class name by category id, for the categories that are classes.
    """
    names = [category.get('name') for category in categories]
    ids = [category.get('id') for category in categories]
    for values, what in ((names, 'name'), (ids, 'id')):
        twice = _twice(values)
        if twice:
            raise TrainerError('dataset-invalid', f'{where} has two categories with the {what} {twice[0]}. Give each its own.')
    missing = [name for name in classes if name not in names]
    if missing:
        raise TrainerError(
            'class-missing', f'{where} has no category {_listed(missing)}; it has {_listed(names)}. Take the class names from the file.'
        )
    found = [name for name in names if name in classes]
    if found != list(classes):
        raise TrainerError(
            'class-order',
            f'{where} lists its categories as {_listed(found)}, the job as {_listed(classes)}. '
            'MMDetection would mix up the labels: put both in the same order.',
        )
    return {category['id']: category['name'] for category in categories if category['name'] in classes}


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, OSError) as error:
        raise TrainerError('dataset-invalid', f'{path.name} is not a readable JSON file: {error}.') from error
    for key in ('images', 'annotations', 'categories'):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise TrainerError('dataset-invalid', f'{path.name} is not a COCO file: it has no list "{key}".')
    return data


def _check_images(images: Sequence[dict[str, Any]], folder: Path, where: str) -> dict[Any, tuple[int, int]]:
    """Size by image id; every file there, readable and of the size that the file says."""
    if not images:
        raise TrainerError('no-images', f'{where} lists no images. Annotate some first.')
    for image in images:
        lacking = [key for key in ('id', 'file_name', 'width', 'height') if key not in image]
        if lacking:
            raise TrainerError('dataset-invalid', f'{where}: the image {image.get("file_name", image.get("id"))} has no "{lacking[0]}".')
    for key in ('id', 'file_name'):
        twice = _twice(image[key] for image in images)
        if twice:
            raise TrainerError('dataset-duplicate', f'{where} lists {len(twice)} images twice, by {key}: {_listed(twice)}. Remove the copies.')
    missing = [image['file_name'] for image in images if not (folder / image['file_name']).is_file()]
    if missing:
        raise TrainerError('images-missing', f'{len(missing)} of {len(images)} images of {where} are not in {folder}: {_listed(missing)}.')
    for image in images:
        size = upright_size(folder / image['file_name'])
        if size is None:
            raise TrainerError('image-unreadable', f'{image["file_name"]} of {where} is not an image. Replace or remove it.')
        if size != (image['width'], image['height']):
            raise TrainerError(
                'image-size',
                f'{image["file_name"]} is {size[0]} x {size[1]} pixels (upright), but {where} says {image["width"]} x {image["height"]}. '
                'The boxes would be in the wrong places: export the annotations again.',
            )
    return {image['id']: (image['width'], image['height']) for image in images}


def upright_size(path: Path) -> tuple[int, int] | None:
    """Width and height after EXIF orientation, as OpenCV reads it; None when it is no image."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError):
        return None
    return (height, width) if turned else (width, height)


def _check_annotation(annotation: dict[str, Any], images: dict[Any, tuple[int, int]], seen: set[Any], where: str) -> None:
    lacking = [key for key in ('id', 'image_id', 'category_id', 'bbox', 'area') if key not in annotation]
    if lacking:
        raise TrainerError('dataset-invalid', f'{where}: the annotation {annotation.get("id")} has no "{lacking[0]}".')
    key = annotation['id']
    if key in seen:
        raise TrainerError('dataset-duplicate', f'{where} has two annotations with the id {key}. Give each its own.')
    seen.add(key)
    if annotation['image_id'] not in images:
        raise TrainerError('dataset-invalid', f'{where}: the annotation {key} is of image {annotation["image_id"]}, which is not listed.')
    box = annotation['bbox']
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, (int, float)) for v in box):
        raise TrainerError('dataset-invalid', f'{where}: the annotation {key} has no bbox [x, y, width, height].')
    x, y, w, h = box
    width, height = images[annotation['image_id']]
    if x < -TOLERANCE or y < -TOLERANCE or x + w > width + TOLERANCE or y + h > height + TOLERANCE:
        raise TrainerError(
            'box-outside',
            f'{where}: the box {box} of annotation {key} reaches over its image of {width} x {height} pixels. Boxes are [x, y, width, height].',
        )


def _is_used(annotation: dict[str, Any]) -> bool:
    """MMDetection skips smaller boxes without a word."""
    return annotation['bbox'][2] >= 1 and annotation['bbox'][3] >= 1 and annotation['area'] > 0 and not annotation.get('ignore')


def _say_what_is_left_out(data: dict[str, Any], category_class: dict[Any, str], where: str) -> None:
    tiny = [a['id'] for a in data['annotations'] if not _is_used(a)]
    if tiny:
        note('boxes-left-out', f'{where}: {len(tiny)} boxes thinner than a pixel or marked "ignore" are left out (annotations {_listed(tiny)}).')
    others = Counter(a['category_id'] for a in data['annotations'] if a['category_id'] not in category_class)
    if others:
        names = {category['id']: category['name'] for category in data['categories']}
        listed = ', '.join(f'{names.get(key, key)} ({count})' for key, count in others.most_common(SHOWN))
        note('classes-left-out', f'{where}: boxes of categories that are not trained: {listed}.')


def _twice(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def _listed(values: Sequence[Any]) -> str:
    shown = ', '.join(str(value) for value in values[:SHOWN])
    return f'{shown} and {len(values) - SHOWN} more' if len(values) > SHOWN else shown
