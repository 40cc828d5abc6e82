"""Which processor MMDetection works on."""

from __future__ import annotations

import mmengine.device.utils as mmengine_device
import torch

from .errors import TrainerError


def use_device(wanted: str, threads: int | None) -> str:
    """Settles 'auto', 'cpu' or 'cuda' for PyTorch and mmengine; returns 'cpu' or 'cuda'.

    'auto' is CUDA or the CPU. Apple's GPU is left alone: MMDetection's losses use float64 and
    operators it does not have.
    """
    if wanted == 'cuda' and not torch.cuda.is_available():
        raise TrainerError(
            'no-gpu', 'No CUDA GPU can be used from here. Choose the device "cpu", or set up the GPU build: npx forelabel setup --cuda'
        )
    device = 'cuda' if wanted != 'cpu' and torch.cuda.is_available() else 'cpu'
    # mmengine settles on a device when it is imported, and asks nobody.
    mmengine_device.DEVICE = device
    if threads is not None:
        torch.set_num_threads(threads)
    return device
