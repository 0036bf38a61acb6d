"""Masks: what is drawn where, how it is written, and what a run learns about it."""

import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evenmatch.data import masks
from evenmatch.data.landmarks import LandmarkFailure, find_landmarks
from evenmatch.data.masks import COLOURS, MaskArtist, MaskDrawing, draw_mask, write_masked
from evenmatch.data.pictures import read_picture
from evenmatch.errors import RequestError

SHAPES, COVERAGES = get_args(masks.Shape), get_args(masks.Coverage)
VARIANTS = list(itertools.product(SHAPES, COVERAGES))
SOURCES = ["dlib68", "mtcnn5"]
DRAWINGS = st.builds(
    MaskDrawing, st.sampled_from(SHAPES), st.sampled_from(COVERAGES), st.sampled_from([*COLOURS])
)
TIP = {"dlib68": 30, "mtcnn5": 2}


def is_masked(masked, photograph):
    return (masked.pixels != photograph).any(axis=-1)


@pytest.fixture(scope="module")
def grey():
    return np.full((300, 300, 3), 120, dtype=np.uint8)


class Finder:
    """Gives the same landmarks for every photograph that has any light in it, and counts."""

    def __init__(self, landmarks, **facts):
        self.facts = {"landmarks": "given"} | facts
        self.landmarks = landmarks
        self.asked = 0

    def __call__(self, photograph):
        """Return the landmarks given, or no face in the dark."""
        self.asked += 1
        return self.landmarks if photograph.any() else LandmarkFailure.NO_FACE


@pytest.fixture
def finder(monkeypatch, face):
    """Put landmarks that need no model in the place of both finders."""
    given = Finder(face())
    monkeypatch.setattr(masks, "landmark_finder", lambda _source: given)
    monkeypatch.setattr(masks, "find_landmarks", lambda photograph, _source: given(photograph))
    return given


# Labels


def test_a_label_reads_as_the_tables_show_it():
    assert str(MaskDrawing("wide", "high", "light-blue")) == "synthetic-wide-high-light-blue"


@given(DRAWINGS)
def test_parsing_is_the_inverse_of_writing(drawing):
    assert MaskDrawing.parse(str(drawing)) == drawing


@given(st.text() | st.from_regex(r"synthetic-[a-z]*-[a-z]*-[a-z-]*", fullmatch=True))
def test_a_text_is_a_drawing_or_an_error_that_lists_what_is_allowed(text):
    try:
        said = str(MaskDrawing.parse(text))
    except RequestError as refused:
        said = str(refused)
    assert said == text or all(word in said for word in [*SHAPES, *COVERAGES, *COLOURS])


@pytest.mark.parametrize("parts", [("square", "low", "red"), ("wide", "full", "red")])
def test_an_unknown_drawing_is_refused_when_it_is_made(parts):
    with pytest.raises(RequestError, match="choose one of"):
        MaskDrawing(*parts)
    with pytest.raises(RequestError, match="light-blue"):
        MaskDrawing("wide", "low", "purple")


def test_light_blue_is_that_of_surgical_masks():
    assert MaskDrawing("wide", "low", "light-blue").rgb == (173, 216, 230)


# Geometry


@given(
    degrees=st.floats(-180, 180),
    scale=st.floats(0.3, 1.0),
    shape=st.sampled_from(SHAPES),
    source=st.sampled_from(SOURCES),
)
def test_higher_masks_cover_more_of_any_face(face, grey, degrees, scale, shape, source):
    landmarks = face(source, degrees=degrees, scale=scale, at=(150, 150))
    drawn = [draw_mask(grey, landmarks, MaskDrawing(shape, c, "red")) for c in COVERAGES]
    low, medium, high = (each.covered_fraction for each in drawn)
    assert 0 < low < medium < high < 1
    low, medium, high = (each.nose_bridge_fraction for each in drawn)
    assert low < medium < high


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("degrees", [-100, -30, 0, 25])
def test_only_low_masks_leave_the_tip_of_the_nose_free(face, noise, source, shape, degrees):
    landmarks = face(source, degrees=degrees, at=(150, 150))
    x, y = landmarks.points[TIP[source]].round().astype(int)
    for coverage, hidden in [("low", False), ("medium", True), ("high", True)]:
        drawn = draw_mask(noise, landmarks, MaskDrawing(shape, coverage, "green"))
        assert (tuple(drawn.pixels[y, x]) == COLOURS["green"]) is hidden


