"""A process of several (`torchrun`) must not outlive the launcher.

The launcher gives each process a session of its own, so that killing the launcher's process group leaves
them: they would train on, with nobody to stop them, beside the next attempt.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_launcher() -> None:
    """From now on this process is killed when its launcher dies (Linux; elsewhere nothing happens)."""
    if 'TORCHELASTIC_RUN_ID' not in os.environ or sys.platform != 'linux':
        return
    launcher = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It died just before: then nobody will tell.
    if os.getppid() != launcher:
        os._exit(1)
