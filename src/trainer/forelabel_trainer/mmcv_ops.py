"""`mmcv.ops` in plain torch, so that MMDetection runs on mmcv-lite and nothing is compiled.

mmcv-lite has no `mmcv._ext`, hence no `mmcv.ops`. MMDetection guards its imports of it, so a module
of that name which offers what FCOS needs is enough: `nms`, `batched_nms`, `sigmoid_focal_loss`.
Call `install()` before the first import of `mmdet`; every other operator stays absent, and a model
that needs one (deformable convolution, RoIAlign) fails with MMDetection's own message.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import torch
from torch import Tensor


def nms(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    offset: int = 0,
    score_threshold: float = 0,
    max_num: int = -1,
) -> tuple[Tensor, Tensor]:
    """Greedy non-maximum suppression with mmcv's rules.

    A box is dropped when its IoU with a kept box of higher score is **greater** than
    `iou_threshold`. Areas and IoU are float32; equal scores keep their order.

    :param boxes: `[n, 4]` x1, y1, x2, y2.
    :param scores: `[n]`.
    :param offset: 1 where x2 and y2 are inclusive, 0 otherwise.
    :param score_threshold: when above 0, only scores strictly above it take part.
    :param max_num: when above 0, at most this many are kept.
    :returns: `dets [k, 5]` (box, score) by descending score, and `keep [k]`, indices into `boxes`.
    """
    if offset not in (0, 1):
        raise ValueError(f'offset must be 0 or 1, not {offset}')
    if boxes.ndim != 2 or boxes.size(1) != 4 or scores.shape != boxes.shape[:1]:
        raise ValueError(f'boxes {tuple(boxes.shape)} and scores {tuple(scores.shape)} do not belong together')
    order = torch.argsort(scores.detach(), descending=True, stable=True)
    if score_threshold > 0:
        order = order[scores[order] > score_threshold]
    order_np = order.cpu().numpy()
    kept = _greedy(boxes.detach().float().cpu().numpy()[order_np], iou_threshold, offset)
    if max_num > 0:
        kept = kept[:max_num]
    keep = torch.from_numpy(order_np[kept]).to(boxes.device)
    return torch.cat([boxes[keep], scores[keep, None]], dim=1), keep


def _greedy(boxes: np.ndarray, iou_threshold: float, offset: int) -> np.ndarray:
    """Indices kept of `boxes [n, 4]` (float32, best first)."""
    x1, y1, x2, y2 = boxes.T
    one = np.float32(offset)
    areas = (x2 - x1 + one) * (y2 - y1 + one)
    alive = np.ones(len(boxes), dtype=bool)
    kept: list[int] = []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = np.flatnonzero(alive[i + 1 :]) + i + 1
        if len(rest) == 0:
            break
        width = np.minimum(x2[i], x2[rest]) - np.maximum(x1[i], x1[rest]) + one
        height = np.minimum(y2[i], y2[rest]) - np.maximum(y1[i], y1[rest]) + one
        inter = np.maximum(width, np.float32(0)) * np.maximum(height, np.float32(0))
        with np.errstate(divide='ignore', invalid='ignore'):
            iou = inter / (areas[i] + areas[rest] - inter)
        alive[rest[iou > np.float32(iou_threshold)]] = False
    return np.asarray(kept, dtype=np.int64)


def batched_nms(
    boxes: Tensor,
    scores: Tensor,
    idxs: Tensor,
    nms_cfg: dict[str, Any] | None,
    class_agnostic: bool = False,
) -> tuple[Tensor, Tensor]:
    """NMS within each class, with mmcv's rules.

    The classes are kept apart by moving class c by `c * (boxes.max() + 1)` in float32; from
    `split_thr` boxes on (10,000) each class goes through NMS by itself instead. Without a config
    there is no suppression, only the order by score.

    :param idxs: `[n]` class index of each box.
    :param nms_cfg: `dict(type='nms', iou_threshold=..., [class_agnostic, split_thr, max_num, ...])`.
    :returns: `dets [k, 5]` by descending score, and `keep [k]`.
    """
    if nms_cfg is None:
        sorted_scores, keep = scores.sort(descending=True, stable=True)
        return torch.cat([boxes[keep], sorted_scores[:, None]], dim=1), keep

    options = dict(nms_cfg)
    class_agnostic = options.pop('class_agnostic', class_agnostic)
    kind = options.pop('type', 'nms')
    if kind != 'nms':
        raise NotImplementedError(f"NMS of type '{kind}' needs a compiled mmcv; Forelabel offers 'nms' only")
    split_thr = options.pop('split_thr', 10000)
    if boxes.numel() == 0:
        return torch.cat([boxes, scores[:, None]], dim=1), torch.zeros(0, dtype=torch.long, device=boxes.device)

    if class_agnostic:
        shifted = boxes
    else:
        shift = idxs.to(boxes) * (boxes.max() + torch.ones((), dtype=boxes.dtype, device=boxes.device))
        shifted = boxes + shift[:, None]

    if len(boxes) < split_thr:
        _, keep = nms(shifted, scores, **options)
    else:
        max_num = options.pop('max_num', -1)
        parts = []
        for label in torch.unique(idxs):
            members = torch.nonzero(idxs == label).flatten()
            parts.append(members[nms(shifted[members], scores[members], **options)[1]])
        kept = torch.cat(parts).sort().values  # equal scores: in the order of the boxes
        keep = kept[scores[kept].sort(descending=True, stable=True).indices]
        if max_num > 0:
            keep = keep[:max_num]
    return torch.cat([boxes[keep], scores[keep, None]], dim=1), keep


def sigmoid_focal_loss(
    pred: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: float = 0.25,
    weight: Tensor | None = None,
    reduction: str = 'mean',
) -> Tensor:
    """Focal loss (Lin et al., 2017) as mmcv's CUDA operator computes it; differentiable.

    MMDetection calls it when the predictions are on a GPU.

    :param pred: `[n, C]` logits.
    :param target: `[n]` class ids; C means background.
    :param weight: `[C]` a factor for each class, or None.
    :param reduction: 'none' (gives `[n, C]`), 'mean' (the sum divided by n) or 'sum'.
    """
    classes = pred.size(1)
    positive = torch.nn.functional.one_hot(target.long(), classes + 1)[:, :classes].to(torch.bool)
    logits = pred.float()
    p = logits.sigmoid()
    loss_pos = -alpha * (1 - p).pow(gamma) * torch.nn.functional.logsigmoid(logits)
    loss_neg = -(1 - alpha) * p.pow(gamma) * torch.nn.functional.logsigmoid(-logits)
    loss = torch.where(positive, loss_pos, loss_neg)
    if weight is not None:
        loss = loss * weight.to(loss)[None, :]
    loss = loss.to(pred.dtype)
    if reduction == 'none':
        return loss
    if reduction == 'sum':
        return loss.sum()
    if reduction == 'mean':
        return loss.sum() / max(1, pred.size(0))
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', not '{reduction}'")


def install() -> None:
    """Registers the operators above as `mmcv.ops`, unless a compiled mmcv has its own."""
    import mmcv

    if 'mmcv.ops' in sys.modules:
        return
    try:
        import mmcv._ext  # noqa: F401  (a full mmcv: its operators are the real ones)
    except ImportError:
        pass
    else:
        return
    if 'mmdet' in sys.modules:
        raise RuntimeError('mmcv_ops.install() must run before mmdet is imported')
    ops = types.ModuleType('mmcv.ops')
    ops.__path__ = []  # a package without submodules: `mmcv.ops.roi_align` is an ImportError
    ops.nms = nms
    ops.batched_nms = batched_nms
    ops.sigmoid_focal_loss = sigmoid_focal_loss
    sys.modules['mmcv.ops'] = ops
    mmcv.ops = ops
