"""mmengine's Runner, with files that are whole or absent, and with several processes on a CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mmengine.device import get_device
from mmengine.dist import master_only
from mmengine.model import MMDistributedDataParallel, is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from .config_text import write_config

PART = '.part'
"""Ending of a checkpoint that is being written."""


class TrainingRunner(Runner):
    """A Runner whose work folder can be resumed from, whenever it is killed."""

    @master_only
    def dump_config(self) -> None:
        write_config(self.cfg, Path(self.work_dir) / 'config.py')

    @master_only
    def save_checkpoint(self, out_dir: str, filename: str, **options: Any) -> None:
        """Under another name first: a checkpoint that is there by its own name is complete."""
        target = Path(out_dir) / filename
        part = target.with_name(target.name + PART)
        try:
            super().save_checkpoint(str(out_dir), part.name, **options)
            with part.open('rb+') as file:
                os.fsync(file.fileno())
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """mmengine names a GPU to torch even where there is none."""
        if not self.distributed or get_device() != 'cpu' or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        return MMDistributedDataParallel(module=model, broadcast_buffers=False)
