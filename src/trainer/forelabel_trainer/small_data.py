"""What few images mean for a training, said before it starts."""

from __future__ import annotations

from .dataset import DatasetSummary
from .events import note

FEW_IMAGES = 20
FEW_VALIDATION = 10
FEW_BOXES = 5
"""Below these numbers the notes are given: rules of thumb, no limits."""


def say_what_is_small(train: DatasetSummary, val: DatasetSummary | None, batch: int) -> None:
    """Notes only; one image is enough to train."""
    if train.images < FEW_IMAGES:
        note('few-images', f'There are only {train.images} training images. The model may learn them by heart: annotate more, and look at its first boxes closely.')
    if train.images < batch:
        note('small-batch', f'The batch of {batch} is larger than the {train.images} training images: each step sees them all.')
    none = [name for name, count in train.per_class.items() if count == 0]
    if none:
        note('class-empty', f'No training image has a box of {", ".join(none)}: the model cannot learn it. Annotate some, or leave the class out.')
    few = [f'{name} ({count})' for name, count in train.per_class.items() if 0 < count < FEW_BOXES]
    if few:
        note('few-boxes', f'Classes with few boxes to learn from: {", ".join(few)}. Annotate more of them.')
    if val is None:
        note('no-validation', 'There are no validation images: the last checkpoint counts, and nobody knows how good it is.')
    elif val.boxes == 0:
        note('no-validation-boxes', f'The {val.images} validation images have no box: the metrics are 0, and the last checkpoint counts. Annotate more images.')
    elif val.images < FEW_VALIDATION:
        note('few-validation', f'There are only {val.images} validation images: the metrics may be far from the truth.')