@pytest.mark.parametrize(
    ("shape", "coverage", "bridge"),
    [
        # Root of the nose at -2, base at 40, points of the ridge at 10 and 20, eyes 60 apart.
        ("wide", "high", 1.0),
        ("wide", "medium", 20 / 42),
        ("wide", "low", 0.0),
        ("round", "high", (40 - (-2 + 10) / 2) / 42),
        ("round", "medium", 20 / 42),
        ("round", "low", (40 - (20 + 0.33 * 60)) / 42),
    ],
)
def test_the_hidden_share_of_the_nose_by_hand(face, noise, shape, coverage, bridge):
    drawn = draw_mask(noise, face(), MaskDrawing(shape, coverage, "black"))
    assert drawn.nose_bridge_fraction == pytest.approx(bridge)


def test_a_round_mask_is_an_ellipse_between_its_top_and_the_chin(face, grey):
    """Its height is the whole distance, its width 0.8 of the jaw at points 3 and 13."""
    seen = is_masked(
        draw_mask(grey, face(at=(150, 120)), MaskDrawing("round", "medium", "red")), grey
    )
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    width = 0.8 * 2 * 68 * np.cos(np.pi * 3 / 16)
    assert (rows[0], rows[-1]) == pytest.approx((120 + 20, 120 + 105), abs=1)
    assert columns[-1] - columns[0] == pytest.approx(width, abs=2)
    assert seen.sum() == pytest.approx(np.pi / 4 * width * 85, rel=0.03)


def test_a_wide_mask_reaches_from_ear_to_ear(face, grey):
    seen = is_masked(draw_mask(grey, face(), MaskDrawing("wide", "high", "red")), grey)
    columns = np.flatnonzero(seen.any(axis=0))
    assert (columns[0], columns[-1]) == pytest.approx((150 - 66.7, 150 + 66.7), abs=1)


