"""MMDetection with a compiled NMS, as it has with the full mmcv, where torchvision is installed beside PyTorch.

The trainer's environment has none, and `mmcv_ops.nms` is written in NumPy: some tenths of a millisecond slower on a CPU, and
on a GPU it waits for the boxes to come to the CPU.
"""

from __future__ import annotations

from forelabel_trainer import mmcv_ops
from torch import Tensor, cat


def use_compiled_nms() -> str:
    """Puts torchvision's operator in the place of `mmcv_ops.nms`. Returns whose NMS is used, for people."""
    try:
        import torchvision
    except (ImportError, OSError, RuntimeError):  # the last two: one that was built for another PyTorch
        return f'NumPy {mmcv_ops.np.__version__}'
    in_numpy = mmcv_ops.nms

    def nms(
        boxes: Tensor,
        scores: Tensor,
        iou_threshold: float,
        offset: int = 0,
        score_threshold: float = 0,
        max_num: int = -1,
    ) -> tuple[Tensor, Tensor]:
        if offset != 0 or score_threshold > 0:
            return in_numpy(boxes, scores, iou_threshold, offset, score_threshold, max_num)
        keep = torchvision.ops.nms(boxes, scores, iou_threshold)
        if max_num > 0:
            keep = keep[:max_num]
        return cat([boxes[keep], scores[keep, None]], dim=1), keep

    mmcv_ops.nms = nms
    return f'torchvision {torchvision.__version__}'
