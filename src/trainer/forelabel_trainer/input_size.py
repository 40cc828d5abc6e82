"""Input size 'fit': the size at which the small boxes of a data set are large enough for the network to see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

SMALL = 0.02
"""Of all boxes, this share may be smaller than `SEEN`: a class of small things can be as rare as one box in twenty, and
single slips of the hand must not decide."""

SEEN = 24.0
"""Pixels of side that a small box should have at the network's input: three places of FCOS's finest level, which has stride 8."""

STEP = 32
"""Sides are multiples of it: the coarsest feature map that is made of the image has this stride, and batches are padded to it."""

LONGEST = 1024
"""Pixels of the longer side at most. Time goes with the area: 1024 takes ten times as long as 320."""


def plan_input_size(
    boxes: Sequence[tuple[float, float, int]], images: Sequence[tuple[int, int]], base_scale: tuple[int, int]
) -> tuple[int, int]:
    """Width and height for `Resize(scale=..., keep_ratio=True)`: `base_scale` or the same shape enlarged.

    The size is the smallest at which all but the smallest fiftieth of the boxes have a side of at least
    `SEEN` pixels (side = square root of the area), within bounds: never smaller than the base, whose
    weights know things of the size they had there; not larger than the images are themselves (the one in
    the middle, by size), for enlarging shows nothing new; not longer than `LONGEST`, unless the base is.

    Photographs of one face, 500 pixels wide, stay at the 320 of the bundled model (the smaller boxes have 110 pixels
    there); 640 x 480 pixels of blood cells, the smallest platelets of which have 35 pixels, become 448.

    :param boxes: width, height and number of its image (position in `images`), in pixels of the image.
    :param images: width and height, in pixels.
    :param base_scale: width and height of the base config's `Resize`.
    """
    if not boxes or not images:
        return base_scale
    factors = [_factor(image, base_scale) for image in images]
    sides = sorted(math.sqrt(width * height) * factors[image] for width, height, image in boxes if width > 0 and height > 0)
    if not sides:
        return base_scale
    needed = SEEN / sides[int(len(sides) * SMALL)]
    # At 1 / factor an image enters the network as it is.
    largest = min(median(1 / factor for factor in factors), LONGEST / max(base_scale))
    steps = max(base_scale) / STEP
    long = min(math.ceil(round(needed * steps, 6)), math.floor(round(largest * steps, 6))) * STEP
    if long <= max(base_scale):
        return base_scale
    width, height = (max(1, round(side * long / max(base_scale) / STEP)) * STEP for side in base_scale)
    return (width, height)


def _factor(image: tuple[int, int], scale: tuple[int, int]) -> float:
    """By which mmcv's `rescale_size` multiplies the sides of an image."""
    return min(max(scale) / max(image), min(scale) / min(image))
