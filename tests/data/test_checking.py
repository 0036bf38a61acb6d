"""What looking through a benchmark finds, each fault planted by hand."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.data.card import load_card
from evenmatch.data.checking.checkup import check
from evenmatch.data.checking.lists import twice_finding
from evenmatch.data.checking.near import look_alikes, picture_hashes
from evenmatch.data.preparing import prepare
from evenmatch.errors import RequestError

SIZE = 96


def picture(seed):
    """A smooth picture of its own, as unlike others as photographs of different people are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)


class Shelf:
    """A benchmark of photographs that a test spoils."""

    def __init__(self, bench):
        self.bench, self.root = bench, bench.folder
        self.rows = []
        for number, person in enumerate("aabbcc"):
            self.add(picture(number), f"{person}{number}", person)

    def add(self, image, sample, person, **labels):
        """File a photograph as a PNG; None files nothing."""
        path = labels.pop("path", f"{sample}.png")
        if image is not None:
            image.save(self.root / path)
        self.rows.append({"sample_id": sample, "subject_id": person, "path": path, **labels})

    def check(self):
        """Look it through; return the findings by name."""
        self.bench.manifest(self.rows)
        path = self.root / "card.yaml"
        path.write_text(yaml.safe_dump(self.bench.card, sort_keys=False))
        found = check(load_card(str(path)), self.root)
        return {each.check: each for each in found.findings}


@pytest.fixture
def shelf(bench):
    return Shelf(bench)


def spoiled(findings):
    """The checks that found something."""
    return {name for name, each in findings.items() if each.found}


def test_a_clean_benchmark_is_clean(shelf):
    shelf.bench.card["size"] = {"subjects": 3, "images": 6}
    findings = shelf.check()
    assert spoiled(findings) == set()
    assert findings["number of photographs"].looked_at == 6
    assert findings["files as published"].state == "not checked"


def test_counts_are_held_against_the_card(shelf):
    shelf.bench.card["size"] = {"subjects": 2, "images": 7}
    findings = shelf.check()
    assert findings["number of people"].examples == ("3 here, 2 on the card",)
    assert findings["number of people"].state == "problem"
    # A manifest is a person's own work and may leave photographs out.
    assert findings["number of photographs"].state == "look"


def test_a_published_format_may_leave_nobody_out(shelf):
    for row in shelf.rows:
        folder = shelf.root / row["subject_id"]
        folder.mkdir(exist_ok=True)
        (shelf.root / row["path"]).rename(folder / row["path"])
    shelf.bench.card["samples"] = {"loader": "folders"}
    shelf.bench.card["size"] = {"subjects": 4, "images": "unknown"}
    findings = shelf.check()
    assert findings["number of people"].state == "problem"
    assert findings["number of photographs"].remark == "6; the card does not say how many"


def test_missing_and_unreadable_photographs_are_told_apart(shelf):
    shelf.add(None, "a9", "a")
    (shelf.root / "b9.png").write_bytes(b"no picture")
    shelf.add(None, "b9", "b")
    (shelf.root / "c9.png").write_bytes((shelf.root / "a0.png").read_bytes()[:-4000])
    shelf.add(None, "c9", "c")
    findings = shelf.check()
    assert findings["missing photographs"].examples == ("a9.png",)
    assert [each[:7] for each in findings["unreadable photographs"].examples] == [
        "b9.png:",
        "c9.png:",
    ]
    assert spoiled(findings) == {"missing photographs", "unreadable photographs"}


def test_copies_are_found_by_bytes_and_by_pixels(shelf):
    image = Image.open(shelf.root / "a0.png")
    (shelf.root / "copy.png").write_bytes((shelf.root / "a0.png").read_bytes())
    shelf.add(None, "copy", "a")
    shelf.add(image, "again", "a", path="again.bmp")
    findings = shelf.check()
    assert findings["copies, one person"].examples == (
        "a0.png (a) = copy.png (a): same bytes",
        "a0.png (a) = again.bmp (a): same pixels",
    )
    assert spoiled(findings) == {"copies, one person"}


