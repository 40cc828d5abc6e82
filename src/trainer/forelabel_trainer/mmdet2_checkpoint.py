"""Names of weights in checkpoints of MMDetection 1.x and 2.x, and of wrappers around a model, as 3.x knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar('T')

WRAPPER = 'module.'
"""In front of every name that `DataParallel` has saved."""

FIRST_HEAD = {'fcos_cls': 'conv_cls', 'fcos_reg': 'conv_reg', 'fcos_centerness': 'conv_centerness'}
"""Before 2.0 (`AnchorFreeHead._load_from_state_dict` of mmdet)."""


def current_names(state: Mapping[str, T]) -> dict[str, T]:
    """The same weights by the names of today."""
    return {current_name(name): value for name, value in state.items()}


def current_name(name: str) -> str:
    parts = name.removeprefix(WRAPPER).split('.')
    if parts[0] == 'bbox_head' and len(parts) > 1:
        parts[1] = FIRST_HEAD.get(parts[1], parts[1])
    return '.'.join(parts)


def renamed(state: Mapping[str, object]) -> list[str]:
    """What `current_names` changes, in a few words each; for a note."""
    said = []
    if any(name.startswith(WRAPPER) for name in state):
        said.append(f'"{WRAPPER}" in front of every name left out')
    for old, new in FIRST_HEAD.items():
        if any(name.removeprefix(WRAPPER).startswith(f'bbox_head.{old}.') for name in state):
            said.append(f'bbox_head.{old} is bbox_head.{new} now')
    return said
