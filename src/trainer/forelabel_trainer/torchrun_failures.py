"""Why a process of several died, told to the first one, which alone writes events.

torchrun gives each process a file for its error (`TORCHELASTIC_ERROR_FILE`, `.../<rank>/error.json`) and,
when one dies, ends the others by SIGTERM: without a look at those files that would pass for a cancel.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

VARIABLE = 'TORCHELASTIC_ERROR_FILE'


def rank() -> int:
    """0 for the only process, or the first of several."""
    return int(os.environ.get('RANK', '0'))


def tell(code: str, message: str) -> None:
    """Leaves the failure of this process for torchrun and for the first process."""
    file = os.environ.get(VARIABLE)
    if file is None:
        return
    failure = {
        'message': {'message': message, 'code': code, 'extraInfo': {'py_callstack': '', 'timestamp': str(int(time.time()))}},
    }
    try:
        Path(file).write_text(json.dumps(failure), encoding='utf-8')
    except OSError:
        # A full disk, perhaps, which is then the failure: it is in the log.
        print(f'{code}: {message}', flush=True)


def of_another_process() -> dict[str, str] | None:
    """`{code, message}` of a process that failed before this one was told to stop, or lost touch with it."""
    file = os.environ.get(VARIABLE)
    if file is None or rank() != 0:
        return None
    for other in sorted(Path(file).parent.parent.glob('*/error.json')):
        if other == Path(file):
            continue
        try:
            told = json.loads(other.read_text(encoding='utf-8'))['message']
            return {'code': str(told['code']), 'message': str(told['message'])}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
