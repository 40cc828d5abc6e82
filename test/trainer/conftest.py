"""What the trainer's tests share: drawn images, one real training, its export."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ROOT / 'src' / 'trainer'
DEMO_CONFIG = ROOT / 'models' / 'demo-face' / 'config.py'
CALTECH = Path(os.environ.get('FORELABEL_DATA') or ROOT.parent / 'shared' / 'data') / 'caltech_faces'

sys.path.insert(0, str(TRAINER))
from forelabel_trainer import mmcv_ops  # noqa: E402

mmcv_ops.install()
import torch  # noqa: E402

# Here and in every job below: two threads that spin for each other take minutes on a busy machine, one takes seconds.
torch.set_num_threads(1)

Events = list[dict[str, Any]]


def pytest_report_header() -> str:
    if CALTECH.is_dir():
        return f'photographs: {CALTECH.name}'
    return 'photographs: none here (the Caltech faces of ../shared/data are absent); drawings take their place'


def run_module(module: str, job: dict[str, Any], folder: Path, kill_after: str | None = None) -> tuple[int, Events]:
    """Runs a module as the relay does; returns its exit code and events.

    :param kill_after: name of the event after which the process gets SIGTERM.
    """
    file = folder / f'{module}-job.json'
    file.write_text(json.dumps(job), encoding='utf-8')
    with (folder / f'{module}.log').open('w', encoding='utf-8') as log:
        process = subprocess.Popen(
            [sys.executable, '-m', f'forelabel_trainer.{module}', str(file)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(TRAINER)},
        )
        assert process.stdout is not None
        events: Events = []
        for line in process.stdout:
            # Every line is an event: nothing that a library prints gets in between.
            events.append(json.loads(line))
            if events[-1]['event'] == kill_after:
                process.send_signal(signal.SIGTERM)
                kill_after = None
        return process.wait(timeout=60), events


def draw(out: Path, count: int, seed: int) -> Path:
    """Drawn portraits as a COCO set; returns its folder."""
    node = os.environ.get('FORELABEL_NODE', 'node')
    script = ROOT / 'scripts' / 'portraits' / 'dataset.mjs'
    subprocess.run([node, str(script), '--out', str(out), '--count', str(count), '--seed', str(seed)], check=True, cwd=ROOT)
    return out


def coco_source(folder: Path) -> dict[str, str]:
    return {'annotations': str(folder / 'coco.json'), 'images': str(folder)}


def train_job(train: Path, val: Path, work: Path, **changes: Any) -> dict[str, Any]:
    """A small training from scratch with the demo model's config."""
    return {
        'kind': 'train',
        'name': 'tiny',
        'workDir': str(work),
        'classes': ['face'],
        'epochs': 1,
        'batchSize': 8,
        'logInterval': 1,
        'workers': 0,
        'threads': 1,
        'base': {'config': str(DEMO_CONFIG)},
        'data': {'train': coco_source(train), 'val': coco_source(val)},
        **changes,
    }


@pytest.fixture(scope='session')
def drawings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """16 for training and 4 for validation."""
    folder = tmp_path_factory.mktemp('drawings')
    return draw(folder / 'train', 16, 11), draw(folder / 'val', 4, 12)


@pytest.fixture(scope='session')
def trained(drawings: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Events:
    """The events of a real one-epoch training; the last names the files."""
    folder = tmp_path_factory.mktemp('training')
    code, events = run_module('train', train_job(*drawings, folder / 'work'), folder)
    assert code == 0, events[-1:]
    return events


@pytest.fixture(scope='session')
def exported(trained: Events, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the exported model."""
    folder = tmp_path_factory.mktemp('export')
    end = trained[-1]
    job = {
        'kind': 'export',
        'name': 'tiny',
        'config': end['config'],
        'checkpoint': end['checkpoint'],
        'outDir': str(folder / 'tiny'),
        'lineage': {'dataset': end['dataset'], 'epochs': end['epoch'], 'metrics': end['metrics']},
    }
    code, events = run_module('export', job, folder)
    assert code == 0, events[-1:]
    return folder / 'tiny'
