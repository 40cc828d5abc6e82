"""Trainings at the edges: one image, nothing to learn, no room on the disk, a learning rate beyond reason."""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import TRAINER, coco_source, run_module, train_job
from forelabel_trainer.dataset import DatasetSummary
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.small_data import say_what_is_small
from forelabel_trainer.train_events import TrainingEvents


def part_of(folder: Path, out: Path, images: int, boxes: bool = True) -> dict[str, str]:
    """The first images of a drawn set that have boxes; or these without their boxes."""
    data: dict[str, Any] = json.loads((folder / 'coco.json').read_text(encoding='utf-8'))
    with_boxes = {annotation['image_id'] for annotation in data['annotations']}
    data['images'] = [image for image in data['images'] if image['id'] in with_boxes][:images]
    ids = {image['id'] for image in data['images']}
    data['annotations'] = [annotation for annotation in data['annotations'] if boxes and annotation['image_id'] in ids]
    out.write_text(json.dumps(data), encoding='utf-8')
    return {**coco_source(folder), 'annotations': str(out)}


def test_one_image_is_enough_and_is_said(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """Fewer than the batch, no validation; Adam keeps its rate with a batch of one."""
    data = {'train': part_of(drawings[0], tmp_path / 'one.json', 1)}
    code, events = run_module('train', train_job(*drawings, tmp_path / 'work', epochs=2, data=data), tmp_path)
    assert code == 0, events[-1:]
    notes = {event['code'] for event in events if event['event'] == 'note'}
    assert {'few-images', 'small-batch', 'few-boxes', 'no-validation'} <= notes
    started = next(event for event in events if event['event'] == 'started')
    assert started['iterations'] == 2
    assert started['lr'] == pytest.approx(1e-3)
    assert events[-1]['checkpoint'].endswith('epoch_2.pth')
    assert events[-1]['metrics'] == {}


def test_no_boxes_is_told_before_anything_is_written(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    data = {'train': part_of(drawings[0], tmp_path / 'none.json', 3, boxes=False)}
    code, events = run_module('train', train_job(*drawings, tmp_path / 'work', data=data), tmp_path)
    assert (code, events[-1]['code']) == (1, 'no-boxes')
    assert not (tmp_path / 'work').exists()


def test_a_full_disk(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """The checkpoint does not fit: told in words, and no half of it by its name."""
    work = tmp_path / 'work'
    file = tmp_path / 'job.json'
    file.write_text(json.dumps(train_job(*drawings, work)), encoding='utf-8')
    done = subprocess.run(
        [sys.executable, '-m', 'forelabel_trainer.train', str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'PYTHONPATH': str(TRAINER)},
        # A file larger than 2 MB fails to grow, as on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)),
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last['event'], last['code']) == (1, 'error', 'disk-full'), done.stderr[-2000:]
    assert 'resume' in last['message']
    assert [path.name for path in work.iterdir() if '.pth' in path.name] == []


def test_too_little_memory(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """Real: an input of 2048 pixels and a batch of all images within a few GB of address space."""
    file = tmp_path / 'job.json'
    file.write_text(json.dumps(train_job(*drawings, tmp_path / 'work', batchSize=16, inputSize=2048)), encoding='utf-8')
    done = subprocess.run(
        [sys.executable, '-m', 'forelabel_trainer.train', str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'PYTHONPATH': str(TRAINER)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3_500_000_000, 3_500_000_000)),
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last['event'], last['code']) == (1, 'error', 'out-of-memory'), done.stderr[-2000:]
    assert 'smaller images' in last['message']


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path, value: float) -> None:
    hook = TrainingEvents(1, tmp_path / 'metrics.json')
    with pytest.raises(TrainerError, match='lower learning rate') as caught:
        hook.after_train_iter(SimpleNamespace(epoch=2), 0, outputs={'loss': value, 'loss_cls': 1.0})
    assert caught.value.code == 'diverged'
    assert 'epoch 3' in caught.value.message


def summary(images: int, **per_class: int) -> DatasetSummary:
    return DatasetSummary(images, sum(per_class.values()), 0, per_class, '0' * 64)


def notes_of(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {event['code']: event['message'] for event in map(json.loads, capsys.readouterr().out.splitlines())}


def test_enough_data_needs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    say_what_is_small(summary(200, cat=300, dog=40), summary(50, cat=60, dog=10), 8)
    assert notes_of(capsys) == {}


def test_small_data_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    say_what_is_small(summary(6, cat=9, dog=0, cow=2), summary(3, cat=0), 16)
    notes = notes_of(capsys)
    assert set(notes) == {'few-images', 'small-batch', 'class-empty', 'few-boxes', 'no-validation-boxes'}
    assert 'dog' in notes['class-empty']
    assert 'cow (2)' in notes['few-boxes']
    assert 'cat' not in notes['few-boxes']
