"""Failures of the machine, in words that help."""

from __future__ import annotations

import errno
import urllib.error

import pytest
import torch
from forelabel_trainer.train_failures import explain


@pytest.mark.parametrize(
    ('error', 'code'),
    [
        (torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB'), 'gpu-out-of-memory'),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), 'out-of-memory'),
        (RuntimeError('DataLoader worker (pid 12) is killed by signal: Killed.'), 'worker-died'),
        (OSError(errno.ENOSPC, 'No space left on device'), 'disk-full'),
        (RuntimeError('PytorchStreamWriter failed writing file data/3: file write failed'), 'disk-full'),
        (OSError(errno.EFBIG, 'File too large'), 'disk-full'),
        (RuntimeError('[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:5'), 'process-died'),
        (urllib.error.URLError('timed out'), 'download-failed'),
        (RuntimeError('something else'), None),
    ],
)
def test_known_failures(error: Exception, code: str | None) -> None:
    told = explain(error)
    assert (told.code if told else None) == code
