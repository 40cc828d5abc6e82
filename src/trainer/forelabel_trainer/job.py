"""Job files: one JSON file in, parsed and checked, with a message that names the wrong field.

Paths in a job are absolute or relative to the folder of the job file. Jobs are camelCase like every
other JSON of the product; the dataclasses are their Python side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import TrainerError

MODEL_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}')
"""The same rule as `modelName` in the manifest's schema."""


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


class Fields:
    """Reads the fields of one JSON object; every complaint names the field by its path."""

    def __init__(self, data: Any, where: str, folder: Path) -> None:
        if not isinstance(data, dict):
            raise TrainerError('job-invalid', f'{where or "The job"} must be an object.')
        self._data = dict(data)
        self._where = where
        self._folder = folder
        self._seen: set[str] = set()

    def _fail(self, key: str, problem: str) -> TrainerError:
        return TrainerError('job-invalid', f'The job\'s field "{self._where}{key}" {problem}.')

    def raw(self, key: str) -> Any:
        """The value, or None where it is absent."""
        self._seen.add(key)
        return self._data.get(key)

    def text(self, key: str, *, default: str | None = None, choices: Sequence[str] | None = None) -> str:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value == '':
            raise self._fail(key, 'is missing' if value is None else 'must be a text')
        if choices is not None and value not in choices:
            raise self._fail(key, f'must be one of {", ".join(choices)}')
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.raw(key) is None else self.text(key)

    def name(self, key: str) -> str:
        value = self.text(key)
        if MODEL_NAME.fullmatch(value) is None:
            raise self._fail(key, 'may hold letters, digits, dot, underscore and dash only (at most 64)')
        return value

    def integer(self, key: str, *, default: int | None = None, low: int = 1, high: int = 1_000_000) -> int:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._fail(key, 'is missing' if value is None else f'must be a whole number from {low} to {high}')
        return value

    def optional_integer(self, key: str, *, low: int = 1, high: int = 1_000_000) -> int | None:
        return None if self.raw(key) is None else self.integer(key, low=low, high=high)

    def number(self, key: str, *, default: float, low: float, high: float) -> float:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self._fail(key, f'must be a number from {low} to {high}')
        return float(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._fail(key, 'must be true or false')
        return value

    def path(self, key: str) -> Path:
        return (self._folder / self.text(key)).resolve()

    def file(self, key: str) -> Path:
        path = self.path(key)
        if not path.is_file():
            raise TrainerError('file-missing', f'"{self._where}{key}": there is no file {path}.')
        return path

    def optional_file(self, key: str) -> Path | None:
        return None if self.raw(key) is None else self.file(key)

    def folder(self, key: str) -> Path:
        path = self.path(key)
        if not path.is_dir():
            raise TrainerError('file-missing', f'"{self._where}{key}": there is no folder {path}.')
        return path

    def classes(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        if not isinstance(value, list) or not value or not all(isinstance(c, str) and c for c in value):
            raise self._fail(key, 'must be a list of at least one class name')
        if len(set(value)) != len(value):
            raise self._fail(key, 'names a class twice')
        return tuple(value)

    def paths(self, key: str) -> tuple[Path, ...]:
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(p, str) and p for p in value):
            raise self._fail(key, 'must be a list of paths')
        return tuple((self._folder / p).resolve() for p in value)

    def child(self, key: str) -> Fields:
        value = self.raw(key)
        if value is None:
            raise self._fail(key, 'is missing')
        return Fields(value, f'{self._where}{key}.', self._folder)

    def optional_child(self, key: str) -> Fields | None:
        return None if self.raw(key) is None else self.child(key)

    def done(self) -> None:
        """Refuses fields nobody asked for: a typing error must not pass as a default."""
        unknown = sorted(set(self._data) - self._seen)
        if unknown:
            raise self._fail(unknown[0], 'is not known')


def read_job(path: Path, kind: str) -> Fields:
    """Opens a job file and checks that it is one of this kind."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise TrainerError('job-missing', f'The job file {path} cannot be read: {error.strerror}.') from error
    except ValueError as error:
        raise TrainerError('job-invalid', f'The job file {path} is not JSON: {error}.') from error
    fields = Fields(data, '', path.resolve().parent)
    found = fields.text('kind')
    if found != kind:
        raise TrainerError('job-invalid', f'This is a job of kind "{found}"; "{kind}" is wanted here.')
    return fields


def _coco(fields: Fields) -> CocoSource:
    source = CocoSource(annotations=fields.file('annotations'), images=fields.folder('images'))
    fields.done()
    return source


def _device(fields: Fields) -> str:
    return fields.text('device', default='auto', choices=('auto', 'cpu', 'cuda'))


def parse_train(path: Path) -> TrainJob:
    """Reads a training job.

    `name`, `workDir`, `classes`, `epochs`, `base: {config, checkpoint?}`,
    `data: {train: {annotations, images}, val?: {annotations, images}}`; optional: `batchSize` (8),
    `learningRate` (the config's, scaled to the batch), `valInterval` (1), `logInterval` (5),
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
    """Reads an evaluation job: `config`, `checkpoint`, `data: {annotations, images}`; optional `device`, `threads`."""
    fields = read_job(path, 'evaluate')
    job = EvaluateJob(
        config=fields.file('config'),
        checkpoint=fields.file('checkpoint'),
        data=_coco(fields.child('data')),
        device=_device(fields),
        threads=fields.optional_integer('threads', high=1024),
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
