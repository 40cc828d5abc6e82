"""`python -m forelabel_trainer.evaluate JOB.json`: COCO metrics of a model on annotated images.

The boxes come from `inference_detector` and the numbers from pycocotools, with 100 boxes an image
and its usual areas. The event `evaluated` carries them in 0..1: AP (IoU 0.50:0.95), AP50, AP75, APs,
APm, APl (boxes below 32², up to 96², above; absent where there are none) and AR (at 100 boxes).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from . import mmcv_ops
from .errors import TrainerError
from .events import claim_stdout, emit, run_job
from .job import EvaluateJob, parse_evaluate

if __name__ == '__main__':
    # Before MMDetection is imported: it prints on stdout when a package it could use is absent.
    claim_stdout()

mmcv_ops.install()

from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

from .dataset import check_dataset  # noqa: E402
from .detector import open_detector  # noqa: E402
from .device import use_device  # noqa: E402
from .predict import detect_file  # noqa: E402

METRICS = {'AP': 0, 'AP50': 1, 'AP75': 2, 'APs': 3, 'APm': 4, 'APl': 5, 'AR': 8}
"""Positions in `COCOeval.stats`."""


def coco_metrics(annotations: Path, found: list[dict[str, Any]], category_ids: list[int]) -> dict[str, float]:
    """pycocotools' figures for `found`, COCO results; 0 where nothing was found."""
    if not found:
        return {'AP': 0.0, 'AP50': 0.0, 'AP75': 0.0, 'AR': 0.0}
    truth = COCO(str(annotations))
    evaluation = COCOeval(truth, truth.loadRes(found), 'bbox')
    evaluation.params.catIds = category_ids
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {name: float(evaluation.stats[at]) for name, at in METRICS.items() if evaluation.stats[at] >= 0}


def evaluate(job: EvaluateJob) -> dict[str, float]:
    """Emits `evaluated` and `finished`; returns the metrics."""
    device = use_device(job.device, job.threads)
    detector: Any = open_detector(job.config, job.checkpoint, device)
    classes = detector.dataset_meta['classes']
    summary = check_dataset(job.data, classes, 'evaluation')
    emit('started', kind='evaluate', images=summary.images, boxes=summary.boxes, classes=list(classes), device=device)
    truth = COCO(str(job.data.annotations))
    category_ids = truth.getCatIds(catNms=list(classes))
    found: list[dict[str, Any]] = []
    images = truth.loadImgs(truth.getImgIds())
    for index, image in enumerate(images):
        result = detect_file(detector, job.data.images / image['file_name'], 0.0)
        if 'error' in result:
            raise TrainerError('image-unreadable', result['error'])
        for box in result['detections']:
            x1, y1 = box['x1'], box['y1']
            found.append(
                {
                    'image_id': image['id'],
                    'category_id': category_ids[box['label']],
                    'bbox': [x1, y1, box['x2'] - x1, box['y2'] - y1],
                    'score': box['score'],
                }
            )
        emit('progress', iteration=index + 1, iterations=len(images))
    metrics = coco_metrics(job.data.annotations, found, category_ids)
    emit('evaluated', epoch=None, metrics=metrics)
    emit('finished', metrics=metrics, images=len(images))
    return metrics


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.evaluate JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: evaluate(parse_evaluate(Path(sys.argv[1]))) and None)


if __name__ == '__main__':
    sys.exit(main())
