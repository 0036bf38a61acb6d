"""MFR2: people's folders, the masks they wear, mated and non-mated pairs."""

import pytest

from evenmatch.errors import RequestError

LABELS = "AdrianDudley, 1, no-mask\nAdrianDudley, 2, surgical\nBoLee, 1, N95\n"
PAIRS = "AdrianDudley 1 2\nAdrianDudley 2 BoLee 1\n"


@pytest.fixture
def mfr2(published):
    made = published("mfr2")
    made.bench.attribute("mask", "sample", ["unmasked", "masked"])
    made.photographs(
        "AdrianDudley/AdrianDudley_0001.png",
        "AdrianDudley/AdrianDudley_0002.png",
        "BoLee/BoLee_0001.png",
    )
    made.write("mfr2_labels.txt", LABELS)
    made.write("pairs.txt", PAIRS)
    return made


def test_masks_are_labels_and_their_kind_is_kept(mfr2):
    assert mfr2.rows("mask", "mask_type") == [
        ["AdrianDudley/AdrianDudley_0001", "AdrianDudley", "unmasked", "no-mask"],
        ["AdrianDudley/AdrianDudley_0002", "AdrianDudley", "masked", "surgical"],
        ["BoLee/BoLee_0001", "BoLee", "masked", "N95"],
    ]
    assert mfr2.samples().mask_values == ("unmasked", "masked")
    assert mfr2.samples().notices == ()


def test_pairs_are_trials(mfr2):
    assert mfr2.trials("pairs.txt") == [
        ("AdrianDudley/AdrianDudley_0001", "AdrianDudley/AdrianDudley_0002"),
        ("AdrianDudley/AdrianDudley_0002", "BoLee/BoLee_0001"),
    ]


def test_a_photograph_without_label_is_unknown_and_a_label_without_photograph_is_told(mfr2):
    mfr2.write("mfr2_labels.txt", "AdrianDudley, 1, no-mask\nNobody, 1, cloth\n")
    assert [mask for *_, mask in mfr2.rows("mask")] == ["unmasked", "unknown", "unknown"]
    assert mfr2.samples().notices == (
        "MFR2: 2 of 3 photographs have no mask label; they are unknown.",
        "MFR2: 1 labelled photographs are not there and were left out.",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty; fetch"),
        ("AdrianDudley 1 no-mask\n", "row 1 is 'AdrianDudley 1 no-mask', and a label reads"),
        ("AdrianDudley, one, cloth\n", "row 1 is"),
        ("AdrianDudley, 1,\n", "row 1 is"),
        ("A, 1, cloth, more\n", "row 1 is"),
        ("A, 1, cloth\nA, 1, no-mask\n", "row 2 calls the mask of A/A_0001 'no-mask' and an"),
        (b"A, 1, \xe9\n", "row 1 is no UTF-8 text"),
    ],
)
def test_broken_labels_are_refused(mfr2, content, reason):
    mfr2.write("mfr2_labels.txt", content)
    with pytest.raises(RequestError, match=reason):
        mfr2.samples()


def test_missing_labels_are_refused(mfr2):
    (mfr2.folder / "mfr2_labels.txt").unlink()
    with pytest.raises(RequestError, match=r"mfr2_labels\.txt: there is no such file"):
        mfr2.samples()


def test_a_pair_of_a_missing_photograph_is_refused(mfr2):
    mfr2.write("pairs.txt", "BoLee 1 2\n")
    with pytest.raises(RequestError, match="row 1: reference_id is no sample"):
        mfr2.trials("pairs.txt")
