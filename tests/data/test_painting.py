"""Polygons over pixels: areas by hand, edges, and what lies outside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.painting import FINEST, cover, paint


def square(low, high):
    return np.array([(low, low), (high, low), (high, high), (low, high)], dtype=float)


def area(shape):
    return shape.alpha.sum(dtype=int) / 255


def test_a_square_over_whole_pixels_covers_exactly_those():
    shape = cover(square(1.5, 5.5), (10, 10))  # the pixels 2, 3, 4, 5
    painted = paint(np.zeros((10, 10, 3), np.uint8), shape, (9, 8, 7))
    hidden = (painted == (9, 8, 7)).all(axis=-1)
    assert hidden[2:6, 2:6].all()
    assert hidden.sum() == 16
    assert area(shape) == pytest.approx(16, abs=4 * 4 / FINEST)


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        (np.array([(10, 10), (70, 10), (10, 50)], dtype=float), 60 * 40 / 2),
        (square(10, 60), 2500),
        (np.array([(10, 10), (60, 10), (60, 60), (35, 35), (10, 60)], dtype=float), 1875),
    ],
)
def test_areas_by_hand(polygon, expected):
    assert area(cover(polygon, (90, 90))) == pytest.approx(expected, rel=0.01)


def test_a_very_large_polygon_is_painted_with_a_coarser_edge():
    assert area(cover(square(10, 5000), (5100, 5100))) == pytest.approx(4990**2, rel=0.001)


def test_what_lies_outside_the_photograph_is_cut_off():
    photograph = np.zeros((20, 30, 3), np.uint8)
    painted = paint(photograph, cover(square(-50, 9.5), (20, 30)), (1, 1, 1))
    assert painted[:10, :10].all()
    assert painted.sum() == pytest.approx(3 * 100, abs=3 * 21)
    assert not paint(photograph, cover(square(-50, -9), (20, 30)), (1, 1, 1)).any()
    assert not paint(photograph, cover(square(90, 99), (20, 30)), (1, 1, 1)).any()


def test_half_covered_pixels_are_half_mixed():
    edge = np.array([(-0.5, -0.5), (2, -0.5), (2, 9.5), (-0.5, 9.5)])
    painted = paint(np.zeros((10, 10, 3), np.uint8), cover(edge, (10, 10)), (200, 100, 0))
    assert painted[5, 2] == pytest.approx((100, 50, 0), abs=200 / FINEST)
    assert tuple(painted[5, 1]) == (200, 100, 0)
    assert not painted[:, 3:].any()


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_mixing_stays_between_the_two_colours(below, above, alpha):
    shape = cover(square(-0.5, 0.5), (1, 1))
    object.__setattr__(shape, "alpha", np.array([[alpha]], dtype=np.uint8))
    mixed = paint(np.full((1, 1, 3), below, np.uint8), shape, (above, above, above))[0, 0, 0]
    assert mixed == round((alpha * above + (255 - alpha) * below) / 255)


def test_a_share_is_of_the_other_polygons_area():
    size = (100, 100)
    outer, inner, aside = (cover(square(*s), size) for s in ((10, 50), (10, 30), (60, 90)))
    assert inner.share_of(outer) == pytest.approx(0.25, abs=0.02)
    assert outer.share_of(inner) == pytest.approx(1.0)
    assert aside.share_of(outer) == 0
    assert outer.share_of(cover(square(200, 300), size)) == 0
