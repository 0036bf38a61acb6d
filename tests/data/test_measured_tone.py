"""Skin tone measured in photographs: painted faces whose angle can be worked out by hand."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evenmatch.config import load_config
from evenmatch.data import landmarks as finders
from evenmatch.data import measured_tone
from evenmatch.data.landmarks import LandmarkFailure, Landmarks
from evenmatch.data.measured_tone import patches, photograph_angle, with_skin_tone
from evenmatch.data.samples import Samples
from evenmatch.data.skin_tone import PUBLISHED_BANDS, tone_band, typology_angle
from evenmatch.entries.measured import Measured
from evenmatch.errors import RequestError
from evenmatch.matching.photographs import Photographs
from evenmatch.measurements import measure_attributes, tones
from evenmatch.run import evaluate

LIGHT, TAN, DARK = (241, 211, 190), (198, 134, 66), (60, 35, 20)
ANGLE = {c: typology_angle(np.full((3, 3, 3), c, dtype=np.uint8)) for c in (LIGHT, TAN, DARK)}
BLANK = (0, 0, 0)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def finder(face, monkeypatch):
    """A finder that sees one and the same face, and none in a black picture; it counts."""

    class Finder:
        facts = {"landmarks": "made up"}  # noqa: RUF012 - a stand-in
        asked = 0

        def __call__(self, photograph):
            self.asked += 1
            return face() if photograph.any() else LandmarkFailure.NO_FACE

    made = Finder()
    monkeypatch.setattr(measured_tone, "landmark_finder", lambda _source: made)
    return made


@pytest.fixture
def album(tmp_path):
    """Write one-coloured photographs and return their samples."""

    def samples(people, masks=None, **columns):
        rows = []
        for subject, colours in people.items():
            for number, colour in enumerate(colours):
                name = f"{subject}{number}.png"
                picture = np.full((300, 300, 3), colour, dtype=np.uint8)
                picture[0, 0] = len(rows) + 1 if any(colour) else 0
                Image.fromarray(picture).save(tmp_path / name)
                rows.append((name[:-4], subject, name))
        table = pd.DataFrame(rows, columns=["sample_id", "subject_id", "path"])
        table["mask"] = masks or "unknown"
        values = ("unmasked", "masked") if masks else ("unknown",)
        return Samples(table.assign(**columns), tmp_path, {}, values)

    return samples


def measure(samples, bands=PUBLISHED_BANDS):
    return with_skin_tone(samples, bands, Photographs(samples))


# Where it is measured


def test_cheeks_and_forehead_lie_where_a_hand_would_put_them(face):
    (lx, ly, lh), (rx, ry, rh), (fx, fy, fh) = patches(face(at=(150, 120)))
    points = face(at=(150, 120)).points
    assert (lx, ly) == tuple((points[31] + points[1]) / 2)
    assert (rx, ry) == tuple((points[35] + points[15]) / 2)
    assert (fx, fy) == (150, 120 - 22 - 20)  # a third of 60 above the brows
    assert fh == 60 / 8
    assert lh == pytest.approx(rh)
    assert points[36:42, 1].max() < ly - lh  # below the eye
    assert ly + lh < points[48, 1]  # above the mouth


def test_patches_turn_with_the_head(face):
    upright, tilted = patches(face()), patches(face(degrees=30))
    turn = np.array(
        [[np.cos(np.pi / 6), np.sin(np.pi / 6)], [-np.sin(np.pi / 6), np.cos(np.pi / 6)]]
    )
    for (x, y, half), (tx, ty, tilted_half) in zip(upright, tilted, strict=True):
        assert (np.array([x, y]) - (150, 120)) @ turn + (150, 120) == pytest.approx((tx, ty))
        assert half == pytest.approx(tilted_half)


def test_the_angle_is_the_median_of_the_patches(face):
    photograph = np.full((300, 300, 3), 255, dtype=np.uint8)
    for (x, y, half), colour in zip(patches(face()), (LIGHT, TAN, DARK), strict=True):
        box = [slice(round(at - half) - 1, round(at + half) + 3) for at in (y, x)]
        photograph[box[0], box[1]] = colour
    assert photograph_angle(photograph, face()) == pytest.approx(ANGLE[TAN])


def test_a_patch_outside_the_photograph_is_left_out_and_all_outside_is_no_angle(face, noise):
    assert photograph_angle(np.full((300, 300, 3), TAN, np.uint8), face(at=(290, 120))) == (
        pytest.approx(ANGLE[TAN])
    )
    assert photograph_angle(noise, face(at=(900, 900))) is None
    assert photograph_angle(noise, face(scale=0.01)) is None  # patches of a pixel


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_gives_its_own_angle(colour):
    points = np.random.default_rng(1).uniform(100, 200, (68, 2))
    photograph = np.full((300, 300, 3), colour, dtype=np.uint8)
    angle = photograph_angle(photograph, Landmarks(points, "dlib68"))
    assert angle == pytest.approx(typology_angle(photograph[:3, :3]))


# Whose it is


@pytest.mark.usefixtures("finder")
def test_a_person_has_the_band_of_the_median_and_without_an_angle_is_unknown(album):
    samples, readings = measure(
        album({"a": [LIGHT, LIGHT, DARK], "b": [DARK, BLANK], "c": [BLANK, BLANK]})
    )
    people = samples.table.drop_duplicates("subject_id").set_index("subject_id")["skin_tone"]
    assert people.tolist() == [tone_band(ANGLE[LIGHT]), tone_band(ANGLE[DARK]), "unknown"]
    assert samples.attributes["skin_tone"] == ("very light", "dark", "unknown")
    assert samples.labelled_by == {"skin_tone": "measured"}
    assert readings.reasons == {"b1": "no_face", "c0": "no_face", "c1": "no_face"}
    assert "4 photographs; 3 gave no angle, and 1 of 3 people are unknown" in samples.notices[0]
    assert "measures paint, lamp and camera, and is nobody's ethnicity" in samples.notices[0]


@pytest.mark.usefixtures("finder")
def test_bands_are_those_of_the_run_in_its_order(album):
    bands = (("lighter", 28.0), ("darker", None))
    samples, _ = measure(album({"a": [DARK], "b": [LIGHT]}), bands)
    assert samples.attributes["skin_tone"] == ("lighter", "darker")
    assert samples.table["skin_tone"].tolist() == ["darker", "lighter"]


@pytest.mark.usefixtures("finder")
def test_only_faces_known_to_be_bare_are_measured(album):
    given_ = album({"a": [LIGHT, DARK, DARK]}, masks=["unmasked", "masked", "unknown"])
    samples, readings = measure(given_)
    assert set(samples.table["skin_tone"]) == {"very light"}
    assert readings.angles.notna().tolist() == [True, False, False]
    assert readings.reasons == {}


def test_angles_are_kept_by_what_the_photograph_holds(album, finder):
    given_ = album({"a": [LIGHT, BLANK], "b": [DARK]})
    first, _ = measure(given_)
    assert finder.asked == 3
    again, readings = measure(given_)
    assert finder.asked == 3
    assert again.table.equals(first.table)
    assert readings.reasons == {"a1": "no_face"}
    Image.new("RGB", (300, 300), DARK).save(given_.root / "a0.png")
    assert set(measure(given_)[0].table["skin_tone"]) == {"dark"}
    assert finder.asked == 4


@pytest.mark.usefixtures("finder")
def test_a_file_that_is_no_picture_is_counted_as_unreadable(album):
    given_ = album({"a": [LIGHT, LIGHT]})
    (given_.root / "a0.png").write_bytes(b"no picture")
    samples, readings = measure(given_)
    assert readings.reasons == {"a0": "unreadable"}
    assert set(samples.table["skin_tone"]) == {"very light"}


@pytest.mark.usefixtures("finder")
def test_a_column_of_that_name_and_rows_without_photographs_are_refused(album):
    given_ = album({"a": [LIGHT]})
    with pytest.raises(RequestError, match="has a column skin_tone already; remove the key"):
        measure(album({"a": [LIGHT]}, skin_tone="light"))
    given_.table["path"] = ""
    with pytest.raises(RequestError, match="is one photograph, so there is"):
        measure(given_)


# What the run says of it


@pytest.mark.parametrize(
    "bands",
    [
        {"light": 28, "dark": 28},
        {"light": 10, "middle": 28, "dark": None},
        {"light": 28},
        {"light": None, "dark": None},
        {"light": 28, "unknown": None},
        {},
        {"null": 28, "dark": None},
    ],
)
def test_bands_that_do_not_fall_are_refused(small, bands):
    with pytest.raises(RequestError, match=r"measured\.skin_tone\.bands"):
        load_config(small.file(measured={"skin_tone": {"bands": bands}}))


def test_without_bands_the_published_ones_hold(small):
    asked = small.config(measured={"skin_tone": {}}).measured.skin_tone
    assert asked.tones == PUBLISHED_BANDS
    assert small.config().measured.skin_tone is None
    written = small.config(measured={"skin_tone": {}})
    assert type(written).model_validate(written.as_written()) == written


def test_a_run_that_measures_nothing_adds_nothing(album):
    given_ = album({"a": [LIGHT]})
    assert measure_attributes(given_, Measured()) == (given_, None)


@pytest.fixture
def audited(album, bench, tmp_path):
    """Run an audit of three people by sex and tone; one of them has one photograph only."""
    given_ = album({"a": [LIGHT, TAN], "b": [LIGHT, LIGHT], "c": [DARK], "d": [BLANK, BLANK]})
    rows = given_.table[["sample_id", "subject_id", "path"]].to_dict("records")
    for row in rows:
        (bench.folder / row["path"]).write_bytes((given_.root / row["path"]).read_bytes())
    bench.manifest([row | {"sex": "female" if row["subject_id"] in "ab" else ""} for row in rows])
    bench.attribute("sex", "subject", ["female", "male"])
    ids = [row["sample_id"] for row in rows]
    bench.scores([(one, two, 0.5) for k, one in enumerate(ids) for two in ids[:k]])
    config = bench.config(measured={"skin_tone": {}}, report={"formats": ["html", "csv"]})
    return evaluate(config, tmp_path / "out")


@pytest.mark.usefixtures("finder")
def test_the_table_says_how_far_the_angle_repeats_within_people(audited):
    rows = {(row.group_by, row.group): row for row in audited.result.skin_tone}
    everyone, women, unknown = rows["all", "all"], rows["sex", "female"], rows["sex", "unknown"]
    assert (everyone.subjects, everyone.measured_subjects, everyone.repeated_subjects) == (4, 3, 2)
    assert (everyone.photographs, everyone.measured, everyone.failed) == (7, 5, 2)
    assert (unknown.photographs, unknown.failed, unknown.failed_share) == (3, 2, 2 / 3)
    spread = ANGLE[LIGHT] - ANGLE[TAN]
    assert women.spread_median == pytest.approx(spread / 2)  # of one person's spread and none
    assert women.within_person_sd == pytest.approx(np.sqrt(spread**2 / 2 / 2))
    assert women.same_band == 0.5
    assert rows["skin_tone", "unknown"].angle_median is None
    assert {row.caveat for row in rows.values()} == {measured_tone.CAVEAT}
    table = pd.read_csv(audited.folder / "skin_tone.csv")
    assert len(table) == len(rows)


@pytest.mark.usefixtures("finder")
def test_the_caveat_stands_under_every_table_and_figure_by_skin_tone(audited):
    page = (audited.folder / "report.html").read_text()
    said = f"skin_tone: measured ({measured_tone.CAVEAT})".replace("'", "&#39;")
    tables = page.split('<details class="table"')[1:]
    by_tone = [part for part in tables if "by skin_tone" in part.split("</summary>")[0]]
    assert by_tone
    assert all(said in part.split("</details>")[0] for part in by_tone)
    figures = [part for part in page.split("<figcaption>")[1:] if "skin_tone" in part[:200]]
    assert all(said in part.split("</figcaption>")[0] for part in figures)


def test_nothing_is_measured_unless_the_run_asks(small, tmp_path):
    result = evaluate(small.config(), tmp_path / "out").result
    assert result.skin_tone == []


def test_no_module_guesses_race_or_ethnicity_from_a_picture():
    """Attributes of people come from labels, mappings of labels or a measured angle alone."""
    package = Path(measured_tone.__file__).parents[1]
    banned = {"deepface", "fairface", "insightface_attributes"}
    guessing = ("predict_race", "predict_ethnicity", "classify_race", "guess_race", "race_model")
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            assert not banned & {name.split(".")[0].lower() for name in names}, path
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert not any(word in node.name.lower() for word in guessing), path


def test_real_faces_give_angles_that_repeat(london_faces):
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    for photograph in london_faces:
        found = finders.find_landmarks(photograph)
        angle = photograph_angle(photograph, found)
        darker = photograph_angle((photograph * 0.98).astype(np.uint8), found)
        assert -90 < angle < 90
        assert abs(angle - darker) < 10


def test_tones_of_a_run_without_them_are_no_rows():
    class Inputs:
        tones = None

    assert tones(Inputs()) == []
