"""A real training of one epoch, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import Events, coco_source, run_module
from forelabel_trainer.detector import open_detector
from forelabel_trainer.evaluate import evaluate
from forelabel_trainer.golden import golden_input
from forelabel_trainer.job import CocoSource, EvaluateJob


def test_events_are_well_formed(trained: Events) -> None:
    for event in trained:
        assert datetime.fromisoformat(event['time']).tzinfo is not None
    notes = [event['code'] for event in trained if event['event'] == 'note']
    assert notes == ['few-images', 'few-validation']
    told = [event for event in trained if event['event'] != 'note']
    assert [event['event'] for event in told] == ['started', 'progress', 'progress', 'evaluated', 'finished']
    started, first, last, evaluated, finished = told
    assert started['inputSize'] == started['baseInputSize'] == {'width': 320, 'height': 320}
    assert started['head'] is None
    assert started['train'] == {'images': 16, 'boxes': started['train']['boxes'], 'empty': started['train']['empty'], 'perClass': {'face': started['train']['boxes']}}
    assert (first['iteration'], last['iteration'], last['iterations']) == (1, 2, 2)
    assert set(first['losses']) == {'cls', 'bbox', 'centerness'}
    assert first['loss'] == pytest.approx(sum(first['losses'].values()), rel=1e-4)
    assert first['lr'] > 0
    assert first['etaSeconds'] > 0
    assert evaluated['epoch'] == 1
    assert 0 <= evaluated['metrics']['AP'] <= evaluated['metrics']['AP50'] <= 1
    assert finished['metrics'] == evaluated['metrics']
    assert Path(finished['checkpoint']).is_file()
    assert Path(finished['config']).is_file()


def test_the_export_is_complete(exported: Path, trained: Events) -> None:
    assert {file.name for file in exported.iterdir()} == {'model.onnx', 'model.json', 'config.py', 'checkpoint.pth'}
    manifest = json.loads((exported / 'model.json').read_text(encoding='utf-8'))
    onnx = (exported / 'model.onnx').read_bytes()
    assert manifest['files'] == [
        {'precision': 'fp32', 'path': 'model.onnx', 'bytes': len(onnx), 'sha256': hashlib.sha256(onnx).hexdigest()}
    ]
    assert manifest['classes'] == ['face']
    assert manifest['input']['resize'] == {'rule': 'keep-ratio', 'width': 320, 'height': 320}
    assert manifest['lineage']['dataset'] == trained[-1]['dataset']
    assert [level['stride'] for level in manifest['outputs']['levels']] == [8, 16, 32, 64, 128]
    # No bases left behind: the folder can be moved to another machine.
    assert '_base_' not in (exported / 'config.py').read_text(encoding='utf-8')


def heads_of(model: Path) -> tuple[onnxruntime.InferenceSession, list[str]]:
    session = onnxruntime.InferenceSession(str(model / 'model.onnx'), providers=['CPUExecutionProvider'])
    return session, [output.name for output in session.get_outputs()]


def test_the_golden_sample_holds(exported: Path) -> None:
    golden = json.loads((exported / 'model.json').read_text(encoding='utf-8'))['golden']
    session, names = heads_of(exported)
    got = dict(zip(names, session.run(names, {'image': golden_input(golden['width'], golden['height'])}), strict=True))
    assert set(got) == set(golden['outputs'])
    for name, expected in golden['outputs'].items():
        flat = got[name].reshape(-1)
        assert flat.size == expected['size']
        count = len(expected['samples'])
        picked = np.array([flat[k * flat.size // count] for k in range(count)])
        np.testing.assert_allclose(picked, expected['samples'], atol=golden['tolerance'])


@pytest.mark.parametrize(('height', 'width'), [(224, 320), (320, 320), (32, 96)])
def test_onnx_equals_pytorch(exported: Path, trained: Events, height: int, width: int) -> None:
    """Against the training's own checkpoint, on sizes the export has not looked at."""
    detector: Any = open_detector(Path(trained[-1]['config']), Path(trained[-1]['checkpoint']), 'cpu')
    session, names = heads_of(exported)
    image = np.random.default_rng(height).normal(0, 1, (1, 3, height, width)).astype(np.float32)
    with torch.no_grad():
        cls, bbox, centerness = detector.bbox_head(detector.extract_feat(torch.from_numpy(image)))
    for name, got, expected in zip(names, session.run(names, {'image': image}), (*cls, *bbox, *centerness), strict=True):
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_exported_folder_evaluates_and_predicts(exported: Path, drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """config.py and checkpoint.pth are all it takes: they are what a fine-tuning starts from."""
    val = drawings[1]
    config, checkpoint = exported / 'config.py', exported / 'checkpoint.pth'
    metrics = evaluate(EvaluateJob(config, checkpoint, CocoSource(val / 'coco.json', val), 'cpu', 1))
    assert 0 <= metrics['AP'] <= 1
    images = tuple(sorted((val / 'images').iterdir()))
    (tmp_path / 'bad.jpg').write_text('not an image', encoding='utf-8')
    job = {
        'kind': 'predict',
        'config': str(config),
        'checkpoint': str(checkpoint),
        'images': [str(path) for path in (*images, tmp_path / 'bad.jpg')],
        'out': 'out.json',
        'threads': 1,
    }
    # As a process: MMDetection's imports print on stdout, where only events may be.
    code, events = run_module('predict', job, tmp_path)
    assert code == 0, events[-1:]
    assert (events[-1]['images'], events[-1]['failed']) == (5, 1)
    results = json.loads((tmp_path / 'out.json').read_text(encoding='utf-8'))
    assert [result['file'] for result in results[:-1]] == [str(path) for path in images]
    for result in results[:-1]:
        scores = [detection['score'] for detection in result['detections']]
        assert scores == sorted(scores, reverse=True)
        for box in result['detections']:
            assert 0 <= box['x1'] < box['x2'] <= result['width'] + 0.01
            assert 0 <= box['y1'] < box['y2'] <= result['height'] + 0.01
    assert 'bad.jpg' in results[-1]['error']


def test_cancel_then_resume_then_fine_tune_to_other_classes(
    trained: Events, exported: Path, drawings: tuple[Path, Path], tmp_path: Path
) -> None:
    """From the exported checkpoint to two classes; stopped by SIGTERM; gone on with later."""
    two = {}
    for name, folder in zip(('train', 'val'), drawings, strict=True):
        data = json.loads((folder / 'coco.json').read_text(encoding='utf-8'))
        data['categories'] = [{'id': 1, 'name': 'face'}, {'id': 2, 'name': 'hand'}]
        file = tmp_path / f'{name}.json'
        file.write_text(json.dumps(data), encoding='utf-8')
        two[name] = {**coco_source(folder), 'annotations': str(file)}
    job: dict[str, Any] = {
        'kind': 'train',
        'name': 'two',
        'workDir': str(tmp_path / 'work'),
        'classes': ['face', 'hand'],
        'epochs': 3,
        'batchSize': 8,
        'logInterval': 1,
        'workers': 0,
        'threads': 1,
        'base': {'config': str(exported / 'config.py'), 'checkpoint': str(exported / 'checkpoint.pth')},
        'data': two,
    }
    code, events = run_module('train', job, tmp_path, kill_after='evaluated')
    assert code == 143
    assert events[-1]['event'] == 'cancelled'
    started = next(event for event in events if event['event'] == 'started')
    assert started['head'] == {'kept': ['face'], 'added': ['hand'], 'dropped': []}

    code, events = run_module('train', {**job, 'epochs': 2, 'resume': True}, tmp_path)
    assert code == 0, events[-1:]
    started = next(event for event in events if event['event'] == 'started')
    assert started['resumed']
    assert [event['iteration'] for event in events if event['event'] == 'progress'] == [3, 4]
    assert events[-1]['epochs'] == 2
