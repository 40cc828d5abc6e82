"""`python -m forelabel_trainer.predict JOB.json`: what MMDetection itself finds on images.

Writes a JSON file, a list in the order of the job's images:
`{file, width, height, detections: [{x1, y1, x2, y2, score, label}], ms}` or `{file, error}`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from .events import claim_stdout, emit, run_job, stop_if_asked

if __name__ == '__main__':
    # Before anything large is imported: MMDetection prints on stdout when a package it could use is absent.
    claim_stdout()

from . import mmcv_ops  # noqa: E402
from .job import PredictJob, parse_predict  # noqa: E402

mmcv_ops.install()

import mmcv  # noqa: E402
import numpy as np  # noqa: E402
from mmdet.apis import inference_detector  # noqa: E402
from torch import nn  # noqa: E402

from .detector import open_detector  # noqa: E402
from .device import use_device  # noqa: E402


def detect_file(detector: nn.Module, path: Path, score_threshold: float) -> dict[str, Any]:
    """One image through `inference_detector`; boxes in pixels of the upright image, best first."""
    started = time.perf_counter()
    try:
        image = mmcv.imread(str(path))
    except (OSError, ValueError) as error:
        return {'file': str(path), 'error': f'{path.name} cannot be read: {error}'}
    if image is None:
        return {'file': str(path), 'error': f'{path.name} is not an image that OpenCV reads.'}
    return {'file': str(path), **detect_pixels(detector, image, score_threshold), 'ms': (time.perf_counter() - started) * 1000}


def detect_pixels(detector: nn.Module, image: np.ndarray, score_threshold: float) -> dict[str, Any]:
    """`image`: uint8 `[h, w, 3]`, BGR."""
    found = inference_detector(detector, image).pred_instances.cpu()
    height, width = image.shape[:2]
    detections = [
        {'x1': x1, 'y1': y1, 'x2': x2, 'y2': y2, 'score': score, 'label': label}
        for (x1, y1, x2, y2), score, label in zip(found.bboxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)
        if score >= score_threshold
    ]
    return {'width': width, 'height': height, 'detections': detections}


def predict(job: PredictJob) -> None:
    """Writes `job.out`."""
    device = use_device(job.device, job.threads)
    detector = open_detector(job.config, job.checkpoint, device)
    emit('started', kind='predict', images=len(job.images), device=device)
    results = []
    for index, path in enumerate(job.images):
        stop_if_asked()
        results.append(detect_file(detector, path, job.score_threshold))
        emit('progress', iteration=index + 1, iterations=len(job.images))
    job.out.parent.mkdir(parents=True, exist_ok=True)
    job.out.write_text(json.dumps(results), encoding='utf-8')
    emit('finished', out=str(job.out), images=len(results), failed=sum('error' in result for result in results))


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.predict JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: predict(parse_predict(Path(sys.argv[1]))))


if __name__ == '__main__':
    sys.exit(main())
