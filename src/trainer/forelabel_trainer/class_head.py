"""The class layer of a checkpoint, made to follow the classes of a job.

MMDetection loads `bbox_head.conv_cls` row by row, by position, and drops it without a word when the
number of classes differs. Here each row goes with the name of its class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

WEIGHT = 'bbox_head.conv_cls.weight'
BIAS = 'bbox_head.conv_cls.bias'

BIAS_PROB = 0.01
"""What a fresh class takes every place for, before it has learned (Lin et al., 2017; `init_cfg` of mmdet's FCOSHead)."""

STD = 0.01
"""Of a fresh class's weights; the same source."""


@dataclass(frozen=True)
class HeadChange:
    """Class names by what became of them, each in its own order."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]


def adapt_class_layer(
    weights: dict[str, Tensor], stored: Sequence[str], classes: Sequence[str], seed: int
) -> tuple[dict[str, Tensor], HeadChange]:
    """A copy of `weights` whose class layer has a row for each of `classes`, in their order.

    Rows of classes that `stored` names are copied. The others start like those of an untrained head:
    weights from a normal distribution, and the bias at which the probability is `BIAS_PROB`.

    :param weights: `conv_cls.weight [C, features, 3, 3]` and `.bias [C]`, C = number of `stored`.
    :param stored: names in label order; empty when nobody knows them: then every class starts fresh.
    """
    old_weight, old_bias = weights[WEIGHT], weights[BIAS]
    generator = torch.Generator().manual_seed(seed)
    weight = torch.empty((len(classes), *old_weight.shape[1:])).normal_(0, STD, generator=generator)
    bias = torch.full((len(classes),), -math.log((1 - BIAS_PROB) / BIAS_PROB))
    row_of = {name: row for row, name in enumerate(stored)}
    for row, name in enumerate(classes):
        if name in row_of:
            weight[row] = old_weight[row_of[name]]
            bias[row] = old_bias[row_of[name]]
    change = HeadChange(
        kept=tuple(name for name in classes if name in row_of),
        added=tuple(name for name in classes if name not in row_of),
        dropped=tuple(name for name in stored if name not in set(classes)),
    )
    return {**weights, WEIGHT: weight, BIAS: bias}, change


def describe(change: HeadChange) -> str:
    """For people."""
    parts = [
        f'{title}: {", ".join(names)}.'
        for title, names in (
            ('Kept from the base model', change.kept),
            ('New, learned from nothing', change.added),
            ('Left out', change.dropped),
        )
        if names
    ]
    return f'The classes differ from those of the base model. {" ".join(parts)}'
