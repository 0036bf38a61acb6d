"""Racial Faces in-the-Wild: four subsets, one list each, people filed twice."""

import pytest

from evenmatch.errors import RequestError

SHOTS = {
    "African": {"m.01": 2, "m.02": 1},
    "Asian": {"m.03": 2, "m.04": 1},
    "Caucasian": {"m.05": 2, "m.06": 1},
    "Indian": {"m.07": 2, "m.08": 1},
}


@pytest.fixture
def rfw(published):
    made = published("rfw")
    made.bench.attribute("ethnicity", "subject", ["caucasian", "indian", "asian", "african"])
    for subset, people in SHOTS.items():
        first, second = people
        for person, shots in people.items():
            for shot in range(1, shots + 1):
                made.photographs(f"data/{subset}/{person}/{person}_{shot:04d}.jpg")
        pairs = f"{first}\t1\t2\n{first}\t2\t{second}\t1\n"
        made.write(f"txts/{subset}/{subset}_pairs.txt", pairs)
    return made


def list_of(subset):
    return f"txts/{subset}/{subset}_pairs.txt"


def test_a_photograph_has_the_label_of_its_folder(rfw):
    assert rfw.rows("ethnicity")[:4] == [
        ["African/m.01/m.01_0001", "m.01", "african"],
        ["African/m.01/m.01_0002", "m.01", "african"],
        ["African/m.02/m.02_0001", "m.02", "african"],
        ["Asian/m.03/m.03_0001", "m.03", "asian"],
    ]
    samples = rfw.samples([["ethnicity"]])
    assert samples.attributes["ethnicity"] == ("caucasian", "indian", "asian", "african")
    assert samples.notices == ()


def test_one_list_or_all_four_are_a_protocol(rfw):
    one = [
        ("African/m.01/m.01_0001", "African/m.01/m.01_0002"),
        ("African/m.01/m.01_0002", "African/m.02/m.02_0001"),
    ]
    assert rfw.trials(list_of("African")) == one
    everything = rfw.trials(*map(list_of, SHOTS))
    assert everything[:2] == one
    assert len(everything) == 8


def test_a_person_filed_under_two_labels_is_one_person_of_unknown_label(rfw):
    rfw.photographs("data/Indian/m.01/m.01_0001.jpg")
    samples = rfw.samples([["ethnicity"]])
    theirs = samples.table[samples.table["subject_id"] == "m.01"]
    assert theirs["ethnicity"].tolist() == ["unknown"] * 3
    assert len(set(samples.people[theirs.index])) == 1
    assert samples.notices == (
        (
            "RFW files 1 people under more than one label; their ethnicity is unknown here (3 "
            "photographs), and each of them counts as one person."
        ),
    )


def test_a_comparison_of_one_person_filed_twice_is_no_non_mated_one(rfw):
    rfw.photographs("data/Indian/m.01/m.01_0001.jpg")
    rfw.write(list_of("Indian"), "m.07\t1\tm.01\t1\n")
    assert rfw.trials(list_of("Indian")) == [("Indian/m.07/m.07_0001", "Indian/m.01/m.01_0001")]


def test_folders_that_are_not_there_are_named(published):
    made = published("rfw", files={"images": "test_aligned/data"})
    made.photographs("test_aligned/data/Asian/m.3/m.3_0001.png")
    assert made.rows() == [["Asian/m.3/m.3_0001", "m.3"]]
    assert made.samples().table["path"][0] == "Asian/m.3/m.3_0001.png"
    assert made.samples().notices == (
        "RFW: the folders African, Caucasian, Indian are not there and were not read.",
    )


def test_a_root_without_any_folder_is_refused(published):
    with pytest.raises(RequestError, match=r"none of the folders African.*set `benchmark\.root`"):
        published("rfw").samples()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("m.01\t1\n", r"row 1 is 'm\.01\\t1', and a comparison reads `person 1 2`"),
        ("m.01\t1\t2\nm.01\tone\t2\n", "row 2 is"),
        ("m.01\t1\tm.02\t1\tm.03\n", "row 1 is"),
        ("", "is empty; fetch"),
        (b"m.01\t1\t\xff\n", "row 1 is no UTF-8 text"),
        ("m.01\t1\t9\n", "row 1: reference_id is no sample"),
        ("m.01\t1\t1\n", "row 1: compares a photograph with itself"),
        ("m.01\t1\tm.01\t2\n", "row 1: mated is '0', but the subjects say the opposite"),
    ],
)
def test_a_broken_list_is_refused_by_row(rfw, text, reason):
    rfw.write(list_of("African"), text)
    with pytest.raises(RequestError, match=reason):
        rfw.trials(list_of("African"))


def test_a_row_there_twice_counts_once(rfw):
    rfw.write(list_of("African"), "m.01\t1\t2\nm.01\t1\t2\n")
    assert len(rfw.trials(list_of("African"))) == 1


def test_a_list_of_no_subset_is_refused(rfw):
    rfw.write("txts/all.txt", "m.01\t1\t2\n")
    with pytest.raises(RequestError, match="name it as RFW does"):
        rfw.trials("txts/all.txt")
