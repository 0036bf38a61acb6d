"""Real masks and drawn ones in one audit: never pooled, and each photograph's coverage known."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evenmatch.config import load_config
from evenmatch.data import masks
from evenmatch.data.landmarks import LandmarkFailure, Landmarks
from evenmatch.data.masks import MaskArtist, draw_mask
from evenmatch.data.pictures import read_picture
from evenmatch.data.samples import Samples
from evenmatch.entries.mask import Masks
from evenmatch.errors import RequestError
from evenmatch.matching.mask_shares import mask_shares
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.run import evaluate

WIDE, ROUND = "synthetic-wide-high-black", "synthetic-round-low-black"
ENTRIES = [
    {"shape": "wide", "coverage": "high", "colour": "black"},
    {"shape": "round", "coverage": "low", "colour": "black"},
]


def points(at):
    """Return 68 points of a face: half an ellipse of a jaw, level eyes, a straight nose."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = [(68 * np.cos(a), 5 + 100 * np.sin(a)) for a in angles]
    brows = [(x, -22) for x in (-48, -40, -30, -20, -10, 10, 20, 30, 40, 48)]
    nose = [(0, y) for y in (-2, 10, 20, 30)] + [(x, 40) for x in (-12, -6, 0, 6, 12)]
    eye = [(-12, 0), (-4, -4), (4, -4), (12, 0), (4, 4), (-4, 4)]
    eyes = [(x + side, y) for side in (-30, 30) for x, y in eye]
    mouth = [(x, 60) for x in np.linspace(-22, 22, 20)]
    return Landmarks(np.array(jaw + brows + nose + eyes + mouth, dtype=np.float64) + at, "dlib68")


class Finder:
    """Sees the same face everywhere, lower where the corner is bright, and none in a dark one."""

    facts = {"landmarks": "made up"}  # noqa: RUF012 - a stand-in
    asked = 0

    def __call__(self, photograph):
        """Return landmarks by the brightness of one corner."""
        self.asked += 1
        corner = int(photograph[0, 0, 0])
        if corner < 10:
            return LandmarkFailure.NO_FACE
        return points((150, 120 + (60 if corner > 100 else 0)))


class Brightness:
    """A matcher of a made-up kind: three numbers of a photograph; it fails on nothing."""

    name, dimension, score_kind = "brightness", 3, ScoreKind.EUCLIDEAN
    digest, facts = "b" * 64, {}

    def extract(self, photographs):
        """Return the mean colour of each."""
        return [np.float32(each.mean(axis=(0, 1))) for each in photographs]


@pytest.fixture
def finder(monkeypatch):
    made = Finder()
    monkeypatch.setattr(masks, "landmark_finder", lambda _source: made)
    return made


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mixed(bench, monkeypatch):
    """Four people, each bare twice and once under a real mask; one bare face is not to be found."""
    rng = np.random.default_rng(7)
    rows = []
    for person, (who, sex) in enumerate(zip("abcd", ["f", "f", "m", ""], strict=True)):
        for number, mask in enumerate(["unmasked", "unmasked", "cloth"]):
            picture = rng.integers(20, 250, (300, 300, 3), dtype=np.uint8)
            picture[0, 0] = 0 if (who, number) == ("c", 1) else 50 + 30 * person + number
            name = f"{who}{number}.png"
            Image.fromarray(picture).save(bench.folder / name)
            rows.append(
                {"sample_id": name[:2], "subject_id": who, "path": name, "sex": sex, "mask": mask}
            )
    bench.manifest(rows)
    bench.attribute("sex", "subject", ["f", "m"])
    bench.card["attributes"]["mask"] = {
        "of": "sample", "values": ["unmasked", "cloth"], "labelled_by": "annotator",
    }  # fmt: skip
    monkeypatch.setattr("evenmatch.measuring.build_matcher", lambda *_: Brightness())
    return bench


def audit(bench, out, **changes):
    changes = {
        "matchers": [{"name": "brightness", "kind": "dlib"}],
        "masks": {"synthetic": ENTRIES},
        "one_to_one": {"operating_points": ["threshold=5"]},
    } | changes
    return evaluate(bench.config(**changes), out)


