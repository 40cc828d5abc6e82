"""A training can be killed at any moment: it goes on where it was, and says what it had to leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import TRAINER, Events, coco_source, run_module, train_job
from forelabel_trainer.run_checkpoints import best_checkpoint, find_resumable, find_result


def start(job: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    """In a process group of its own, as the relay starts it."""
    file = folder / 'job.json'
    file.write_text(json.dumps(job), encoding='utf-8')
    log = (folder / 'train.log').open('a', encoding='utf-8')
    return subprocess.Popen(
        [sys.executable, '-m', 'forelabel_trainer.train', str(file)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
        env={**os.environ, 'PYTHONPATH': str(TRAINER)},
    )


def wait_for(process: subprocess.Popen[str], event: str, **fields: Any) -> Events:
    """Events up to one that is so."""
    assert process.stdout is not None
    events: Events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == event and all(events[-1].get(key) == value for key, value in fields.items()):
            return events
    raise AssertionError(f'{event} {fields} never came; the last was {events[-1:]}')


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path('/proc').glob('[0-9]*'):
        try:
            if (entry / 'stat').read_text().rsplit(') ', 1)[1].split()[1] == str(pid):
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return found


def gone(pids: list[int], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(Path(f'/proc/{pid}').exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def checkpoints(work: Path) -> list[str]:
    return sorted(path.name for path in work.iterdir() if '.pth' in path.name)


def test_killed_then_resumed_then_with_a_damaged_checkpoint(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """One run in four lives: kill -9 in the second epoch and while a checkpoint is written; the newest one cut short."""
    work = tmp_path / 'work'
    job = train_job(*drawings, work, epochs=4)
    process = start(job, tmp_path)
    wait_for(process, 'progress', epoch=2, iteration=3)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    assert 'epoch_1.pth' in checkpoints(work)
    assert (work / 'last_checkpoint').read_text() == 'epoch_1.pth'
    # As a kill within a write leaves it.
    (work / 'epoch_2.pth.part').write_bytes(b'half')

    process = start({**job, 'resume': True}, tmp_path)
    events = wait_for(process, 'evaluated', epoch=3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    assert next(event for event in events if event['event'] == 'started')['resumed']
    assert [event['iteration'] for event in events if event['event'] == 'progress'] == [3, 4, 5, 6]
    assert [event['epoch'] for event in events if event['event'] == 'evaluated'] == [2, 3]
    assert not (work / 'epoch_2.pth.part').exists()
    assert {'epoch_2.pth', 'epoch_3.pth'} <= set(checkpoints(work))

    newest = work / 'epoch_3.pth'
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    code, events = run_module('train', {**job, 'resume': True}, tmp_path)
    assert code == 0, events[-1:]
    damaged = next(event for event in events if event.get('code') == 'checkpoint-damaged')
    assert 'epoch_3.pth' in damaged['message']
    assert 'epoch_2.pth' in next(event for event in events if event.get('code') == 'resumed')['message']
    assert [event['iteration'] for event in events if event['event'] == 'progress'] == [5, 6, 7, 8]
    assert events[-1]['event'] == 'finished'
    # The last two, and the best.
    left = checkpoints(work)
    assert [name for name in left if name.startswith('epoch_')] == ['epoch_3.pth', 'epoch_4.pth']
    assert len(left) == 3
    assert Path(events[-1]['checkpoint']).name in left
    end = torch.load(work / 'epoch_4.pth', weights_only=False)['meta']
    assert (end['epoch'], end['iter']) == (4, 8)

    # Killed in the last validation: it is made up for, and nothing is trained again.
    (work / 'metrics.json').write_text('{}', encoding='utf-8')
    code, events = run_module('train', {**job, 'resume': True}, tmp_path)
    assert code == 0, events[-1:]
    assert [event['epoch'] for event in events if event['event'] == 'evaluated'] == [4]
    assert not [event for event in events if event['event'] == 'progress']

    # Another project's classes are another training.
    code, events = run_module('train', {**job, 'resume': True, 'classes': ['hand'], 'data': {'train': hands(drawings[0], tmp_path)}}, tmp_path)
    assert (code, events[-1]['code']) == (1, 'resume-mismatch')


def hands(folder: Path, out: Path) -> dict[str, str]:
    data = json.loads((folder / 'coco.json').read_text(encoding='utf-8'))
    data['categories'][0]['name'] = 'hand'
    (out / 'hands.json').write_text(json.dumps(data), encoding='utf-8')
    return {**coco_source(folder), 'annotations': str(out / 'hands.json')}


@pytest.mark.skipif(sys.platform != 'linux', reason='looks for processes in /proc')
@pytest.mark.parametrize('whole_group', [False, True], ids=['the process', 'its group'])
def test_a_cancelled_training_leaves_nobody_behind(drawings: tuple[Path, Path], tmp_path: Path, whole_group: bool) -> None:
    """SIGTERM, to the trainer alone or to its group at once: the event, 143, and no process that loads images."""
    process = start(train_job(*drawings, tmp_path / 'work', epochs=50, workers=2), tmp_path)
    wait_for(process, 'progress')
    loaders = children_of(process.pid)
    assert len(loaders) >= 2
    if whole_group:
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    rest = [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 143
    assert rest[-1]['event'] == 'cancelled'
    assert gone(loaders)


@pytest.mark.skipif(sys.platform != 'linux', reason='looks for processes in /proc')
def test_a_signal_while_libraries_are_imported(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    process = start(train_job(*drawings, tmp_path / 'work'), tmp_path)
    before = os.readlink(f'/proc/{process.pid}/fd/1')
    while os.readlink(f'/proc/{process.pid}/fd/1') == before:
        # Until stdout is kept for events, which comes first of all.
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    events = [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 143
    assert events[-1]['event'] == 'cancelled'


def checkpoint(work: Path, name: str, epoch: int, ap: float | None = None) -> None:
    meta: dict[str, Any] = {'epoch': epoch, 'iter': epoch}
    if ap is not None:
        meta['metrics'] = {'AP': ap}
    torch.save({'meta': meta, 'state_dict': {}, 'optimizer': {}, 'message_hub': {}}, work / name)


def test_the_tenth_epoch_comes_after_the_ninth(tmp_path: Path) -> None:
    for epoch in (9, 10):
        checkpoint(tmp_path, f'epoch_{epoch}.pth', epoch)
    assert find_resumable(tmp_path) == tmp_path / 'epoch_10.pth'


def test_nothing_that_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'epoch_2.pth').write_bytes(b'')
    torch.save({'state_dict': {}}, tmp_path / 'epoch_1.pth')
    assert find_resumable(tmp_path) is None
    assert capsys.readouterr().out.count('checkpoint-damaged') == 2


def test_two_best_ones_after_a_kill(tmp_path: Path) -> None:
    """Killed after the new one was written and before the old one was deleted."""
    checkpoint(tmp_path, 'best_coco_bbox_mAP_epoch_3.pth', 3, 0.5)
    checkpoint(tmp_path, 'best_coco_bbox_mAP_epoch_2.pth', 2, 0.6)
    checkpoint(tmp_path, 'epoch_4.pth', 4)
    best = best_checkpoint(tmp_path)
    assert best is not None
    assert best['epoch'] == 2
    (tmp_path / 'best_coco_bbox_mAP_epoch_2.pth').write_bytes(b'half')
    assert find_result(tmp_path, 4)[1] == 3
    (tmp_path / 'best_coco_bbox_mAP_epoch_3.pth').write_bytes(b'half')
    assert find_result(tmp_path, 4)[:2] == (tmp_path / 'epoch_4.pth', 4)
