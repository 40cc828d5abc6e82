"""Wrong jobs end at once, with exit code 1 and one error event that names the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import DEMO_CONFIG, train_job
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.job import parse_evaluate, parse_export, parse_predict, parse_train


def write(folder: Path, job: Any) -> Path:
    (folder / 'coco.json').write_text('{}', encoding='utf-8')
    (folder / 'w.pth').write_text('', encoding='utf-8')
    file = folder / 'job.json'
    file.write_text(job if isinstance(job, str) else json.dumps(job), encoding='utf-8')
    return file


def job(folder: Path, **changes: Any) -> dict[str, Any]:
    return train_job(folder, folder, folder / 'work', **changes)


def test_a_train_job_and_its_defaults(tmp_path: Path) -> None:
    whole = job(tmp_path)
    for optional in ('batchSize', 'logInterval', 'workers', 'threads'):
        del whole[optional]
    parsed = parse_train(write(tmp_path, whole))
    assert (parsed.batch_size, parsed.log_interval, parsed.workers, parsed.threads) == (8, 5, 2, None)
    assert (parsed.learning_rate, parsed.val_interval, parsed.seed, parsed.device) == (None, 1, 0, 'auto')
    assert not parsed.amp
    assert not parsed.resume
    assert parsed.config == DEMO_CONFIG
    assert parsed.input_size == 'base'


@pytest.mark.parametrize('size', ['base', 'fit', 64, 2048])
def test_input_sizes(tmp_path: Path, size: int | str) -> None:
    assert parse_train(write(tmp_path, job(tmp_path, inputSize=size))).input_size == size


def test_paths_are_relative_to_the_job_file(tmp_path: Path) -> None:
    source = {'annotations': 'coco.json', 'images': '.'}
    parsed = parse_train(write(tmp_path, job(tmp_path, workDir='work', data={'train': source})))
    assert parsed.work_dir == (tmp_path / 'work').resolve()
    assert parsed.train.annotations == (tmp_path / 'coco.json').resolve()
    assert parsed.val is None


@pytest.mark.parametrize(
    ('changes', 'code', 'said'),
    [
        ({'name': 'a b'}, 'job-invalid', '"name"'),
        ({'epochs': 0}, 'job-invalid', '"epochs"'),
        ({'epochs': True}, 'job-invalid', '"epochs"'),
        ({'epochs': None}, 'job-invalid', '"epochs" is missing'),
        ({'classes': []}, 'job-invalid', '"classes"'),
        ({'classes': ['a', 'a']}, 'job-invalid', 'twice'),
        ({'device': 'tpu'}, 'job-invalid', 'auto, cpu, cuda'),
        ({'inputSize': 63}, 'job-invalid', '"inputSize"'),
        ({'inputSize': 2049}, 'job-invalid', 'from 64 to 2048'),
        ({'inputSize': 'big'}, 'job-invalid', '"fit"'),
        ({'inputSize': True}, 'job-invalid', '"inputSize"'),
        ({'classes': ['\ud83d']}, 'job-invalid', 'half a character'),
        ({'epoch': 3}, 'job-invalid', '"epoch" is not known'),
        ({'base': {}}, 'job-invalid', '"base.config"'),
        ({'base': {'config': 'none.py'}}, 'file-missing', 'none.py'),
        ({'base': {'config': str(DEMO_CONFIG), 'checkpoint': 'none.pth'}}, 'file-missing', 'none.pth'),
        ({'data': {'train': {'annotations': 'none.json', 'images': '.'}}}, 'file-missing', 'none.json'),
        ({'kind': 'export'}, 'job-invalid', '"export"'),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, changes: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(TrainerError) as caught:
        parse_train(write(tmp_path, job(tmp_path, **changes)))
    assert caught.value.code == code
    assert said in caught.value.message


def test_a_job_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match='is not JSON') as caught:
        parse_train(write(tmp_path, '{"kind": '))
    assert caught.value.code == 'job-invalid'


def test_a_job_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrainerError) as caught:
        parse_train(tmp_path / 'none.json')
    assert caught.value.code == 'job-missing'


def test_the_other_jobs(tmp_path: Path) -> None:
    model = {'config': str(DEMO_CONFIG), 'checkpoint': 'w.pth'}
    export = parse_export(write(tmp_path, {'kind': 'export', 'name': 'a', 'outDir': 'out', **model}))
    assert (export.precision, export.classes, export.lineage.metrics) == ('fp32', None, {})
    evaluate = parse_evaluate(write(tmp_path, {'kind': 'evaluate', 'data': {'annotations': 'coco.json', 'images': '.'}, **model}))
    assert evaluate.device == 'auto'
    assert evaluate.classes is None
    predict = parse_predict(write(tmp_path, {'kind': 'predict', 'images': ['a.png'], 'out': 'out.json', **model}))
    assert predict.images == ((tmp_path / 'a.png').resolve(),)
    assert predict.score_threshold == 0


@pytest.mark.parametrize('lineage', [{'dataset': 'abc'}, {'metrics': {'AP': 'high'}}, {'unknown': 1}])
def test_wrong_lineage(tmp_path: Path, lineage: dict[str, Any]) -> None:
    whole = {'kind': 'export', 'name': 'a', 'outDir': 'out', 'config': str(DEMO_CONFIG), 'checkpoint': 'w.pth', 'lineage': lineage}
    with pytest.raises(TrainerError, match='lineage'):
        parse_export(write(tmp_path, whole))