@pytest.mark.usefixtures("finder")
def test_no_row_of_any_table_pools_real_masks_with_drawn_ones(mixed, tmp_path):
    result = audit(mixed, tmp_path / "out").result
    told = {"unmasked", "cloth", WIDE, ROUND}
    rows = [row for row in result.error_rates if row.group_by == "all"]
    assert {row.probe_mask for row in rows} == told
    assert {row.reference_mask for row in rows} - {None} == told
    pairs = {(row.probe_mask, row.reference_mask) for row in rows if row.metric == "fmr"}
    real = {("unmasked", "unmasked"), ("cloth", "unmasked"), ("cloth", "cloth")}
    drawn = {(WIDE, "unmasked"), (ROUND, "unmasked"), (WIDE, WIDE), (ROUND, WIDE), (ROUND, ROUND)}
    assert pairs == real | drawn
    trials = {
        (row.probe_mask, row.reference_mask): row.trials
        for row in rows
        if (row.metric, row.failures) == ("fnmr", "non-match")
    }
    assert trials["unmasked", "unmasked"] == 4  # one pair a person
    assert trials["cloth", "unmasked"] == 8  # each real mask against both bare faces
    assert trials["cloth", "cloth"] == 0
    assert trials[WIDE, "unmasked"] == 8  # each bare face, drawn upon, against the other
    taken = {(r.probe_mask, r.trials) for r in rows if r.metric == "fta"}
    assert taken == {("unmasked", 8), ("cloth", 4), (WIDE, 8), (ROUND, 8)}


@pytest.mark.usefixtures("finder")
def test_both_kinds_stand_in_one_table_of_coverage_each_by_itself(mixed, tmp_path):
    made = audit(mixed, tmp_path / "out")
    rows = {(row.mask, row.group_by, row.group): row for row in made.result.mask_coverage}
    cloth, bare = rows["cloth", "all", "all"], rows["unmasked", "all", "all"]
    assert (cloth.photographs, cloth.drawn, cloth.covered_mean) == (4, None, None)
    assert (cloth.mask_labelled_by, bare.photographs) == ("annotator", 8)
    wide = rows[WIDE, "all", "all"]
    assert (wide.photographs, wide.drawn, wide.failed) == (8, 7, 1)
    assert wide.mask_labelled_by == "drawn"
    assert pd.read_csv(made.folder / "mask_coverage.csv")["mask"].tolist() == [
        row.mask for row in made.result.mask_coverage
    ]


@pytest.mark.usefixtures("finder")
def test_shares_are_those_of_the_drawings_and_failures_are_counted_by_group(mixed, tmp_path):
    result = audit(mixed, tmp_path / "out").result
    rows = {(row.mask, row.group): row for row in result.mask_coverage if row.group_by == "sex"}
    drawing = masks.MaskDrawing.parse(WIDE)
    by_hand = [
        draw_mask(photograph, Finder()(photograph), drawing).covered_fraction
        for name in ("a0", "a1", "b0", "b1")
        for photograph in [read_picture(mixed.folder / f"{name}.png")]
    ]
    women = rows[WIDE, "f"]
    assert women.covered_mean == pytest.approx(np.mean(by_hand))
    assert women.covered_low == pytest.approx(np.percentile(by_hand, 5))
    assert women.covered_high == pytest.approx(np.percentile(by_hand, 95))
    assert women.nose_bridge_mean == 1
    assert rows[ROUND, "f"].nose_bridge_mean < 1
    assert (rows[WIDE, "m"].drawn, rows[WIDE, "m"].failed) == (1, 1)
    assert rows[WIDE, "unknown"].failed == 0
    assert women.labelled_by == "construction"
    failed = {
        (row.mask, row.group_by, row.group): (row.failed, row.attempts)
        for row in result.failures
        if (row.stage, row.reason) == ("mask", "mask_not_drawn")
    }
    for mask in (WIDE, ROUND):  # each by itself, among the photographs to be drawn on alone
        assert failed[mask, "all", "all"] == (1, 8)
        assert failed[mask, "sex", "m"] == (1, 2)
        assert failed[mask, "sex", "f"] == (0, 4)
    assert {mask for mask, *_ in failed} == {WIDE, ROUND}
    assert {row.mask for row in result.failures if row.stage != "mask"} <= {""}


def test_a_run_whose_templates_are_all_in_the_cache_knows_the_same_shares(mixed, tmp_path, finder):
    first = audit(mixed, tmp_path / "one").result.mask_coverage
    asked = finder.asked
    again = audit(mixed, tmp_path / "two").result.mask_coverage
    assert again == first
    assert finder.asked == asked  # nothing was looked for, let alone drawn