def test_a_person_under_two_identities_is_found_by_copies(shelf):
    shelf.add(Image.open(shelf.root / "a0.png"), "x", "somebody else")
    findings = shelf.check()
    assert findings["copies under two people"].examples == (
        "a0.png (a) = x.png (somebody else): same bytes",
    )
    assert findings["copies under two people"].state == "problem"


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((SIZE // 2, SIZE // 2), Image.Resampling.LANCZOS),
        lambda image: image.convert("L"),
        lambda image: ImageEnhance.Brightness(image).enhance(0.9),
        lambda image: image.resize((SIZE * 2, SIZE * 2)),
    ],
)
@pytest.mark.parametrize(("person", "state"), [("a", "look"), ("z", "problem")])
def test_look_alikes_are_worth_a_look_and_under_two_people_wrong(shelf, change, person, state):
    shelf.add(change(Image.open(shelf.root / "a0.png").convert("RGB")), "x", person)
    findings = shelf.check()
    name = "look-alikes, one person" if person == "a" else "look-alikes, two people"
    assert spoiled(findings) == {name}
    assert findings[name].state == state
    assert findings[name].examples == (f"a0.png (a) = x.png ({person}): look alike",)


def test_a_low_quality_copy_is_a_look_alike(shelf):
    Image.open(shelf.root / "a0.png").convert("RGB").save(shelf.root / "x.jpg", quality=30)
    shelf.add(None, "x", "z", path="x.jpg")
    assert spoiled(shelf.check()) == {"look-alikes, two people"}


def test_flat_pictures_look_like_nobody(shelf):
    for shade in (10, 200):
        shelf.add(Image.new("RGB", (SIZE, SIZE), (shade,) * 3), f"flat{shade}", f"p{shade}")
    assert spoiled(shelf.check()) == set()


def test_a_photograph_listed_twice_is_found(shelf):
    shelf.add(None, "other", "b", path="a0.png")
    findings = shelf.check()
    assert findings["photographs listed twice"].examples == ("a0.png: as a0, other of a, b",)


def test_a_sample_twice_is_found_and_an_audit_would_refuse_it(shelf):
    shelf.add(picture(50), "a0", "a", path="new.png")
    findings = shelf.check()
    assert findings["photographs listed twice"].examples == ("sample_id a0",)
    assert "is there twice" in findings["as an audit reads it"].examples[0]


def test_templates_may_share_a_photograph_unless_the_face_is_two_peoples():
    box = {"left": 1.0, "top": 1.0, "width": 9.0, "height": 9.0, "media_id": "m"}
    faces = [("t1", "a", "1.jpg"), ("t2", "a", "1.jpg"), ("t3", "b", "2.jpg"), ("t4", "c", "2.jpg")]
    rows = [
        {"sample_id": sample, "subject_id": person, "path": path, **box}
        for sample, person, path in faces
    ]
    rows += [rows[0]]
    assert twice_finding(pd.DataFrame(rows)).examples == (
        "1.jpg: as t1 of a",
        "2.jpg: as t3, t4 of b, c",
    )


def test_labels_that_disagree_within_a_person_are_found(shelf):
    shelf.bench.attribute("sex", "subject", ["female", "male"])
    shelf.bench.attribute("mood", "sample")
    for row, sex in zip(shelf.rows, ["male", "female", "male", "", "male", "male"], strict=True):
        row |= {"sex": sex, "mood": sex}
    findings = shelf.check()
    assert findings["labels that disagree"].examples == (
        "a: sex is female and male",
        "b: sex is male and unknown",
    )
    assert findings["as an audit reads it"].found == 1


