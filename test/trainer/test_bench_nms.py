"""The bench's MMDetection: with torchvision's compiled NMS where it is installed, and the same boxes either way."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
import torch
from forelabel_trainer import mmcv_ops

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'bench' / 'peers'))
from compiled_nms import use_compiled_nms  # noqa: E402

CONFIG = {'type': 'nms', 'iou_threshold': 0.6, 'max_num': 20}


def test_torchvision_takes_the_place_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    random = torch.Generator().manual_seed(3)
    corner = torch.rand(200, 2, generator=random) * 60
    boxes = torch.cat([corner, corner + 1 + torch.rand(200, 2, generator=random) * 40], dim=1)
    scores = torch.rand(200, generator=random)
    classes = torch.randint(0, 3, (200,), generator=random)
    expected = mmcv_ops.batched_nms(boxes, scores, classes, CONFIG)
    in_numpy = mmcv_ops.nms
    calls: list[float] = []

    def compiled(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
        """As torchvision's: the indices kept, best first."""
        calls.append(iou_threshold)
        return in_numpy(boxes, scores, iou_threshold)[1]

    torchvision = types.ModuleType('torchvision')
    torchvision.__version__ = '1.2.3'
    torchvision.ops = types.SimpleNamespace(nms=compiled)
    monkeypatch.setitem(sys.modules, 'torchvision', torchvision)
    monkeypatch.setattr(mmcv_ops, 'nms', in_numpy)  # put back afterwards

    assert use_compiled_nms() == 'torchvision 1.2.3'
    dets, keep = mmcv_ops.batched_nms(boxes, scores, classes, CONFIG)
    assert calls == [0.6]
    assert torch.equal(keep, expected[1])
    assert torch.equal(dets, expected[0])


def test_without_torchvision_it_stays_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'torchvision', None)
    before = mmcv_ops.nms
    assert use_compiled_nms().startswith('NumPy ')
    assert mmcv_ops.nms is before
