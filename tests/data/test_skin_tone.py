"""Skin tone from pixels: colours with published CIELAB values, and the angle they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.skin_tone import BANDS, cielab, tone_band, typology_angle


def patch(*colour):
    return np.full((4, 5, 3), colour, dtype=np.uint8)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 255, 255), (100, 0, 0)),
        # The sRGB primaries under D65, as in Lindbloom's calculator, to two decimals.
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colours_have_their_published_coordinates(colour, expected):
    assert cielab(np.array(colour, dtype=np.uint8)) == pytest.approx(expected, abs=0.02)


@given(st.integers(0, 255))
def test_grey_has_no_hue(value):
    lightness, red_green, yellow_blue = cielab(np.array([value] * 3, dtype=np.uint8))
    assert 0 <= lightness <= 100.0001
    assert abs(red_green) < 0.01
    assert abs(yellow_blue) < 0.01


def test_the_angle_is_that_of_chardon_1991():
    lightness, _, yellow_blue = cielab(np.array([224, 172, 105], dtype=np.uint8))
    by_hand = np.arctan((lightness - 50) / yellow_blue) * 180 / np.pi
    assert typology_angle(patch(224, 172, 105)) == pytest.approx(by_hand)


def test_lighter_skin_has_the_larger_angle():
    angles = [typology_angle(patch(*c)) for c in ((241, 211, 190), (198, 134, 66), (60, 35, 20))]
    assert angles == sorted(angles, reverse=True)
    assert [tone_band(angle) for angle in angles] == ["very light", "tan", "dark"]


def test_a_few_bright_or_black_pixels_do_not_move_the_angle():
    skin = patch(198, 134, 66)
    spotted = skin.copy()
    spotted[0, 0], spotted[1, 1] = (255, 255, 255), (0, 0, 0)
    assert typology_angle(spotted) == typology_angle(skin)


@pytest.mark.parametrize(
    ("angle", "band"),
    [
        (55.1, "very light"), (55, "light"), (41, "intermediate"), (28, "tan"),
        (10, "brown"), (-30, "dark"), (-90, "dark"),
    ],
)  # fmt: skip
def test_bands_end_at_the_published_angles(angle, band):
    assert tone_band(angle) == band


def test_bands_are_ordered_lightest_first():
    limits = [low for low, _ in BANDS]
    assert limits == sorted(limits, reverse=True)