def test_comparisons_are_held_against_the_photographs(shelf):
    shelf.add(None, "a9", "a")
    shelf.bench.listed(
        [
            {"probe_id": "a0", "reference_id": "a1", "mated": 1},
            {"probe_id": "a0", "reference_id": "a1", "mated": 1},
            {"probe_id": "a0", "reference_id": "nobody", "mated": 0},
            {"probe_id": "a9", "reference_id": "b2", "mated": 0},
            {"probe_id": "b2", "reference_id": "b2", "mated": 1},
            {"probe_id": "b2", "reference_id": "c4", "mated": 1},
        ]
    )
    findings = shelf.check()
    assert findings["comparisons without photograph"].examples == (
        "pairs: pairs.csv: row 4: nobody is no sample",
        "pairs: pairs.csv: row 5: a9 has no photograph that can be read",
    )
    assert findings["comparisons that cannot be"].examples == (
        "pairs: pairs.csv: row 6: b2 with itself",
        "pairs: pairs.csv: row 7: b2 and c4 are listed as one person, against their subject ids",
    )
    assert findings["comparisons listed again"].found == 1
    assert findings["comparisons listed again"].state == "look"


def test_a_published_list_of_names_and_numbers_is_held_too(bench):
    """LFW's own format, whose loader numbers its rows as it likes."""
    rows = ["1\t1", "Ann_Lee\t1\t2", "Ann_Lee\t1\tBo_Fox\t1"]
    (bench.folder / "pairs.txt").write_text("\n".join(rows) + "\n")
    for seed, (name, number) in enumerate([("Ann_Lee", 1), ("Ann_Lee", 2)]):
        folder = bench.folder / "lfw" / name
        folder.mkdir(parents=True, exist_ok=True)
        picture(seed).save(folder / f"{name}_{number:04d}.jpg")
    bench.card["samples"] = {"loader": "lfw"}
    bench.card["protocols"] = {"view-2": {"kind": "listed", "file": "pairs.txt"}}
    path = bench.folder / "card.yaml"
    path.write_text(yaml.safe_dump(bench.card))
    findings = {each.check: each for each in check(load_card(str(path)), bench.folder).findings}
    assert findings["comparisons without photograph"].found == 1
    (said,) = findings["comparisons without photograph"].examples
    assert said == "view-2: pairs.txt: row 3: Bo_Fox_0001 is no sample"


def test_a_list_that_an_audit_would_refuse_is_a_problem(shelf):
    shelf.bench.listed([{"probe_id": "a0", "reference_id": "a1", "mated": "maybe"}])
    found = shelf.check()["comparisons that cannot be"]
    assert found.examples == ("pairs: pairs.csv: row 2: mated is 'maybe', neither 1 nor 0",)
    (shelf.bench.folder / "pairs.csv").write_text("probe_id,reference_id\n")
    found = shelf.check()["comparisons that cannot be"]
    assert found.examples == ("pairs: pairs.csv: lists no comparison",)
    assert found.state == "problem"


def test_a_list_that_is_not_there_is_a_problem(shelf):
    shelf.bench.card["protocols"]["pairs"] = {"kind": "listed", "file": "none.csv"}
    found = shelf.check()["comparisons that cannot be"]
    assert "none.csv: there is no such file" in found.examples[0]


def test_lists_that_cannot_be_read_end_the_check_with_a_problem(shelf):
    shelf.bench.card["samples"] = {"loader": "manifest", "manifest": "none.csv"}
    findings = shelf.check()
    assert findings["lists can be read"].state == "problem"
    assert len(findings) == 2


def test_scores_without_photographs_are_checked_as_far_as_they_go(small):
    card = load_card(small.raw()["benchmark"]["card"])
    found = {each.check: each.state for each in check(card, small.folder).findings}
    assert found["unreadable photographs"] == "not checked"
    assert found["as an audit reads it"] == "clean"


def test_files_are_held_against_the_digests_recorded_at_their_coming(shelf):
    shelf.bench.manifest(shelf.rows)
    shelf.bench.card["access"] = {
        "how": "request",
        "files": [{"url": "https://example.org/a", "path": "samples.csv"}],
    }
    (shelf.root / "card.yaml").write_text(yaml.safe_dump(shelf.bench.card))
    prepare(load_card(str(shelf.root / "card.yaml")), shelf.root)
    first = shelf.check()["files as published"]
    assert (first.state, first.remark) == ("clean", "1 recorded, not confirmed")
    shelf.rows.pop()
    changed = shelf.check()["files as published"]
    assert changed.state == "problem"
    assert "samples.csv: its SHA-256 is not" in changed.examples[0]


