"""The stand-ins for mmcv's operators against slow and obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from forelabel_trainer.mmcv_ops import batched_nms, nms, sigmoid_focal_loss
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss


def iou(a: np.ndarray, b: np.ndarray) -> np.float32:
    """In float32, as mmcv does it."""
    area = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    width = max(np.float32(0), min(a[2], b[2]) - max(a[0], b[0]))
    height = max(np.float32(0), min(a[3], b[3]) - max(a[1], b[1]))
    inter = width * height
    return inter / (area[0] + area[1] - inter)


def oracle(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """Every box against every box that was kept."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda k: (-scores[k], k)):
        if all(not iou(boxes[k], boxes[i]) > np.float32(threshold) for k in kept):
            kept.append(i)
    return kept


def random_boxes(rng: np.random.Generator, count: int, tied: bool) -> tuple[np.ndarray, np.ndarray]:
    corner = rng.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 40, (count, 2))], axis=1).astype(np.float32)
    scores = rng.integers(0, 5, count) / 4 if tied else rng.uniform(0, 1, count)
    return boxes, scores.astype(np.float32)


@pytest.mark.parametrize('seed', range(20))
def test_nms_equals_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes, scores = random_boxes(rng, int(rng.integers(1, 80)), tied=seed % 2 == 0)
    threshold = float(rng.choice([0.3, 0.5, 0.6]))
    dets, keep = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    assert keep.tolist() == oracle(boxes, scores, threshold)
    assert torch.equal(dets[:, :4], torch.from_numpy(boxes)[keep])
    assert torch.equal(dets[:, 4], torch.from_numpy(scores)[keep])


def test_nms_keeps_a_box_at_exactly_the_threshold() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 2]])  # IoU 0.5
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.49)[1].tolist() == [0]


@pytest.mark.parametrize('seed', range(6))
def test_batched_nms_is_nms_within_each_class(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    boxes, scores = random_boxes(rng, 60, tied=False)
    labels = rng.integers(0, 3, 60)
    # mmcv's own way of keeping classes apart, rounding in float32 included
    shifted = boxes + (labels.astype(np.float32) * (boxes.max() + np.float32(1)))[:, None]
    _, keep = batched_nms(
        torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(labels), {'type': 'nms', 'iou_threshold': 0.5}
    )
    assert keep.tolist() == oracle(shifted, scores, 0.5)


def test_batched_nms_across_classes_when_asked() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4]])
    scores, labels = torch.tensor([0.5, 0.9]), torch.tensor([0, 1])
    apart = {'type': 'nms', 'iou_threshold': 0.5}
    assert batched_nms(boxes, scores, labels, apart)[1].tolist() == [1, 0]
    assert batched_nms(boxes, scores, labels, {**apart, 'class_agnostic': True})[1].tolist() == [1]


def test_batched_nms_of_nothing() -> None:
    dets, keep = batched_nms(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0), {'type': 'nms', 'iou_threshold': 0.5})
    assert dets.shape == (0, 5)
    assert keep.shape == (0,)


def test_batched_nms_refuses_another_kind() -> None:
    with pytest.raises(NotImplementedError, match='soft_nms'):
        batched_nms(torch.zeros(1, 4), torch.zeros(1), torch.zeros(1), {'type': 'soft_nms'})


def test_focal_loss_equals_mmdetections_on_the_cpu() -> None:
    torch.manual_seed(0)
    target = torch.randint(0, 4, (50,))  # 3 is the background
    one_hot = torch.nn.functional.one_hot(target, 4)[:, :3].float()
    ours = torch.randn(50, 3, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    loss = sigmoid_focal_loss(ours, target, 2.0, 0.25, None, 'sum')
    expected = py_sigmoid_focal_loss(theirs, one_hot, gamma=2.0, alpha=0.25, reduction='sum')
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
