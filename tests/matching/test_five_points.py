"""Turning a face upright by five points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.five_points import ARCFACE, aligned, five_of_68, similarity


def test_a_turn_a_scale_and_a_shift_by_hand():
    found = np.array([[0.0, 0], [1, 0], [0, 1]])
    wanted = np.array([[5.0, 7], [5, 9], [3, 7]])  # a quarter turn, twice as large, at (5, 7)
    assert similarity(found, wanted) == pytest.approx(np.array([[0, -2, 5], [2, 0, 7]]), abs=1e-12)


def test_the_published_example_of_least_squares():
    # Umeyama (1991), section IV: three points and their image, the right answer given there:
    # scale 0.721, a turn of (0.832, 0.555; -0.555, 0.832), a shift of (-0.800, 0.400).
    found = np.array([[0.0, 0], [1, 0], [0, 2]])
    wanted = np.array([[0.0, 0], [-1, 0], [0, 2]])
    expected = [[0.721 * 0.832, 0.721 * 0.555, -0.8], [-0.721 * 0.555, 0.721 * 0.832, 0.4]]
    assert similarity(found, wanted) == pytest.approx(np.array(expected), abs=1e-3)


@given(st.floats(-3, 3), st.floats(0.2, 5), st.floats(-50, 50), st.floats(-50, 50))
def test_any_turn_scale_and_shift_is_found_again(angle, scale, x, y):
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(ARCFACE, ARCFACE @ turn.T + [x, y])
    assert found == pytest.approx(np.column_stack([turn, [x, y]]), abs=1e-8)


def test_a_face_that_lies_on_the_template_already_is_left_as_it_is():
    picture = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    off = aligned(picture, ARCFACE, (112, 112)).astype(int) - picture
    assert np.abs(off).max() <= 1


def test_a_face_elsewhere_is_cut_out_whole():
    picture = np.random.default_rng(2).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    wide = np.zeros((300, 400, 3), np.uint8)
    wide[50:162, 120:232] = picture
    off = aligned(wide, ARCFACE + np.array([120, 50]), (112, 112)).astype(int) - picture
    # Where the picture ends, a rounding of 1e-14 decides between it and what is around.
    assert np.abs(off[1:-1, 1:-1]).max() <= 1


def test_a_tall_crop_keeps_the_face_in_the_middle():
    picture = np.zeros((112, 112, 3), np.uint8)
    picture[:, 56] = 255
    narrow = aligned(picture, ARCFACE, (112, 96))
    assert narrow.shape == (112, 96, 3)
    assert np.argmax(narrow[50, :, 0]) == 48


def test_the_five_of_the_sixty_eight():
    points = np.arange(136, dtype=float).reshape(68, 2)
    five = five_of_68(points)
    assert five[0].tolist() == points[36:42].mean(axis=0).tolist()
    assert five[2:].tolist() == points[[30, 48, 54]].tolist()
