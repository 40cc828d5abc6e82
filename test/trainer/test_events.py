"""Events: one JSON object a line on stdout, whatever else is printed, and one way to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

PROLOGUE = (
    'import os, sys, time\n'
    'from forelabel_trainer.errors import TrainerError\n'
    'from forelabel_trainer.events import emit, note, run_job\n'
)


def run(work: str) -> tuple[int, list[dict], str]:
    """Runs `def work()` as a job: exit code, events, stderr."""
    body = ''.join(f'    {line}\n' for line in work.splitlines())
    code = f'{PROLOGUE}def work():\n{body}sys.exit(run_job(work))\n'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_only_events_reach_stdout() -> None:
    code, events, stderr = run(
        "print('from Python')\nos.system('echo from a child')\n"
        "os.write(1, b'from C\\n')\nemit('progress', loss=1.5)"
    )
    assert code == 0
    assert [event['event'] for event in events] == ['progress']
    assert all(text in stderr for text in ('from Python', 'from a child', 'from C'))


def test_numbers_that_json_lacks_become_null() -> None:
    _, events, _ = run("emit('progress', loss=float('nan'), losses={'a': float('inf'), 'b': [1.0]})")
    assert events[0]['loss'] is None
    assert events[0]['losses'] == {'a': None, 'b': [1.0]}


def test_text_stays_on_its_line() -> None:
    _, events, _ = run("note('odd', 'two\\nlines, größer')")
    assert events[0]['message'] == 'two\nlines, größer'
    assert len(events) == 1


@pytest.mark.parametrize(
    ('work', 'code'),
    [
        ("raise TrainerError('no-images', 'There are no images. Add some.')", 'no-images'),
        ('raise MemoryError', 'out-of-memory'),
        ("raise ValueError('odd')", 'internal'),
    ],
)
def test_a_failure_is_an_event_and_exit_code_1(work: str, code: str) -> None:
    exit_code, events, _ = run(work)
    assert exit_code == 1
    assert (events[-1]['event'], events[-1]['code']) == ('error', code)
    assert events[-1]['message']


def test_what_nobody_expected_leaves_its_trace_on_stderr() -> None:
    _, events, stderr = run("raise ValueError('odd')")
    assert 'odd' in events[-1]['message']
    assert 'Traceback' in stderr


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_job_in_good_order(number: signal.Signals) -> None:
    code = f"{PROLOGUE}def work():\n    emit('started')\n    time.sleep(60)\nsys.exit(run_job(work))\n"
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())['event'] == 'started'
        begun = time.monotonic()
        process.send_signal(number)
        rest = process.stdout.read().splitlines()
        assert process.wait(20) == 143
    assert time.monotonic() - begun < 20
    assert [json.loads(line)['event'] for line in rest] == ['cancelled']
