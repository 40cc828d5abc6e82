"""Two processes of one training, as `torchrun` starts them, on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TRAINER, Events, coco_source, run_module, train_job


def command(file: Path, module: str = 'forelabel_trainer.train') -> list[str]:
    return [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2', '-m', module, str(file)]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, 'PYTHONPATH': f'{folder}{os.pathsep}{TRAINER}', 'OMP_NUM_THREADS': '1'}


def torchrun(job: dict[str, Any], folder: Path, module: str = 'forelabel_trainer.train') -> tuple[int, Events]:
    file = folder / 'job.json'
    file.write_text(json.dumps(job), encoding='utf-8')
    with (folder / 'torchrun.log').open('w', encoding='utf-8') as log:
        done = subprocess.run(
            command(file, module), stdout=subprocess.PIPE, stderr=log, text=True, check=False, timeout=300, env=environment(folder)
        )
    # Every line is an event of the first process: the second writes none.
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_two_processes_train_one_model(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    demo = ROOT / 'models' / 'demo-face'
    base = {'config': str(demo / 'config.py'), 'checkpoint': str(demo / 'checkpoint.pth')}
    job = train_job(*drawings, tmp_path / 'work', batchSize=4, device='cpu', epochs=2, base=base)
    code, events = torchrun(job, tmp_path)
    assert code == 0, (tmp_path / 'torchrun.log').read_text()[-2000:]
    started = next(event for event in events if event['event'] == 'started')
    assert (started['processes'], started['batchSize']) == (2, 4)
    # 16 images in steps of 2 x 4, at the rate of a batch of 8.
    assert started['iterations'] == 4
    assert started['lr'] == pytest.approx(1e-3)
    assert [event['iteration'] for event in events if event['event'] == 'progress'] == [1, 2, 3, 4]
    assert [event['epoch'] for event in events if event['event'] == 'evaluated'] == [1, 2]
    end = events[-1]
    assert end['event'] == 'finished'
    # What two processes measured together is what one measures on the kept weights.
    evaluation = {'kind': 'evaluate', 'config': end['config'], 'checkpoint': end['checkpoint'], 'data': coco_source(drawings[1]), 'threads': 1}
    code, told = run_module('evaluate', evaluation, tmp_path)
    assert code == 0, told[-1:]
    assert end['metrics']['AP50'] > 0.5
    for name, value in end['metrics'].items():
        assert told[-1]['metrics'].get(name, 0) == pytest.approx(value, abs=2e-3), name

    # And one process can go on with it.
    code, events = run_module('train', {**job, 'epochs': 3, 'batchSize': 8, 'resume': True}, tmp_path)
    assert code == 0, events[-1:]
    assert [event['iteration'] for event in events if event['event'] == 'progress'] == [5, 6]


def test_the_failure_of_another_process_is_told(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """Not as a cancel, though torchrun ends the first process by SIGTERM."""
    (tmp_path / 'second_fails.py').write_text(
        'import os\n'
        'import sys\n'
        'from forelabel_trainer.events import claim_stdout\n'
        'claim_stdout()\n'
        'from forelabel_trainer import train\n'
        'def full():\n'
        "    raise OSError(28, 'No space left on device')\n"
        "if os.environ['RANK'] == '1':\n"
        '    train.wait_for_all = full\n'
        'sys.exit(train.main())\n',
        encoding='utf-8',
    )
    code, events = torchrun(train_job(*drawings, tmp_path / 'work', batchSize=4, device='cpu'), tmp_path, 'second_fails')
    assert code == 1
    assert (events[-1]['event'], events[-1].get('code')) == ('error', 'disk-full'), (tmp_path / 'torchrun.log').read_text()[-2000:]


def test_a_cancel_reaches_every_process(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """SIGTERM to torchrun: the event comes, though torchrun's own exit code is not 143."""
    file = tmp_path / 'job.json'
    file.write_text(json.dumps(train_job(*drawings, tmp_path / 'work', batchSize=4, device='cpu', epochs=50)), encoding='utf-8')
    process = subprocess.Popen(command(file), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(tmp_path))
    assert process.stdout is not None
    events: Events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'progress' and len(events) > 3:
            process.terminate()
            break
    # The pipe closes when the last of them is gone.
    events += [json.loads(line) for line in process.stdout]
    assert process.wait(60) != 0
    assert events[-1]['event'] == 'cancelled'
