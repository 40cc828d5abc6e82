"""The stand-ins for mmcv's operators against slow and obvious ones."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from forelabel_trainer import mmcv_ops
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


def test_nms_takes_only_scores_above_the_threshold() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [10, 0, 14, 4], [20, 0, 24, 4]])
    scores = torch.tensor([0.3, 0.5, 0.4])
    dets, keep = nms(boxes, scores, 0.5, score_threshold=0.3)
    assert keep.tolist() == [1, 2]  # strictly above
    assert dets[:, 4].tolist() == pytest.approx([0.5, 0.4])
    assert nms(boxes, scores, 0.5, score_threshold=0.9)[0].shape == (0, 5)


def test_nms_below_the_threshold_suppresses_nobody() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4]])
    assert nms(boxes, torch.tensor([0.2, 0.1]), 0.5, score_threshold=0.15)[1].tolist() == [0]


def test_nms_keeps_the_best_max_num() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [10, 0, 14, 4], [20, 0, 24, 4]])
    scores = torch.tensor([0.3, 0.5, 0.4])
    assert nms(boxes, scores, 0.5, max_num=2)[1].tolist() == [1, 2]
    assert nms(boxes, scores, 0.5, max_num=0)[1].tolist() == [1, 2, 0]


def test_nms_offset_makes_corners_inclusive() -> None:
    boxes = torch.tensor([[0.0, 0, 3, 3], [0, 2, 3, 5]])  # 4 x 4 with 8 in common: 1/3; without the offset 1/5
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.3, offset=1)[1].tolist() == [0]
    assert nms(boxes, scores, 0.3, offset=0)[1].tolist() == [0, 1]
    with pytest.raises(ValueError, match='offset'):
        nms(boxes, scores, 0.3, offset=2)


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('max_num', [-1, 7])
def test_many_boxes_go_class_by_class(seed: int, max_num: int) -> None:
    """From `split_thr` boxes on; the same boxes in the same order as all at once."""
    rng = np.random.default_rng(200 + seed)
    boxes, scores = (torch.from_numpy(a) for a in random_boxes(rng, 80, tied=True))
    labels = torch.from_numpy(rng.integers(0, 3, 80))
    options = {'type': 'nms', 'iou_threshold': 0.5, 'max_num': max_num}
    at_once = batched_nms(boxes, scores, labels, options)
    by_class = batched_nms(boxes, scores, labels, {**options, 'split_thr': 80})
    assert torch.equal(by_class[1], at_once[1])
    assert torch.equal(by_class[0], at_once[0])
    if max_num > 0:
        assert len(by_class[1]) == max_num


def test_the_class_by_class_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each class that is there, each with its own boxes."""
    seen = []
    monkeypatch.setattr(mmcv_ops, 'nms', lambda boxes, scores, **_: seen.append(len(boxes)) or (None, torch.arange(len(boxes))))
    boxes, labels = torch.rand(6, 4), torch.tensor([0, 2, 2, 0, 2, 5])
    batched_nms(boxes, torch.rand(6), labels, {'type': 'nms', 'iou_threshold': 0.5, 'split_thr': 6})
    assert seen == [2, 3, 1]
    seen.clear()
    batched_nms(boxes, torch.rand(6), labels, {'type': 'nms', 'iou_threshold': 0.5, 'split_thr': 7})
    assert seen == [6]


def test_batched_nms_without_a_config_only_sorts() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4]])
    dets, keep = batched_nms(boxes, torch.tensor([0.5, 0.9]), torch.tensor([0, 0]), None)
    assert keep.tolist() == [1, 0]
    assert dets[:, 4].tolist() == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize('gamma', [0.0, 1.0, 2.0])
@pytest.mark.parametrize('weight', [None, [1.0, 3.0]])
def test_focal_loss_and_its_gradient_follow_the_formula(gamma: float, weight: list[float] | None) -> None:
    """Lin et al., 2017, in double precision by finite differences: -a_t (1 - p_t)^g log(p_t)."""
    target = torch.tensor([0, 1, 2, 1])  # 2 is the background
    logits = torch.tensor([[2.0, -1], [0.5, 0.1], [-3, 4], [-8, 6]], dtype=torch.float64)
    factors = torch.tensor(weight or [1.0, 1.0], dtype=torch.float64)

    def formula(x: torch.Tensor) -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for row, label in enumerate(target.tolist()):
            for column in range(2):
                p = 1 / (1 + torch.exp(-x[row, column]))
                p_t, a_t = (p, 0.25) if column == label else (1 - p, 0.75)
                total = total - a_t * (1 - p_t) ** gamma * torch.log(p_t) * factors[column]
        return total

    ours = logits.float().requires_grad_()
    weights = None if weight is None else torch.tensor(weight)
    loss = sigmoid_focal_loss(ours, target, gamma, 0.25, weights, 'sum')
    torch.testing.assert_close(loss.double(), formula(logits), rtol=1e-5, atol=1e-6)
    loss.backward()
    step = 1e-6
    for row in range(4):
        for column in range(2):
            nudge = torch.zeros_like(logits)
            nudge[row, column] = step
            slope = (formula(logits + nudge) - formula(logits - nudge)) / (2 * step)
            torch.testing.assert_close(ours.grad[row, column].double(), slope, rtol=1e-4, atol=1e-6)


def test_focal_loss_reductions() -> None:
    logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 0])
    each = sigmoid_focal_loss(logits, target, reduction='none')
    assert each.shape == (5, 3)
    torch.testing.assert_close(sigmoid_focal_loss(logits, target, reduction='sum'), each.sum())
    torch.testing.assert_close(sigmoid_focal_loss(logits, target, reduction='mean'), each.sum() / 5)
    with pytest.raises(ValueError, match='reduction'):
        sigmoid_focal_loss(logits, target, reduction='most')


def test_focal_loss_of_nothing_is_nought() -> None:
    assert sigmoid_focal_loss(torch.zeros(0, 3), torch.zeros(0)).item() == 0


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)


def test_install_after_mmdet_is_refused() -> None:
    """mmdet has settled by then that the operators are absent."""
    done = in_a_new_process(
        "import sys, types\nsys.modules['mmdet'] = types.ModuleType('mmdet')\n"
        'from forelabel_trainer import mmcv_ops\nmmcv_ops.install()\n'
    )
    assert done.returncode != 0
    assert 'must run before mmdet is imported' in done.stderr


def test_install_twice_is_install_once() -> None:
    done = in_a_new_process(
        "import sys\nfrom forelabel_trainer import mmcv_ops\nmmcv_ops.install()\nfirst = sys.modules['mmcv.ops']\n"
        "sys.modules['mmdet'] = first\nmmcv_ops.install()\nassert sys.modules['mmcv.ops'] is first\n"
        'import mmcv\nassert mmcv.ops.nms is mmcv_ops.nms\n'
        'try:\n    import mmcv.ops.roi_align\nexcept ImportError:\n    print("absent")\n'
    )
    assert (done.returncode, done.stdout) == (0, 'absent\n'), done.stderr