def test_a_folder_that_is_not_there_is_a_wrong_request(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    shelf.check()
    card = load_card(str(shelf.root / "card.yaml"))
    with pytest.raises(RequestError, match=r"evenmatch datasets prepare made-up$"):
        check(card, None)


def command(shelf, *more):
    path = str(shelf.root / "card.yaml")
    return CliRunner().invoke(
        app, ["datasets", "check", path, "--root", str(shelf.root), *more], env={"COLUMNS": "200"}
    )


def test_the_command_fits_eighty_columns_and_ends_with_zero_or_one(shelf):
    shelf.check()
    said = command(shelf)
    assert said.exit_code == 0
    assert said.stdout.endswith("Clean.\n")
    shelf.add(Image.open(shelf.root / "a0.png"), "x" * 90, "somebody else")
    shelf.check()
    said = command(shelf)
    assert said.exit_code == 1
    lines = [line for line in said.stdout.split("\n") if str(shelf.root) not in line]
    assert max(map(len, lines)) <= 80
    assert "copies under two people" in said.stdout


def test_the_command_answers_scripts_and_writes_nothing(shelf):
    shelf.add(Image.open(shelf.root / "a0.png"), "x", "somebody else")
    shelf.check()
    before = {path: path.stat().st_mtime_ns for path in shelf.root.rglob("*")}
    said = command(shelf, "--json")
    assert said.exit_code == 1
    answer = json.loads(said.stdout)
    assert (answer["card"], answer["clean"]) == ("made-up", False)
    assert [each["check"] for each in answer["findings"] if each["state"] == "problem"] == [
        "copies under two people"
    ]
    assert {path: path.stat().st_mtime_ns for path in shelf.root.rglob("*")} == before


def thumbs(count, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2).reshape(count, 1024)


@given(st.integers(0, 2**32), st.integers(2, 60))
def test_neighbours_by_bands_are_those_of_every_pair(seed, count):
    """The hashes are compared pair by pair; the bands must lose none."""
    base = thumbs(3, seed)[np.random.default_rng(seed).integers(0, 3, count)].astype(int)
    noise = np.random.default_rng(seed + 1).normal(0, 6, base.shape)
    pictures = np.clip(base / 2 + 60 + noise, 0, 255).astype(np.uint8)
    hashes = picture_hashes(pictures)
    normed = pictures - pictures.mean(axis=1, keepdims=True)
    normed /= np.linalg.norm(normed, axis=1, keepdims=True)
    alike = normed @ normed.T
    near = [
        (one, other)
        for one in range(count)
        for other in range(one + 1, count)
        if int(hashes[one] ^ hashes[other]).bit_count() <= 6
    ]
    found = set(map(tuple, look_alikes(pictures).pairs.tolist()))
    assert found <= set(near)
    for pair in near:
        if abs(alike[pair] - 0.975) > 1e-5:  # on the limit itself, rounding decides
            assert (pair in found) == (alike[pair] > 0.975)


def test_a_large_set_is_searched_in_bounded_work_and_says_how_widely():
    pictures = thumbs(20_000)
    pictures[19_999] = pictures[0] // 2 + 40
    tracemalloc.start()
    found = look_alikes(pictures)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [0, 19_999] in found.pairs.tolist()
    assert found.distance == 6
    assert peak < 600 << 20
    narrow = look_alikes(pictures, limit=200_000)
    assert 0 <= narrow.distance < 6
    assert [0, 19_999] in narrow.pairs.tolist()
    same = look_alikes(pictures[[0] * 2000], limit=200_000)
    assert (same.distance, len(same.pairs)) == (-1, 0)


def test_no_photograph_no_neighbours():
    assert look_alikes(np.empty((0, 1024), dtype=np.uint8)).pairs.shape == (0, 2)
    assert look_alikes(thumbs(1)).pairs.shape == (0, 2)
