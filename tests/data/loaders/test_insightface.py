"""InsightFace's verification sets: encoded photographs and who is the same, and nothing else."""

import hashlib
import os
import pickle
import stat

import pytest
from PIL import Image

from evenmatch.data.cache_dir import cache_dir, holdings, purge
from evenmatch.data.pictures import read_picture
from evenmatch.errors import RequestError
from evenmatch.run import evaluate


def photograph(name):
    """Return bytes that look like an encoded photograph of that name."""
    return b"\xff\xd8\xff" + name.encode()


def packed(*pairs, protocol=4):
    """Return a set of `(one, other, mated)` as InsightFace packs it."""
    encoded = [photograph(name) for one, other, _ in pairs for name in (one, other)]
    return pickle.dumps((encoded, [mated for _, _, mated in pairs]), protocol=protocol)


def digest(name):
    return hashlib.sha256(photograph(name)).hexdigest()


# a1-a2-a3 are linked, so are b1-b2; c1 is compared with others only.
PAIRS = [
    ("a1", "a2", True),
    ("a2", "a3", True),
    ("b1", "b2", True),
    ("a1", "b1", False),
    ("b2", "c1", False),
]


@pytest.fixture
def bins(published):
    made = published("insightface")
    made.write("lfw.bin", packed(*PAIRS))
    return made


def test_photographs_are_known_by_their_bytes_and_people_by_mated_comparisons(bins):
    assert bins.rows() == [
        [digest("a1"), "person-00001"],
        [digest("a2"), "person-00001"],
        [digest("a3"), "person-00001"],
        [digest("b1"), "person-00002"],
        [digest("b2"), "person-00002"],
        [digest("c1"), "person-00003"],
    ]


def test_a_reader_is_told_that_people_are_inferred(bins):
    (notice,) = bins.samples().notices
    assert notice == (
        "lfw.bin names nobody: its 6 photographs are taken for 3 people by its mated comparisons "
        "alone. One person may be counted as several, so that intervals are narrower than they "
        "should be."
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_comparisons_are_two_photographs_a_truth_value(bins, protocol):
    bins.write("lfw.bin", packed(*PAIRS, protocol=protocol))
    assert bins.trials("lfw.bin") == [(digest(one), digest(other)) for one, other, _ in PAIRS]


def test_photographs_lie_in_the_private_cache_for_their_owner_alone(bins):
    samples = bins.samples()
    assert samples.root.parent == cache_dir() / "photographs"
    assert samples.root.name == hashlib.sha256(packed(*PAIRS)).hexdigest()
    files = sorted(samples.root.iterdir())
    assert [file.name for file in files] == sorted(samples.table["path"])
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(samples.root.stat().st_mode) == 0o700
    assert (samples.root / samples.table["path"][0]).read_bytes() == photograph("a1")
    assert ("photographs", 6) in [(part, files) for part, files, _ in holdings()]
    purge()
    assert not samples.root.exists()


def test_half_written_photographs_are_written_again_and_whole_ones_are_not(bins):
    samples = bins.samples()
    first, second, third = (samples.root / path for path in samples.table["path"][:3])
    first.write_bytes(b"\xff\xd8")
    second.unlink()
    os.utime(third, (1, 1))
    bins.samples()
    assert first.read_bytes() == photograph("a1")
    assert second.read_bytes() == photograph("a2")
    assert third.stat().st_mtime == 1


def test_photographs_can_be_read_as_pictures(bins, tmp_path):
    for name, color in (("one.png", "red"), ("two.jpg", "blue")):
        Image.new("RGB", (112, 112), color).save(tmp_path / name)
    encoded = [(tmp_path / name).read_bytes() for name in ("one.png", "two.jpg")]
    bins.write("lfw.bin", pickle.dumps((encoded, [False])))
    samples = bins.samples()
    assert [path[-4:] for path in samples.table["path"]] == [".png", ".jpg"]
    assert read_picture(samples.root / samples.table["path"][0]).shape == (112, 112, 3)


def test_equal_photographs_are_one_and_compared_with_themselves_are_left_out(bins):
    bins.write("lfw.bin", packed(("a1", "a2", True), ("a1", "a1", True), ("a2", "b1", False)))
    assert len(bins.samples()) == 3
    assert len(bins.trials("lfw.bin")) == 2
    assert bins.samples().notices[1] == (
        "lfw.bin compares a photograph with itself 1 times; these are left out."
    )


def test_comparisons_on_which_a_set_contradicts_itself_are_left_out_and_counted(bins):
    mated = [("a1", "a2", True), ("a2", "a3", True)]
    non_mated = [("b1", "b2", False), ("a3", "a1", False), ("c1", "c1", False)]
    bins.write("lfw.bin", packed(*mated, *non_mated))
    samples = bins.samples()
    assert "says of 1 comparisons that they are of two people" in samples.notices[-1]
    assert "with itself 1 times" in samples.notices[-2]
    assert len(bins.trials("lfw.bin")) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "is no list of photographs with a list of truth values; fetch the set again"),
        (([], []), "is no list of photographs"),
        (([b"a", b"b"], [True], 1), "is no list of photographs"),
        (b"photographs", "is no list of photographs"),
        (None, "is no list of photographs"),
        (([b"a", b"b", b"c"], [True]), "holds 3 photographs for 1 comparisons, where each takes"),
        (([b"a", b"b"], [True, False]), "holds 2 photographs for 2 comparisons"),
        (([b"a", b"b", b"c", "d"], [True, True]), "comparison 2 is not two encoded photographs"),
        (([b"a", b""], [True]), "comparison 1 is not two encoded photographs and a truth value"),
        (([b"a", b"b"], [2]), "comparison 1 is not two"),
        (([b"a", b"b"], ["yes"]), "comparison 1 is not two"),
        (([b"a", b"b"], [None]), "comparison 1 is not two"),
    ],
)
def test_pickles_that_hold_something_else_are_refused(bins, content, said):
    bins.write("lfw.bin", pickle.dumps(content))
    with pytest.raises(RequestError, match=said):
        bins.samples()


