"""The size at which images enter the network, and what in a config follows it.

mmcv and mmdet write the sizes of a transform as (width, height), those of a whole batch the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from .dataset import DatasetSummary
from .detector_config import network_scale, plain, resize_step, test_pipeline
from .events import note
from .input_size import plan_input_size

Scale = tuple[int, int]
"""Width and height, in pixels."""

SIZED: Mapping[str, tuple[str, ...]] = {
    'Resize': ('scale',),
    'FixShapeResize': ('width', 'height'),
    'RandomResize': ('scale',),
    'RandomChoiceResize': ('scales',),
    'ResizeShortestEdge': ('scale', 'max_size'),
    'RandomCrop': ('crop_size',),
    'CenterCrop': ('crop_size',),
    'RandomCenterCropPad': ('crop_size', 'border'),
    'Pad': ('size',),
    'Mosaic': ('img_scale',),
    'CachedMosaic': ('img_scale',),
    'MixUp': ('img_scale',),
    'CachedMixUp': ('img_scale',),
    'RandomAffine': ('border',),
    'BatchFixedSizePad': ('size',),
    'BatchSyncRandomResize': ('random_size_range',),
}
"""Fields in pixels of the transforms that have such."""

HEIGHT_FIRST = ('BatchFixedSizePad',)


def long_side(base: Scale, pixels: int) -> Scale:
    """`base` enlarged or shrunk so that its longer side has `pixels`."""
    factor = pixels / max(base)
    return (max(1, round(base[0] * factor)), max(1, round(base[1] * factor)))


def scaled_transforms(node: Any, base: Scale, wanted: Scale) -> Any:
    """A copy of a pipeline, lists of alternatives within it included, all pixels of which follow `wanted / base`."""
    if base == wanted:
        return node
    if isinstance(node, (list, tuple)):
        return type(node)(scaled_transforms(item, base, wanted) for item in node)
    if not isinstance(node, dict):
        return node
    sized = SIZED.get(node.get('type', ''), ())
    if 'relative' in str(node.get('crop_type')):
        sized = ()
    factors = {'width': (wanted[0] / base[0],) * 2, 'height': (wanted[1] / base[1],) * 2}
    both = (wanted[0] / base[0], wanted[1] / base[1])
    if node.get('type') in HEIGHT_FIRST:
        both = (both[1], both[0])
    return {
        key: _scaled(value, factors.get(key, both)) if key in sized else scaled_transforms(value, base, wanted)
        for key, value in node.items()
    }


def _scaled(value: Any, factors: tuple[float, float]) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return _pixels(value, max(factors))
    if isinstance(value, (list, tuple)) and len(value) == 2 and not isinstance(value[0], (list, tuple)):
        return type(value)(_pixels(side, factor) for side, factor in zip(value, factors, strict=True))
    if isinstance(value, (list, tuple)):
        return type(value)(_scaled(item, factors) for item in value)
    return value


def _pixels(side: float, factor: float) -> int:
    """Zero stays zero, and below it (a border) the sign stays."""
    return round(side * factor) or (1 if side > 0 else 0)


def scaled_test_pipeline(base: Config, wanted: Scale) -> list[Any]:
    """The base's test pipeline for images of another size."""
    scale = network_scale(base)
    steps: list[Any] = scaled_transforms([plain(step) for step in test_pipeline(base)], scale, wanted)
    if scale != wanted:
        # Exactly, whatever rounding has made of it: the manifest and the base's own evaluation go by it.
        resize = resize_step(steps)
        if resize['type'] == 'FixShapeResize':
            resize |= {'width': wanted[0], 'height': wanted[1]}
        else:
            resize['scale'] = wanted
    return steps


def choose_scale(base: Config, wanted_size: int | str, data: DatasetSummary) -> Scale:
    """What a job's `inputSize` comes to: the base's size, one that fits the boxes, or one with that long side."""
    scale = network_scale(base)
    if wanted_size == 'base':
        return scale
    if wanted_size == 'fit':
        wanted = plan_input_size(data.box_sizes, data.image_sizes, scale)
    else:
        wanted = long_side(scale, int(wanted_size))
    if wanted != scale:
        note('input-size', f'Images enter the network at {wanted[0]} x {wanted[1]} pixels instead of {scale[0]} x {scale[1]}.')
    return wanted