def test_templates_in_the_cache_without_shares_are_measured_after_all(mixed, tmp_path, finder):
    first = audit(mixed, tmp_path / "one").result.mask_coverage
    for file in (tmp_path / "cache" / "measurements").iterdir():
        file.unlink()
    asked = finder.asked
    assert audit(mixed, tmp_path / "two").result.mask_coverage == first
    assert finder.asked == asked + 8


@pytest.mark.usefixtures("finder")
def test_the_report_shows_coverage_and_says_synthetic_of_every_drawn_mask(mixed, tmp_path):
    made = audit(mixed, tmp_path / "out", report={"formats": ["html"]})
    page = (made.folder / "report.html").read_text()
    assert "What the masks cover" in page
    assert "Faces covered by mask and sex" in page
    assert "masked performance" not in page.lower()
    assert "drawn on the photographs by software" in page
    assert (made.folder / "plots" / "coverage.drawn-masks.sex.svg").is_file()


def test_score_files_see_no_drawn_mask_and_get_no_coverage(small, tmp_path):
    assert evaluate(small.config(), tmp_path / "out").result.mask_coverage == []


def test_an_unreadable_photograph_counts_as_not_drawn(mixed, finder):
    (mixed.folder / "a0.png").write_bytes(b"no picture")
    table = pd.DataFrame(
        {"sample_id": ["a0", "b0", "b0"], "path": ["a0.png", "b0.png", "b0.png"],
         "mask": [WIDE, WIDE, "unmasked"]}
    )  # fmt: skip
    artist = MaskArtist("dlib68", [masks.MaskDrawing.parse(WIDE)])
    samples = Samples(table, mixed.folder, {}, ("unmasked", WIDE))
    shares = mask_shares(samples, artist)
    assert np.isnan(shares[:, 0]).tolist() == [True, False, True]
    assert finder.asked == 1
    assert FailureReason.MASK_NOT_DRAWN == "mask_not_drawn"


# Masks written as lists


def written(synthetic):
    masks_ = Masks.model_validate({"synthetic": synthetic})
    return [str(each.drawing()) for each in masks_.synthetic]


def test_lists_in_an_entry_stand_for_every_combination():
    entry = {"shape": ["wide", "round"], "coverage": "high", "colour": ["black", "light-blue"]}
    assert written([entry]) == [
        "synthetic-wide-high-black",
        "synthetic-wide-high-light-blue",
        "synthetic-round-high-black",
        "synthetic-round-high-light-blue",
    ]


def test_the_masks_of_nistir_8311_are_one_entry():
    entry = {
        "shape": ["wide", "round"],
        "coverage": ["low", "medium", "high"],
        "colour": ["black", "light-blue"],
    }
    assert len(written([entry])) == 12


some = st.sets(st.sampled_from(["low", "medium", "high"]), min_size=1).map(sorted)


@given(some, st.sets(st.sampled_from(["black", "red", "white"]), min_size=1).map(sorted))
def test_a_product_is_what_loops_by_hand_would_write(coverages, colours):
    entry = {"shape": "wide", "coverage": coverages, "colour": colours}
    by_hand = [f"synthetic-wide-{a}-{b}" for a, b in itertools.product(coverages, colours)]
    assert written([entry]) == by_hand
    assert written([dict(zip(entry, each, strict=True)) for each in
                    itertools.product(["wide"], coverages, colours)]) == by_hand  # fmt: skip


@pytest.mark.parametrize(
    ("synthetic", "said"),
    [
        ([{"shape": ["wide", "oval"], "coverage": "low", "colour": "red"}], "allowed: 'wide' or"),
        ([{"shape": ["wide", "wide"], "coverage": "low", "colour": "red"}], "written twice"),
        ([{"shape": [], "coverage": "low", "colour": "red"}], "an empty list draws no mask"),
        ([{"shape": ["wide"], "coverage": "low"}], "colour: this key is required"),
        ({"shape": "wide"}, "write a list"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(small, synthetic, said):
    with pytest.raises(RequestError, match=said):
        load_config(small.file(masks={"synthetic": synthetic}))


def test_a_config_with_lists_is_written_out_and_reads_back(small):
    entry = {"shape": ["wide", "round"], "coverage": "low", "colour": "red"}
    config = small.config(masks={"synthetic": [entry]})
    assert len(config.as_written()["masks"]["synthetic"]) == 2
    assert type(config).model_validate(config.as_written()) == config
