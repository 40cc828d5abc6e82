"""Job files: one JSON file in, parsed and checked, with a message that names the wrong field.

Paths in a job are absolute or relative to the folder of the job file. Jobs are camelCase like every
other JSON of the product; the dataclasses are their Python side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import TrainerError
from .job_fields import Fields, read_job


@dataclass(frozen=True)
class CocoSource:
    """A COCO annotation file and the folder its `file_name`s are relative to."""

    annotations: Path
    images: Path


@dataclass(frozen=True)
class TrainJob:
    """`{"kind": "train", ...}`; see `parse_train`."""

    name: str
    work_dir: Path
    config: Path
    checkpoint: Path | None
    classes: tuple[str, ...]
    train: CocoSource
    val: CocoSource | None
    epochs: int
    batch_size: int
    learning_rate: float | None
    val_interval: int
    log_interval: int
    workers: int
    threads: int | None
    seed: int
    device: str
    amp: bool
    resume: bool
    input_size: int | str = 'base'
    """'base', 'fit' (to the boxes), or the long side in pixels."""
    augmentation: str = 'base'
    """'base' (its own training pipeline) or 'light' (`fine_tuning.py`)."""


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from; goes into the manifest as it is."""

    parent: str | None = None
    dataset: str | None = None
    epochs: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    date: str | None = None


@dataclass(frozen=True)
class ExportJob:
    """`{"kind": "export", ...}`; see `parse_export`."""

    name: str
    config: Path
    checkpoint: Path
    classes: tuple[str, ...] | None
    out_dir: Path
    precision: str
    lineage: Lineage


@dataclass(frozen=True)
class EvaluateJob:
    """`{"kind": "evaluate", ...}`; see `parse_evaluate`."""

    config: Path
    checkpoint: Path
    data: CocoSource
    device: str
    threads: int | None
    classes: tuple[str, ...] | None = None
    """What to measure: classes of the data file. None: those of the model."""


@dataclass(frozen=True)
class PredictJob:
    """`{"kind": "predict", ...}`; see `parse_predict`."""

    config: Path
    checkpoint: Path
    images: tuple[Path, ...]
    out: Path
    score_threshold: float
    device: str
    threads: int | None


def _coco(fields: Fields) -> CocoSource:
    source = CocoSource(annotations=fields.file('annotations'), images=fields.folder('images'))
    fields.done()
    return source


def _device(fields: Fields) -> str:
    return fields.text('device', default='auto', choices=('auto', 'cpu', 'cuda'))


def parse_train(path: Path) -> TrainJob:
    """Reads a training job.

    `name`, `workDir`, `classes`, `epochs`, `base: {config, checkpoint?}`,
    `data: {train: {annotations, images}, val?: {annotations, images}}`; optional: `batchSize` (8,
    of each process), `learningRate` (the config's, scaled to the batch), `inputSize` ("base", "fit" or the
    long side in pixels), `augmentation` ("base" or "light"), `valInterval` (1), `logInterval` (5),
    `workers` (2), `threads`, `seed` (0), `device` (auto, cpu, cuda), `amp`, `resume`.
    """
    fields = read_job(path, 'train')
    base = fields.child('base')
    data = fields.child('data')
    val = data.optional_child('val')
    rate = fields.number('learningRate', default=0.0, low=0.0, high=10.0)
    job = TrainJob(
        name=fields.name('name'),
        work_dir=fields.path('workDir'),
        config=base.file('config'),
        checkpoint=base.optional_file('checkpoint'),
        classes=fields.classes('classes'),
        train=_coco(data.child('train')),
        val=None if val is None else _coco(val),
        epochs=fields.integer('epochs'),
        batch_size=fields.integer('batchSize', default=8, high=1024),
        learning_rate=rate or None,
        val_interval=fields.integer('valInterval', default=1),
        log_interval=fields.integer('logInterval', default=5),
        workers=fields.integer('workers', default=2, low=0, high=64),
        threads=fields.optional_integer('threads', high=1024),
        seed=fields.integer('seed', default=0, low=0, high=2**31 - 1),
        device=_device(fields),
        amp=fields.flag('amp'),
        resume=fields.flag('resume'),
        input_size=fields.size('inputSize'),
        augmentation=fields.text('augmentation', default='base', choices=('base', 'light')),
    )
    for part in (base, data, fields):
        part.done()
    return job


def parse_export(path: Path) -> ExportJob:
    """Reads an export job.

    `name`, `config`, `checkpoint`, `outDir`; optional: `classes` (checked against the config),
    `precision` (fp32, or fp16 for weights stored in half), `lineage: {parent, dataset, epochs, metrics, date}`.
    """
    fields = read_job(path, 'export')
    lineage = fields.optional_child('lineage')
    job = ExportJob(
        name=fields.name('name'),
        config=fields.file('config'),
        checkpoint=fields.file('checkpoint'),
        classes=None if fields.raw('classes') is None else fields.classes('classes'),
        out_dir=fields.path('outDir'),
        precision=fields.text('precision', default='fp32', choices=('fp32', 'fp16')),
        lineage=Lineage() if lineage is None else _lineage(lineage),
    )
    fields.done()
    return job


def _lineage(fields: Fields) -> Lineage:
    dataset = fields.optional_text('dataset')
    if dataset is not None and re.fullmatch(r'[0-9a-f]{64}', dataset) is None:
        raise TrainerError('job-invalid', 'The job\'s field "lineage.dataset" must be a SHA-256 in small hex digits.')
    metrics = fields.raw('metrics') or {}
    if not isinstance(metrics, dict) or not all(
        isinstance(v, (int, float)) and not isinstance(v, bool) for v in metrics.values()
    ):
        raise TrainerError('job-invalid', 'The job\'s field "lineage.metrics" must be an object of numbers.')
    lineage = Lineage(
        parent=fields.optional_text('parent'),
        dataset=dataset,
        epochs=fields.optional_integer('epochs', low=0),
        metrics={str(k): float(v) for k, v in metrics.items()},
        date=fields.optional_text('date'),
    )
    fields.done()
    return lineage


def parse_evaluate(path: Path) -> EvaluateJob:
    """Reads an evaluation job: `config`, `checkpoint`, `data: {annotations, images}`; optional `classes`
    (those of the data file to measure; default: the model's), `device`, `threads`."""
    fields = read_job(path, 'evaluate')
    job = EvaluateJob(
        config=fields.file('config'),
        checkpoint=fields.file('checkpoint'),
        data=_coco(fields.child('data')),
        device=_device(fields),
        threads=fields.optional_integer('threads', high=1024),
        classes=None if fields.raw('classes') is None else fields.classes('classes'),
    )
    fields.done()
    return job


def parse_predict(path: Path) -> PredictJob:
    """Reads a prediction job: `config`, `checkpoint`, `images` (paths), `out`; optional `scoreThreshold` (0), `device`, `threads`."""
    fields = read_job(path, 'predict')
    job = PredictJob(
        config=fields.file('config'),
        checkpoint=fields.file('checkpoint'),
        images=fields.paths('images'),
        out=fields.path('out'),
        score_threshold=fields.number('scoreThreshold', default=0.0, low=0.0, high=1.0),
        device=_device(fields),
        threads=fields.optional_integer('threads', high=1024),
    )
    fields.done()
    return job
