"""The sample that every engine must reproduce before it is used (see `goldenSchema` of the manifest)."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = 64
SAMPLES = 16
TOLERANCE = 1e-3


def golden_input(width: int, height: int) -> np.ndarray:
    """float32 `[1, 3, height, width]` with element i = ((i * 2654435761 mod 2^32) >> 8) / 2^24 * 4 - 2."""
    index = np.arange(3 * height * width, dtype=np.uint64)
    scrambled = (index * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    unit = (scrambled >> np.uint64(8)).astype(np.float64) / 2**24
    return (unit * 4 - 2).astype(np.float32).reshape(1, 3, height, width)


def golden_outputs(outputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """`samples` at the flat indices floor(k * size / count), for each output."""
    golden = {}
    for name, tensor in outputs.items():
        flat = tensor.reshape(-1)
        count = min(SAMPLES, flat.size)
        golden[name] = {'size': int(flat.size), 'samples': [float(flat[k * flat.size // count]) for k in range(count)]}
    return golden


def golden_spec(outputs: dict[str, np.ndarray]) -> dict[str, Any]:
    return {'width': SIZE, 'height': SIZE, 'tolerance': TOLERANCE, 'outputs': golden_outputs(outputs)}