def test_files_that_are_absent_folders_too_large_or_no_pickles_are_refused(bins, monkeypatch):
    with pytest.raises(RequestError, match="there is no such file; check"):
        bins.trials("cfp_fp.bin")
    (bins.folder / "folder.bin").mkdir()
    with pytest.raises(RequestError, match=r"cannot be read .*check which file the card names"):
        bins.trials("folder.bin")
    monkeypatch.setattr("evenmatch.data.loaders.insightface.LARGEST_SET", 100)
    with pytest.raises(RequestError, match="is larger than 0 MiB, which no verification set is"):
        bins.samples()
    bins.write("lfw.bin", packed(*PAIRS)[:90])
    with pytest.raises(RequestError, match=r"lfw.bin: it is cut off or no pickle.*fetch it again"):
        bins.samples()


def test_scores_for_a_set_become_an_audit_that_says_people_are_inferred(bins, tmp_path):
    trials = bins.trials("lfw.bin")
    scores = [0.9, 0.2, 0.8, 0.6, 0.1]
    bins.bench.scores([(*pair, score) for pair, score in zip(trials, scores, strict=True)])
    bins.bench.card["protocols"] = {"pairs": {"kind": "listed", "file": "lfw.bin"}}
    audit = evaluate(bins.bench.config(), tmp_path / "out")
    rates = {
        row.metric: (row.errors, row.trials)
        for row in audit.result.error_rates
        if row.group_by == "all" and row.failures == "excluded"
    }
    assert rates["fmr"] == (1, 2)
    assert rates["fnmr"] == (1, 3)
    assert any("names nobody" in notice for notice in audit.result.notices)
    assert digest("a1") not in (audit.folder / "results.json").read_text()