@pytest.mark.parametrize(("shape", "coverage"), VARIANTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_tilted_face_has_the_same_mask_tilted(face, grey, shape, coverage, source):
    drawing = MaskDrawing(shape, coverage, "white")
    upright = draw_mask(grey, face(source, at=(150, 120)), drawing)
    # A quarter turn takes the pixel (x, y) of 300 x 300 to (299 - y, x).
    turned = draw_mask(grey, face(source, degrees=90, at=(299 - 120, 150)), drawing)
    differs = is_masked(turned, np.rot90(upright.pixels, -1))
    assert differs.sum() < 0.1 * is_masked(upright, grey).sum()  # smooth edges round differently
    oblique = draw_mask(grey, face(source, degrees=33, at=(150, 120)), drawing)
    for other in (turned, oblique):
        assert other.covered_fraction == pytest.approx(upright.covered_fraction, abs=0.01)
        assert other.nose_bridge_fraction == pytest.approx(upright.nose_bridge_fraction)


@given(drawing=DRAWINGS, degrees=st.floats(-180, 180), source=st.sampled_from(SOURCES))
def test_pixels_outside_the_face_and_inside_the_mask(face, noise, drawing, degrees, source):
    before = noise.copy()
    landmarks = face(source, degrees=degrees, scale=0.8, at=(150, 150))
    drawn = draw_mask(noise, landmarks, drawing)
    assert (noise == before).all(), "the photograph itself is left alone"
    rows, columns = np.mgrid[:300, :300]
    far = np.hypot(columns - 150, rows - 150) > 0.8 * 112
    assert (drawn.pixels[far] == noise[far]).all()
    above = (np.stack([columns, rows], -1) - landmarks.eyes.mean(0)) @ _down(landmarks) < -6
    assert (drawn.pixels[above] == noise[above]).all(), "eyes and forehead stay bare"
    x, y = landmarks.mouth.round().astype(int)
    assert tuple(drawn.pixels[y, x]) == drawing.rgb


def _down(landmarks):
    (left, right) = landmarks.eyes
    across = (right - left) / np.linalg.norm(right - left)
    return np.array([-across[1], across[0]])


def test_drawing_twice_gives_the_same_pixels(face, noise):
    drawing = MaskDrawing("round", "high", "blue")
    first, second = (draw_mask(noise, face(degrees=7), drawing) for _ in range(2))
    assert (first.pixels == second.pixels).all()


def test_the_colour_does_not_move_the_mask(face, grey):
    red, black = (draw_mask(grey, face(), MaskDrawing("wide", "low", c)) for c in ("red", "black"))
    assert (is_masked(red, grey) == is_masked(black, grey)).all()
    assert red.covered_fraction == black.covered_fraction


def test_a_face_cut_by_the_edge_is_measured_as_far_as_it_is_seen(face, grey):
    drawn = draw_mask(grey, face(at=(10, 250)), MaskDrawing("wide", "high", "red"))
    assert 0 < drawn.covered_fraction <= 1


def test_a_face_outside_the_photograph_gets_no_mask(face, grey):
    drawn = draw_mask(grey, face(at=(900, -900)), MaskDrawing("wide", "high", "red"))
    assert (drawn.pixels == grey).all()
    assert drawn.covered_fraction == 0


@pytest.mark.needs_shared
@pytest.mark.parametrize("source", SOURCES)
def test_real_faces_get_every_mask(london_faces, source):
    pytest.importorskip("dlib" if source == "dlib68" else "facenet_pytorch")
    for photograph in london_faces:
        landmarks = find_landmarks(photograph, source)
        x, y = landmarks.points[TIP[source]].round().astype(int)
        for shape in SHAPES:
            drawn = [
                draw_mask(photograph, landmarks, MaskDrawing(shape, coverage, "green"))
                for coverage in COVERAGES
            ]
            hidden = [tuple(each.pixels[y, x]) == COLOURS["green"] for each in drawn]
            assert hidden == [False, True, True]
            low, medium, high = (each.covered_fraction for each in drawn)
            assert 0.25 < low < medium < high < 0.8


# The artist of a run


@pytest.mark.usefixtures("finder")
def test_an_artist_draws_by_label_what_the_function_draws(face, noise):
    drawing = MaskDrawing("wide", "medium", "black")
    drawn = MaskArtist("dlib68", [drawing])(noise, str(drawing))
    assert (drawn == draw_mask(noise, face(), drawing).pixels).all()


@pytest.mark.usefixtures("finder")
def test_an_artist_draws_only_what_the_run_asks_for():
    artist = MaskArtist("dlib68", [MaskDrawing("wide", "low", "red")])
    with pytest.raises(RequestError, match=r"masks\.synthetic"):
        artist(np.ones((9, 9, 3), dtype=np.uint8), "synthetic-wide-high-red")


@pytest.mark.usefixtures("finder")
def test_without_landmarks_there_is_no_mask_and_no_coverage():
    drawing = MaskDrawing("wide", "low", "red")
    artist = MaskArtist("dlib68", [drawing])
    assert artist(np.zeros((9, 9, 3), dtype=np.uint8), str(drawing)) is None
    assert artist.shares(np.zeros((9, 9, 3), dtype=np.uint8), str(drawing)) is None


def test_a_mask_outside_the_photograph_is_not_drawn(finder, face, noise):
    finder.landmarks = face(at=(900, 900))
    drawing = MaskDrawing("round", "low", "red")
    assert MaskArtist("dlib68", [drawing])(noise, str(drawing)) is None


def test_landmarks_are_found_once_a_photograph(finder, noise):
    drawings = [MaskDrawing(shape, "low", "red") for shape in SHAPES]
    artist = MaskArtist("dlib68", drawings)
    for drawing in [*drawings, *drawings]:
        artist(noise, str(drawing))
    artist(255 - noise, str(drawings[0]))
    assert finder.asked == 2


def test_the_oldest_landmarks_are_forgotten_first(finder, noise, monkeypatch):
    monkeypatch.setattr(masks, "REMEMBERED", 1)
    drawing = MaskDrawing("wide", "low", "red")
    artist = MaskArtist("dlib68", [drawing])
    for photograph in (noise, 255 - noise, 255 - noise, noise):
        artist(photograph, str(drawing))
    assert finder.asked == 3


def test_the_hidden_shares_are_known_of_what_was_drawn_and_of_what_was_not(finder, face, noise):
    drawing = MaskDrawing("wide", "high", "red")
    artist = MaskArtist("dlib68", [drawing])
    artist(noise, str(drawing))
    drawn = draw_mask(noise, face(), drawing)
    shares = (drawn.covered_fraction, drawn.nose_bridge_fraction)
    for photograph in (noise, noise, 255 - noise, 255 - noise):
        assert artist.shares(photograph, str(drawing)) == shares
    assert finder.asked == 2
    assert artist.labels == (str(drawing),)


def test_the_digest_stands_for_the_landmarks_and_not_for_the_labels(monkeypatch, face):
    def digest(drawings, **facts):
        monkeypatch.setattr(masks, "landmark_finder", lambda _source: Finder(face(), **facts))
        return MaskArtist("dlib68", drawings).digest

    one, other = MaskDrawing("wide", "low", "red"), MaskDrawing("round", "low", "red")
    assert digest([one]) == digest([one, other])
    assert digest([one]) != digest([one], landmark_model_sha256="another")
    monkeypatch.setattr(masks, "DRAWING", "rules 0")
    before = digest([one])
    monkeypatch.undo()
    assert before != digest([one])


def test_the_facts_name_the_terms_of_dlibs_landmarks():
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    artist = MaskArtist("dlib68", [MaskDrawing("wide", "low", "light-blue")])
    assert "iBUG 300-W, whose use is non-commercial only" in artist.facts["landmark_terms"]
    assert "synthetic" in artist.facts["masks"]
    assert artist.facts["mask_colours"] == "light-blue (173, 216, 230)"
    assert all(isinstance(fact, str) for fact in artist.facts.values())


# A picture to look at


@pytest.fixture
def photo(tmp_path, noise):
    path = tmp_path / "photo.png"
    Image.fromarray(noise).save(path)
    return path


BLUE = MaskDrawing("wide", "high", "blue")


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("name", ["out.png", "new/folder/out.JPG", "out.jpeg"])
def test_the_masked_picture_is_written_by_suffix(photo, tmp_path, name, face, noise):
    out = write_masked(photo, tmp_path / name, BLUE)
    assert out == tmp_path / name
    expected = draw_mask(noise, face(), BLUE).pixels
    with Image.open(out) as picture:
        assert picture.format == ("PNG" if name.endswith("png") else "JPEG")
        exact = (np.asarray(picture) == expected).all()
    assert exact or picture.format == "JPEG"


def test_a_photograph_without_a_face_is_refused_with_advice(finder, photo, tmp_path):
    finder.landmarks = LandmarkFailure.NO_FACE
    with pytest.raises(RequestError, match=r"no_face.*larger face.*mtcnn5"):
        write_masked(photo, tmp_path / "out.png", BLUE)
    assert list(tmp_path.iterdir()) == [photo]


def test_the_photograph_itself_is_never_overwritten(photo, tmp_path):
    before = photo.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(photo)
    for out in (photo, link, tmp_path / "." / "photo.png"):
        with pytest.raises(RequestError, match="is the photograph itself"):
            write_masked(photo, out, BLUE)
    assert photo.read_bytes() == before


@pytest.mark.parametrize("landmarks", ["dlib5", ""])
def test_unknown_landmarks_are_refused_with_those_there_are(photo, tmp_path, landmarks):
    with pytest.raises(RequestError, match="choose one of dlib68, mtcnn5"):
        write_masked(photo, tmp_path / "out.png", BLUE, landmarks=landmarks)


@pytest.mark.usefixtures("finder")
def test_a_picture_lying_on_its_side_is_drawn_upright(noise, tmp_path, face):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right before showing
    path = tmp_path / "sideways.png"
    Image.fromarray(np.ascontiguousarray(np.rot90(noise))).save(path, exif=exif)
    out = write_masked(path, tmp_path / "out.png", BLUE)
    assert (read_picture(out) == draw_mask(noise, face(), BLUE).pixels).all()
