"""`python -m forelabel_trainer.evaluate JOB.json`: COCO metrics of a model on annotated images.

The boxes come from `inference_detector` and the numbers from pycocotools, with 100 boxes an image
and its usual areas. The event `evaluated` carries them in 0..1: AP (IoU 0.50:0.95), AP50, AP75, APs,
APm, APl (boxes below 32², up to 96², above; absent where there are none) and AR (at 100 boxes); and
`perClass`, AP and AP50 of each class that has boxes.

A model can be measured on the classes of a project that are not its own (`classes`): what it finds of
others does not count, and a class that it does not know has an AP of 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .events import claim_stdout, emit, run_job, stop_if_asked

if __name__ == '__main__':
    # Before anything large is imported: MMDetection prints on stdout when a package it could use is absent.
    claim_stdout()

from . import mmcv_ops  # noqa: E402
from .errors import TrainerError  # noqa: E402
from .job import EvaluateJob, parse_evaluate  # noqa: E402

mmcv_ops.install()

from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

from .dataset import check_dataset  # noqa: E402
from .detector import open_detector  # noqa: E402
from .device import use_device  # noqa: E402
from .predict import detect_file  # noqa: E402

METRICS = {'AP': 0, 'AP50': 1, 'AP75': 2, 'APs': 3, 'APm': 4, 'APl': 5, 'AR': 8}
"""Positions in `COCOeval.stats`."""

ALWAYS = ('AP', 'AP50', 'AP75', 'AR')
"""Zero where there is no box to find."""


@dataclass(frozen=True)
class Figures:
    """In 0..1."""

    metrics: dict[str, float]
    per_class: dict[str, dict[str, float]]
    """AP and AP50 by name, of the classes that have boxes."""


def measure(truth: COCO, found: list[dict[str, Any]], category_ids: Sequence[int]) -> Figures:
    """pycocotools' figures for `found`, COCO results, over the categories given."""
    evaluation = COCOeval(truth, _results(truth, found), 'bbox')
    evaluation.params.catIds = list(category_ids)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    # [IoU, recall, category, area, boxes an image]; -1 where there is nothing to find.
    precision = evaluation.eval['precision'][:, :, :, 0, -1]
    per_class = {}
    # In pycocotools' own order.
    for position, category in enumerate(evaluation.params.catIds):
        of_class = precision[:, :, position]
        if (of_class >= 0).any():
            name = truth.loadCats([category])[0]['name']
            per_class[name] = {'AP': float(of_class.mean()), 'AP50': float(of_class[0].mean())}
    metrics = {name: float(evaluation.stats[at]) for name, at in METRICS.items() if evaluation.stats[at] >= 0}
    return Figures({**dict.fromkeys(ALWAYS, 0.0), **metrics}, per_class)


def _results(truth: COCO, found: list[dict[str, Any]]) -> COCO:
    if found:
        return truth.loadRes(found)
    # loadRes fails on an empty list.
    nothing = COCO()
    nothing.dataset = {**truth.dataset, 'annotations': []}
    nothing.createIndex()
    return nothing


def evaluate(job: EvaluateJob) -> dict[str, float]:
    """Emits `evaluated` and `finished`; returns the metrics."""
    device = use_device(job.device, job.threads)
    detector: Any = open_detector(job.config, job.checkpoint, device)
    known: tuple[str, ...] = detector.dataset_meta['classes']
    classes = job.classes or known
    summary = check_dataset(job.data, classes, 'evaluation')
    unknown = [name for name in classes if name not in known]
    emit('started', kind='evaluate', images=summary.images, boxes=summary.boxes, classes=list(classes), unknown=unknown, device=device)
    truth = COCO(str(job.data.annotations))
    id_of = {category['name']: category['id'] for category in truth.dataset['categories'] if category['name'] in classes}
    found: list[dict[str, Any]] = []
    images = truth.loadImgs(truth.getImgIds())
    for index, image in enumerate(images):
        stop_if_asked()
        result = detect_file(detector, job.data.images / image['file_name'], 0.0)
        if 'error' in result:
            raise TrainerError('image-unreadable', result['error'])
        found += _coco_results(result['detections'], image['id'], [id_of.get(name) for name in known])
        emit('progress', iteration=index + 1, iterations=len(images))
    figures = measure(truth, found, [id_of[name] for name in classes])
    emit('evaluated', epoch=None, metrics=figures.metrics, perClass=figures.per_class)
    emit('finished', metrics=figures.metrics, perClass=figures.per_class, images=len(images))
    return figures.metrics


def _coco_results(detections: list[dict[str, Any]], image: int, category_ids: Sequence[int | None]) -> list[dict[str, Any]]:
    """Detections as pycocotools wants them; those whose label has no category are left out."""
    return [
        {
            'image_id': image,
            'category_id': category_ids[box['label']],
            'bbox': [box['x1'], box['y1'], box['x2'] - box['x1'], box['y2'] - box['y1']],
            'score': box['score'],
        }
        for box in detections
        if category_ids[box['label']] is not None
    ]


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.evaluate JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: evaluate(parse_evaluate(Path(sys.argv[1]))) and None)


if __name__ == '__main__':
    sys.exit(main())
