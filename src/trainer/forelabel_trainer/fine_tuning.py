"""Augmentation 'light': what a model that can see already needs in order to learn new things soon.

A base brings the training pipeline that made it. The bundled face model's shrinks pictures to a third and lays four
in one, so that faces come in all sizes: what is small to begin with vanishes in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CROP = 0.75
"""Of the sides, at least: things come up to a third larger than in the test pipeline."""

SHRUNK = (0.75, 1.0)
"""And up to a quarter smaller. Never is an image larger than it is there, so that no step takes longer."""


def light_pipeline(loading: Sequence[dict[str, Any]], size: tuple[int, int], keep_ratio: bool) -> list[Any]:
    """A part of the image, a little larger or smaller, in a little other light, mirrored or not.

    :param loading: the base's pipeline, of which the steps that load are taken.
    :param size: width and height of the test pipeline's `Resize`; `keep_ratio` its way.
    """
    return [
        *(step for step in loading if str(step.get('type')).startswith('Load')),
        {'type': 'RandomCrop', 'crop_size': (CROP, CROP), 'crop_type': 'relative_range', 'allow_negative_crop': True},
        {'type': 'RandomResize', 'scale': size, 'ratio_range': SHRUNK, 'keep_ratio': keep_ratio},
        # Unlike PhotoMetricDistortion it never swaps colours: they tell one kind of cell from another. Before the
        # flip, whose view of the pixels OpenCV does not write to.
        {'type': 'YOLOXHSVRandomAug', 'hue_delta': 5, 'saturation_delta': 30, 'value_delta': 30},
        {'type': 'RandomFlip', 'prob': 0.5},
        {'type': 'PackDetInputs'},
    ]
