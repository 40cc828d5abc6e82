"""One process or several of a training (`torchrun`), as the environment says."""

from __future__ import annotations

import os
from typing import Any

import torch
from mmengine.hooks import EMAHook, Hook
from torch import distributed

from .torchrun_parent import end_with_launcher


def process_count() -> int:
    return int(os.environ.get('WORLD_SIZE', '1'))


def join_processes(device: str) -> None:
    """Meets the others; mmengine would, but it wants a GPU for it."""
    if process_count() == 1 or distributed.is_initialized():
        return
    end_with_launcher()
    if device == 'cuda':
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    distributed.init_process_group('nccl' if device == 'cuda' else 'gloo')


def wait_for_all() -> None:
    """Until every process has come here."""
    if distributed.is_initialized():
        distributed.barrier()


def leave_processes() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


class SameBuffers(Hook):
    """Averages what gradients do not: the batch statistics, those of averaged weights included.

    Without it each process validates a model of its own, and the first one's is kept.
    """

    priority = 'NORMAL'

    def after_train_epoch(self, runner: Any) -> None:
        if not distributed.is_initialized():
            return
        models = [runner.model, *(hook.ema_model for hook in runner.hooks if isinstance(hook, EMAHook))]
        for model in models:
            for buffer in model.buffers():
                if buffer.is_floating_point():
                    distributed.all_reduce(buffer)
                    buffer /= distributed.get_world_size()
