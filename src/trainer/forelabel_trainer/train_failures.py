"""What PyTorch and the system say when a training run dies, in words that help."""

from __future__ import annotations

import errno
import urllib.error

import torch

from .errors import TrainerError


def explain(error: BaseException) -> TrainerError | None:
    """The known failure that `error` is, or None."""
    text = str(error)
    if isinstance(error, torch.cuda.OutOfMemoryError) or 'CUDA out of memory' in text:
        return TrainerError('gpu-out-of-memory', 'The GPU has not enough memory for this. Halve the batch size, or train on smaller images.')
    if isinstance(error, MemoryError) or "can't allocate memory" in text or 'not enough memory' in text:
        return TrainerError('out-of-memory', 'Not enough memory. Halve the batch size, train on smaller images, or close other programs.')
    if 'DataLoader worker' in text and ('exited unexpectedly' in text or 'killed' in text):
        return TrainerError('worker-died', 'A process that loads images was killed, most likely for want of memory. Train with fewer workers (0 or 1).')
    if isinstance(error, RuntimeError) and ('Connection closed by peer' in text or 'Connection reset by peer' in text):
        return TrainerError('process-died', 'Another process of this training died, most likely for want of memory. Take a smaller batch or fewer processes, and look at the log.')
    # torch.save reports a full disk as a failed stream of its own.
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)) or 'No space left on device' in text or 'PytorchStreamWriter failed writing' in text:
        return TrainerError('disk-full', 'The disk is full. Free some space and resume the training: it goes on from the last checkpoint.')
    if isinstance(error, urllib.error.URLError):
        return TrainerError(
            'download-failed',
            f'The pretrained backbone cannot be downloaded ({error.reason}). Give a checkpoint to start from, or connect to the internet.',
        )
    return None
