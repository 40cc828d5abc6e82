"""JSON Lines events on stdout; everything else that is printed goes to stderr.

Every event is one line, `{"event": <name>, "time": <ISO 8601>, ...}`:

| event | fields |
|---|---|
| started | kind, and what the job is going to do (below) |
| note | code, message: something the user should know; the job goes on |
| progress | iteration, iterations; of a training also epoch, epochs, loss, losses, lr, secondsPerIteration, etaSeconds |
| evaluated | epoch (null outside a training), metrics: AP, AP50, ... in 0..1; of an evaluation also perClass: {name: {AP, AP50}} |
| checked | sizes, worst, tolerance: an export equals PyTorch |
| finished | what came out (below) |
| cancelled | after SIGTERM or SIGINT; exit code 143 |
| error | code, message; exit code 1 |

| kind | started | finished |
|---|---|---|
| train | name, device, amp, processes, classes, head: {kept, added, dropped} or null, inputSize and baseInputSize: {width, height}, epochs, iterations, batchSize, lr, parameters, train and val: {images, boxes, empty, perClass}, resumed | checkpoint, config, epoch, epochs, metrics, classes, inputSize, dataset |
| evaluate | images, boxes, classes, unknown, device | metrics, perClass, images |
| export | (none) | model, dir, bytes, classes |
| predict | images, device | out, images, failed |

Of several processes (`torchrun`) the first one writes events, for all of them.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TextIO

from . import torchrun_failures
from .errors import Cancelled, TrainerError

_stream: TextIO | None = None
_stopping = False


def claim_stdout() -> None:
    """Keeps the real stdout for events and sends every other print, C code included, to stderr.

    A signal from here on until `run_job` ends the process at once, with its event: there is nothing to
    clean up while libraries are imported.
    """
    global _stream
    if _stream is not None:
        return
    sys.stdout.flush()
    _stream = os.fdopen(os.dup(1), 'w', encoding='utf-8', newline='\n')
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_now)


def _end_now(_signum: int, _frame: Any) -> None:
    os._exit(_cancelled())


def emit(event: str, **fields: Any) -> None:
    """Writes one event. NaN and infinity, which JSON lacks, become null."""
    if torchrun_failures.rank() != 0:
        return
    line = {'event': event, 'time': datetime.now(timezone.utc).isoformat(timespec='milliseconds'), **fields}
    stream = _stream or sys.stdout
    stream.write(json.dumps(_finite(line), ensure_ascii=False, allow_nan=False) + '\n')
    stream.flush()


def note(code: str, message: str) -> None:
    """Something the user should know, which does not stop the job."""
    emit('note', code=code, message=message)


def stop_if_asked() -> None:
    """For loops: the exception of a signal is lost where it hits a destructor or a callback from C."""
    if _stopping:
        raise Cancelled


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def run_job(work: Callable[[], None]) -> int:
    """Runs a job and turns its end into events and an exit code: 0, 1 (error) or 143 (cancelled)."""
    global _stopping
    claim_stdout()
    _stopping = False

    def cancel(_signum: int, _frame: Any) -> None:
        global _stopping
        # Once: a second signal must not break off the clean-up that the first one started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _stopping = True
        raise Cancelled

    signal.signal(signal.SIGTERM, cancel)
    signal.signal(signal.SIGINT, cancel)
    try:
        work()
    except Cancelled:
        return _cancelled()
    except Exception as error:  # noqa: BLE001  (the border: every failure becomes an event)
        if _stopping:
            # Processes that load images got the same signal, and PyTorch complains of their end.
            return _cancelled()
        return _failed(error)
    return 0


def _cancelled() -> int:
    failure = torchrun_failures.of_another_process()
    if failure is not None:
        emit('error', **failure)
        return 1
    emit('cancelled', message='The job was stopped before it was done.')
    return 143


def _failed(error: Exception) -> int:
    lost = not isinstance(error, TrainerError) or error.code == 'process-died'
    failure = torchrun_failures.of_another_process() if lost else None
    if failure is not None:
        # This process has only felt the end of the other.
        emit('error', **failure)
        return 1
    if isinstance(error, TrainerError):
        code, message = error.code, error.message
    elif isinstance(error, MemoryError):
        code, message = 'out-of-memory', 'Not enough memory. Use a smaller batch or smaller images.'
    else:
        traceback.print_exc(file=sys.stderr)
        first_line = (str(error).strip().splitlines() or [''])[0]
        code, message = 'internal', f'{type(error).__name__}: {first_line}'.rstrip(': ')
    torchrun_failures.tell(code, message)
    emit('error', code=code, message=message)
    return 1
