"""JSON Lines events on stdout; everything else that is printed goes to stderr.

Every event is one line, `{"event": <name>, "time": <ISO 8601>, ...}`:

| event | fields |
|---|---|
| started | kind, and what the job is going to do |
| note | code, message: something the user should know; the job goes on |
| progress | epoch, epochs, iteration, iterations, loss, losses, lr, secondsPerIteration, etaSeconds |
| evaluated | epoch (or null), metrics: AP, AP50, ... in 0..1 |
| finished | what came out |
| cancelled | after SIGTERM or SIGINT; exit code 143 |
| error | code, message; exit code 1 |
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

from .errors import Cancelled, TrainerError

_stream: TextIO | None = None


def claim_stdout() -> None:
    """Keeps the real stdout for events and sends every other print, C code included, to stderr."""
    global _stream
    if _stream is not None:
        return
    sys.stdout.flush()
    _stream = os.fdopen(os.dup(1), 'w', encoding='utf-8', newline='\n')
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def emit(event: str, **fields: Any) -> None:
    """Writes one event. NaN and infinity, which JSON lacks, become null."""
    line = {'event': event, 'time': datetime.now(timezone.utc).isoformat(timespec='milliseconds'), **fields}
    stream = _stream or sys.stdout
    stream.write(json.dumps(_finite(line), ensure_ascii=False, allow_nan=False) + '\n')
    stream.flush()


def note(code: str, message: str) -> None:
    """Something the user should know, which does not stop the job."""
    emit('note', code=code, message=message)


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
    claim_stdout()

    def cancel(_signum: int, _frame: Any) -> None:
        # Once: a second signal must not break off the clean-up that the first one started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise Cancelled

    signal.signal(signal.SIGTERM, cancel)
    signal.signal(signal.SIGINT, cancel)
    try:
        work()
    except TrainerError as error:
        emit('error', code=error.code, message=error.message)
        return 1
    except Cancelled:
        emit('cancelled', message='The job was stopped before it was done.')
        return 143
    except MemoryError:
        emit('error', code='out-of-memory', message='Not enough memory. Use a smaller batch or smaller images.')
        return 1
    except Exception as error:  # noqa: BLE001  (the border: every failure becomes an event)
        traceback.print_exc(file=sys.stderr)
        first_line = (str(error).strip().splitlines() or [''])[0]
        emit('error', code='internal', message=f'{type(error).__name__}: {first_line}'.rstrip(': '))
        return 1
    return 0
