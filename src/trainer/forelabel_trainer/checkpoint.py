"""Checkpoints: read, checked against the model, and written with their weights alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .errors import TrainerError


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The whole checkpoint. It is a pickle: only files the user trusts may come here."""
    if not path.is_file():
        raise TrainerError('checkpoint-missing', f'There is no checkpoint {path}. Give the .pth file of the training run.')
    try:
        data = torch.load(path, map_location='cpu', weights_only=False)
    except Exception as error:
        raise TrainerError(
            'checkpoint-unreadable', f'{path.name} is not a complete PyTorch checkpoint ({type(error).__name__}). Copy it again or take another.'
        ) from error
    if not isinstance(data, dict):
        raise TrainerError('checkpoint-unreadable', f'{path.name} holds no weights. Give the .pth file of the training run.')
    return data


def weights_of(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """`state_dict` in float32, whatever precision it was stored in."""
    state = checkpoint.get('state_dict', checkpoint)
    return {k: v.float() if isinstance(v, Tensor) and v.is_floating_point() else v for k, v in state.items() if isinstance(v, Tensor)}


def stored_classes(checkpoint: dict[str, Any]) -> tuple[str, ...] | None:
    """Names in label order, where the checkpoint tells them."""
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    names = meta.get('classes') or meta.get('CLASSES')
    if not names:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def load_weights(model: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    """Loads all of them or says which do not fit."""
    expected = model.state_dict()
    wrong = [
        f'{key} is {list(weights[key].shape)} in the checkpoint and {list(tensor.shape)} in the config'
        for key, tensor in expected.items()
        if key in weights and weights[key].shape != tensor.shape
    ]
    missing = [key for key in expected if key not in weights and not key.endswith('num_batches_tracked')]
    if not wrong and not missing:
        model.load_state_dict(weights, strict=False)
        return
    found = wrong[0] if wrong else f'{len(missing)} weights are missing, the first is {missing[0]}'
    classes = any('conv_cls' in line for line in wrong)
    advice = 'The number of classes differs: set num_classes and the class names to those of the training.' if classes else 'Take the config that the model was trained with.'
    raise TrainerError('class-count' if classes else 'checkpoint-mismatch', f'{name} does not fit the config: {found}. {advice}')


def rounded_kernels(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights with every convolution kernel rounded to half precision, in float32.

    Biases and norms weigh nothing and steer much: they stay as they are.
    """
    return {k: v.half().float() if _is_kernel(v) else v for k, v in weights.items()}


def write_checkpoint(target: Path, weights: dict[str, Tensor], classes: tuple[str, ...], *, halve: bool) -> None:
    """Weights and class names; no optimizer, no history. Loads everywhere that `load_from` does.

    :param halve: kernels are stored in half precision; nothing is lost where they have been rounded before.
    """
    state = {k: v.half() if halve and _is_kernel(v) else v for k, v in weights.items()}
    torch.save({'meta': {'dataset_meta': {'classes': list(classes)}}, 'state_dict': state}, target)


def _is_kernel(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.ndim == 4
