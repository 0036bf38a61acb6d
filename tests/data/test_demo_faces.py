"""The generated faces that ship: whole, small, labelled from their own pixels, and nobody's."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.data.card import DEMO_ROOT, load_card
from evenmatch.data.dlib_models import dlib_installed, load_dlib


@pytest.fixture(scope="module")
def manifest():
    return pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str, keep_default_na=False)


def test_there_are_four_photographs_of_each_of_120_subjects(manifest):
    assert manifest["sample_id"].is_unique
    assert manifest.groupby("subject_id").size().tolist() == [4] * 120
    assert (manifest.groupby("subject_id")["variation"].nunique() == 4).all()


def test_every_file_is_listed_and_every_listed_file_is_there(manifest):
    there = {p.relative_to(DEMO_ROOT).as_posix() for p in DEMO_ROOT.rglob("*.jpg")}
    assert there == set(manifest["path"])


def test_photographs_are_small_and_together_about_a_megabyte(manifest):
    for path in manifest["path"]:
        with Image.open(DEMO_ROOT / path) as image:
            assert (image.size, image.mode, image.format) == ((64, 64), "RGB", "JPEG")
    assert sum((DEMO_ROOT / path).stat().st_size for path in manifest["path"]) < 1_200_000


def test_labels_are_the_cards_and_a_subject_has_one_tone(manifest):
    card = load_card("demo-faces")
    for name in ("skin_tone", "variation"):
        assert set(manifest[name]) == set(card.attributes[name].values)
    assert len(manifest[["subject_id", "skin_tone"]].drop_duplicates()) == 120
    assert card.attributes["skin_tone"].labelled_by == "measured"
    assert card.attributes["variation"].labelled_by == "construction"


def test_the_card_says_that_these_are_not_people_and_rates_mean_nothing():
    card = load_card("demo-faces")
    assert card.consent.basis == "synthetic"
    assert "not people" in card.consent.note
    assert "DigiFace-1M" in card.consent.note
    assert any("No rate" in issue for issue in card.known_issues)


def test_tones_follow_from_the_pixels_that_ship(manifest):
    make = pytest.importorskip("evenmatch.data.demo.make", reason="making faces needs torch")
    for _, rows in manifest.groupby("subject_id"):
        files = [(DEMO_ROOT / path).read_bytes() for path in rows["path"]]
        assert make.subject_tone(files) == rows["skin_tone"].iloc[0], rows["subject_id"].iloc[0]


def test_the_same_seed_draws_the_same_latent_faces():
    make = pytest.importorskip("evenmatch.data.demo.make", reason="making faces needs torch")
    torch = pytest.importorskip("torch")

    def network(latent):
        return torch.tanh(latent[:, :3].repeat(1, 1, 64, 64))

    first, again = (make.draw_subject(network, np.random.default_rng(5)) for _ in range(2))
    assert [file[:2] for file in first] == [b"\xff\xd8"] * 4
    assert first == again


@pytest.mark.skipif(not dlib_installed(), reason="dlib is not installed")
def test_the_detector_finds_most_faces_and_misses_some_once_they_are_enlarged(manifest):
    detect = load_dlib().get_frontal_face_detector()
    side = load_card("demo-faces").samples.resize_to
    found = 0
    for path in manifest["path"][::10]:
        with Image.open(DEMO_ROOT / path) as image:
            assert len(detect(np.asarray(image), 0)) == 0
            enlarged = image.resize((side, side), Image.Resampling.BICUBIC)
        found += len(detect(np.asarray(enlarged), 0)) > 0
    assert 0.5 < found / 48 < 0.95
