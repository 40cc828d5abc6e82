"""The class layer goes by the names of the classes."""

from __future__ import annotations

import math

import torch
from forelabel_trainer.class_head import BIAS, WEIGHT, adapt_class_layer, describe

FEATURES = 8


def layer(count: int) -> dict[str, torch.Tensor]:
    """Row k is full of k + 1."""
    rows = torch.arange(1.0, count + 1)
    return {WEIGHT: rows[:, None, None, None].expand(count, FEATURES, 3, 3).clone(), BIAS: rows * 10, 'backbone.x': torch.ones(2)}


def test_rows_go_with_their_names() -> None:
    weights, change = adapt_class_layer(layer(3), ['cat', 'dog', 'cow'], ['cow', 'hen', 'cat'], 0)
    assert (change.kept, change.added, change.dropped) == (('cow', 'cat'), ('hen',), ('dog',))
    assert weights[BIAS][[0, 2]].tolist() == [30, 10]
    assert weights[WEIGHT][0].unique().tolist() == [3]
    assert weights[WEIGHT][2].unique().tolist() == [1]
    assert weights['backbone.x'].tolist() == [1, 1]


def test_a_new_class_starts_where_the_focal_loss_wants_it() -> None:
    weights, _ = adapt_class_layer(layer(1), ['cat'], ['cat', 'hen'], 0)
    assert math.isclose(weights[BIAS][1].item(), -math.log(0.99 / 0.01), rel_tol=1e-6)
    fresh = weights[WEIGHT][1]
    assert 0 < fresh.abs().max() < 0.06
    assert abs(fresh.std().item() - 0.01) < 0.004


def test_the_same_seed_gives_the_same_rows() -> None:
    """The processes of one training must agree."""
    first, second, other = (adapt_class_layer(layer(1), [], ['hen'], seed)[0][WEIGHT] for seed in (3, 3, 4))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_given_weights_stay_as_they_are() -> None:
    weights = layer(2)
    adapt_class_layer(weights, ['a', 'b'], ['b', 'a'], 0)
    assert weights[BIAS].tolist() == [10, 20]


def test_it_is_said() -> None:
    _, change = adapt_class_layer(layer(2), ['cat', 'dog'], ['cat', 'hen'], 0)
    assert describe(change) == 'The classes differ from those of the base model. Kept from the base model: cat. New, learned from nothing: hen. Left out: dog.'
