"""Checkpoints: read, checked against the model, and written with their weights alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .errors import TrainerError
from .mmdet2_checkpoint import current_names

PARTS = ('backbone.', 'neck.', 'bbox_head.')
"""Of a detector. What else a checkpoint may hold (`ema_...`, `teacher...`) is no part of the network."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The whole checkpoint. It is a pickle: only files the user trusts may come here."""
    if not path.is_file():
        raise TrainerError('checkpoint-missing', f'There is no checkpoint {path}. Give the .pth file of the training run.')
    try:
        data = torch.load(path, map_location='cpu', weights_only=False)
    except (ModuleNotFoundError, AttributeError) as error:
        raise TrainerError(
            'checkpoint-unreadable',
            f'{path.name} holds objects of other software ({error}). Save it again where that is installed: torch.save with "state_dict" and "meta" alone.',
        ) from error
    except Exception as error:
        raise TrainerError(
            'checkpoint-unreadable',
            f'{path.name} ({path.stat().st_size:,} bytes) is not a complete PyTorch checkpoint ({type(error).__name__}). Copy it again or take another.',
        ) from error
    if not isinstance(data, dict):
        raise TrainerError('checkpoint-unreadable', f'{path.name} holds no weights. Give the .pth file of the training run.')
    return data


def stored_state(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Weights by the names that the checkpoint has for them."""
    state = checkpoint.get('state_dict', checkpoint)
    return state if isinstance(state, dict) else {}


def weights_of(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """`state_dict` in float32, whatever precision it was stored in, by MMDetection 3's names."""
    state = current_names({k: v for k, v in stored_state(checkpoint).items() if isinstance(v, Tensor)})
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


def stored_classes(checkpoint: dict[str, Any]) -> tuple[str, ...] | None:
    """Names in label order, where the checkpoint tells them: `dataset_meta` of 3.x, or `CLASSES` of 2.x."""
    meta = checkpoint.get('meta') or {}
    dataset = meta.get('dataset_meta') or {}
    names = dataset.get('classes') or dataset.get('CLASSES') or meta.get('CLASSES')
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
    # A deeper network than the config's would load without a word, and detect nothing right.
    unknown = [key for key in weights if key.startswith(PARTS) and key not in expected and not key.endswith('num_batches_tracked')]
    if not wrong and not missing and not unknown:
        model.load_state_dict(weights, strict=False)
        return
    if any('conv_offset' in key for key in unknown):
        raise TrainerError(
            'dcn', f'{name} was trained with deformable convolutions (DCN), for which ONNX Runtime has no operator. Train without DCN.'
        )
    if not set(weights) & set(expected):
        raise TrainerError(
            'checkpoint-mismatch', f'{name} holds no weights of this detector ({_some(weights)}). Give the .pth file of its training run.'
        )
    found = (wrong or [f'{len(keys)} weights are {what}, {_some(keys)}' for keys, what in ((missing, 'missing in the checkpoint'), (unknown, 'not in the config')) if keys])[0]
    classes = any('conv_cls' in line for line in wrong)
    advice = 'The number of classes differs: set num_classes and the class names to those of the training.' if classes else 'Take the config that the model was trained with.'
    raise TrainerError('class-count' if classes else 'checkpoint-mismatch', f'{name} does not fit the config: {found}. {advice}')


def _some(keys: Iterable[str]) -> str:
    first = next(iter(keys), None)
    return 'nothing' if first is None else f'the first is {first}'


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
