"""The size at which a data set enters the network."""

from __future__ import annotations

import pytest
from forelabel_trainer.input_size import plan_input_size

BASE = (320, 320)


def cells(side: float, count: int = 100) -> list[tuple[float, float, int]]:
    return [(side, side, 0)] * count


def test_large_things_leave_the_base_as_it_is() -> None:
    # The faces of the bundled model: 180 to 250 pixels in pictures of 510 x 337.
    assert plan_input_size([(200, 230, 0), (180, 170, 1)], [(510, 337)] * 2, BASE) == BASE


def test_small_things_get_a_larger_input() -> None:
    # 33 pixels of 640 are 16.5 of 320: 24 of them need 465, and the next multiple of 32 is 480.
    assert plan_input_size(cells(33), [(640, 480)], BASE) == (480, 480)
    assert plan_input_size(cells(24), [(640, 480)], BASE) == (640, 640)


def test_a_rare_class_counts_and_a_slip_does_not() -> None:
    large = cells(200, 195)
    assert plan_input_size([*large, *cells(33, 5)], [(640, 480)], BASE) == (480, 480)
    assert plan_input_size([*large, *cells(33, 2)], [(640, 480)], BASE) == BASE


def test_side_is_that_of_a_square_of_the_same_area() -> None:
    assert plan_input_size([(66, 16.5, 0)], [(640, 480)], BASE) == plan_input_size(cells(33), [(640, 480)], BASE)


def test_nothing_to_go_by_is_the_base() -> None:
    assert plan_input_size([], [(640, 480)], BASE) == BASE
    assert plan_input_size([], [], BASE) == BASE
    assert plan_input_size([(0, 12, 0)], [(640, 480)], BASE) == BASE


def test_one_box_is_enough() -> None:
    assert plan_input_size([(33, 33, 0)], [(640, 480)], BASE) == (480, 480)


def test_images_are_not_enlarged() -> None:
    assert plan_input_size(cells(4), [(500, 400)], BASE) == (480, 480)
    # Smaller than the base: it enlarges them already.
    assert plan_input_size(cells(4), [(100, 80)], BASE) == BASE
    # The one in the middle decides, not the largest.
    assert plan_input_size(cells(4), [(500, 400), (500, 400), (4000, 3000)], BASE) == (480, 480)


def test_giant_images_stop_at_the_longest_side() -> None:
    assert plan_input_size(cells(10), [(12_000, 9_000)], BASE) == (1024, 1024)


def test_boxes_are_measured_in_their_own_image() -> None:
    # The same 60 pixels: plenty in a small picture, few in a large one.
    images = [(320, 320), (1600, 1200)]
    assert plan_input_size([(60, 60, 0)], images, BASE) == BASE
    assert plan_input_size([(60, 60, 1)], images, BASE) == (640, 640)


@pytest.mark.parametrize('base', [(1333, 800), (1024, 1024), (2048, 1024)])
def test_a_large_base_is_never_made_smaller(base: tuple[int, int]) -> None:
    assert plan_input_size(cells(4), [(8000, 6000)], base) == base


def test_the_shape_of_the_base_is_kept() -> None:
    width, height = plan_input_size(cells(30), [(1600, 900)], (512, 256))
    assert (width, height) == (1024, 512)
    assert width % 32 == height % 32 == 0
