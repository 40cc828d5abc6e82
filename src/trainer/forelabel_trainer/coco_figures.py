"""mmdet's names of COCO metrics as ours: in 0..1, and absent where there is nothing to measure."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {
    'coco/bbox_mAP': 'AP',
    'coco/bbox_mAP_50': 'AP50',
    'coco/bbox_mAP_75': 'AP75',
    'coco/bbox_mAP_s': 'APs',
    'coco/bbox_mAP_m': 'APm',
    'coco/bbox_mAP_l': 'APl',
}


def figures(metrics: Mapping[str, float] | None) -> dict[str, float]:
    """mmdet gives no metrics at all when the model finds nothing, as in a first epoch: those are zeros."""
    found = {name: float(metrics[key]) for key, name in NAMES.items() if metrics and metrics.get(key, -1) >= 0}
    return found if 'AP' in found else {'AP': 0.0, 'AP50': 0.0, 'AP75': 0.0}
