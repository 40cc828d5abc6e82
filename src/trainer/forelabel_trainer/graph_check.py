"""Whether an exported graph computes what PyTorch does, and the golden sample that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import torch

from .errors import TrainerError
from .events import emit
from .golden import SIZE, golden_input, golden_spec
from .onnx_graph import RawHeads

CHECKED_SIZES = ((64, 64), (96, 160), (256, 192))
"""Height and width of the inputs on which ONNX Runtime must agree with PyTorch."""

TOLERANCE = 5e-4
"""Greatest `difference`, whatever the precision: kernels are rounded before the export, so that PyTorch and ONNX
Runtime compute with the same numbers. Rounding alone came to 2e-6 in the shipped networks, and to 1.3e-4 in thin ones,
whose group norms divide by the spread of two numbers; a graph that is wrong is wrong by far more."""


def check_graph(onnx_bytes: bytes, heads: RawHeads, names: list[str], strides: Sequence[int]) -> dict[str, Any]:
    """Compares ONNX Runtime with PyTorch on several sizes; returns the manifest's golden sample.

    Throws `TrainerError` 'export-differs'.
    """
    session = onnxruntime.InferenceSession(onnx_bytes, providers=['CPUExecutionProvider'])
    worst, where = 0.0, ''
    golden: dict[str, Any] = {}
    for height, width in CHECKED_SIZES:
        image = golden_input(width, height)
        got = dict(zip(names, session.run(names, {'image': image}), strict=True))
        with torch.no_grad():
            expected = [tensor.numpy() for tensor in heads(torch.from_numpy(image))]
        for index, (name, reference) in enumerate(zip(names, expected, strict=True)):
            if not np.isfinite(reference).all():
                raise TrainerError('export-differs', f'With these weights PyTorch itself gives values in {name} that are no numbers. Take another epoch of the training.')
            if got[name].shape != reference.shape or not np.isfinite(got[name]).all():
                raise TrainerError('export-differs', f'The exported graph gives a wrong shape or a non-finite value in {name}. This model cannot be exported.')
            unit = strides[index % len(strides)] if name.startswith('bbox') else 1
            found = difference(got[name], reference, unit)
            if found > worst:
                worst, where = found, name
        if (height, width) == (SIZE, SIZE):
            golden = golden_spec(got)
    if worst > TOLERANCE:
        raise TrainerError(
            'export-differs', f'The exported graph differs from PyTorch by {worst:.2e} in {where} (allowed: {TOLERANCE:.0e}). This model cannot be exported.'
        )
    emit('checked', sizes=[list(size) for size in CHECKED_SIZES], worst=worst, tolerance=TOLERANCE)
    return golden


def difference(got: np.ndarray, expected: np.ndarray, unit: float) -> float:
    """Greatest |got - expected| / max(unit, |expected|).

    :param unit: 1 for logits. Distances of a `norm_on_bbox` head are numbers near 1 times the stride, and their
        rounding errors are too: for them, the stride.
    """
    return float((np.abs(got - expected) / np.maximum(unit, np.abs(expected))).max())
