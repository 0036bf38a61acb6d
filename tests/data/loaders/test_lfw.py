"""Labeled Faces in the Wild: folders, lists in folds, published counts, labels of others."""

import pytest

from evenmatch.errors import RequestError
from evenmatch.run import evaluate

# The published form: folds and comparisons; then a fold's mated ones, then its non-mated ones.
PAIRS = "2\t1\nAnn_Lee\t1\t2\nAnn_Lee\t3\tBo\t1\nBo\t1\t2\nBo\t2\tAnn_Lee\t1\n"
PEOPLE = "2\n1\nAnn_Lee\t3\n1\nBo\t2\n"
NAMES = [*(f"Ann_Lee_000{k}" for k in (1, 2, 3)), "Bo_0001", "Bo_0002"]
SCORES = (0.9, 0.1, 0.4, 0.6)
COLUMNS = (
    *("person", "imagenum", "Male", "Asian", "Baby", "Child", "Youth", "Middle Aged", "Senior"),
    *("Smiling", "No Eyewear", "Eyeglasses", "Sunglasses"),
)


@pytest.fixture
def lfw(published):
    made = published("lfw")
    made.photographs(*(f"lfw/{name[:-5]}/{name}.jpg" for name in NAMES))
    made.write("pairs.txt", PAIRS)
    return made


def attributes(*rows, columns=COLUMNS):
    lines = ["# lfw_attributes.txt - attributes", "#\t" + "\t".join(columns)]
    return "\n".join([*lines, *("\t".join(map(str, row)) for row in rows)]) + "\n"


def test_photographs_are_known_by_name_and_number(lfw):
    assert lfw.rows() == [[name, name[:-5]] for name in NAMES]
    assert lfw.samples().table["path"][0] == "Ann_Lee/Ann_Lee_0001.jpg"
    assert lfw.samples().notices == ()


def test_the_folds_of_pairs_are_read_mated_first(lfw):
    assert lfw.trials("pairs.txt") == [
        ("Ann_Lee_0001", "Ann_Lee_0002"),
        ("Ann_Lee_0003", "Bo_0001"),
        ("Bo_0001", "Bo_0002"),
        ("Bo_0002", "Ann_Lee_0001"),
    ]


def test_the_lists_for_development_announce_one_number_and_windows_ends_lines_otherwise(lfw):
    lfw.write("pairsDevTest.txt", "1\r\nBo\t1\t2\r\nBo\t1\tAnn_Lee\t3\r\n\r\n")
    assert lfw.trials("pairsDevTest.txt") == [("Bo_0001", "Bo_0002"), ("Bo_0001", "Ann_Lee_0003")]


def test_other_images_lie_where_the_card_says(published):
    made = published("lfw", files={"images": "lfw-deepfunneled"})
    made.photographs("lfw-deepfunneled/Bo/Bo_0001.jpg", "lfw-deepfunneled/Bo/Bo_0002.jpg")
    made.write("xqlfw_pairs.txt", "1\nBo 1 2\nBo 1 Bo 2\n")
    with pytest.raises(RequestError, match="row 3: mated is '0', but the subjects say"):
        made.trials("xqlfw_pairs.txt")


def test_files_named_otherwise_are_left_out_and_counted(lfw):
    lfw.photographs("lfw/Bo/Ann_Lee_0009.jpg", "lfw/Bo/Bo_00010.jpg", "lfw/Bo/cover.png")
    assert len(lfw.samples()) == 5
    (notice,) = lfw.samples().notices
    assert notice == (
        "3 photographs are left out, since they are not named after their folder and a number of "
        "four digits."
    )


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (PEOPLE, ()),
        ("1\nAnn_Lee\t3\n", ("1 people with photographs are not in people.txt.",)),
        (
            "Ann_Lee\t5\nBo\t2\nCy\t1\n",
            ("people.txt lists 8 photographs of 3 people; 3 of them are not there.",),
        ),
    ],
)
def test_the_published_counts_are_compared_with_the_folder(lfw, people, said):
    lfw.write("people.txt", people)
    assert lfw.samples().notices == said


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("2\n1\nAnn_Lee\t3\n", "announces 2 folds and has 1; fetch the list again"),
        ("2\nAnn_Lee\t3\n", "announces 2 people where 1 follow; fetch it again"),
        ("Bo\t2\nBo\t2\n", "row 2: Bo is there twice; remove a row"),
        ("Bo\tmany\n", "row 1 is 'Bo.tmany', neither a count nor a name and a count"),
        ("Bo Diddley\t2\n", "neither a count nor a name"),
        ("", "people.txt: is empty; fetch the list again"),
    ],
)
def test_damaged_counts_are_refused(lfw, people, said):
    lfw.write("people.txt", people)
    with pytest.raises(RequestError, match=said):
        lfw.samples()


def test_sex_follows_the_lists_of_names_and_stays_unknown_where_they_disagree(lfw):
    lfw.photographs("lfw/Cy/Cy_0001.jpg", "lfw/Di/Di_0001.jpg", "lfw/Di/Di_0002.jpg")
    lfw.write("female_names.txt", "Ann_Lee_0001.jpg\nDi_0001.jpg\n")
    lfw.write("male_names.txt", "Bo_0001.jpg\nBo_0002.jpg\nDi_0002.jpg\n")
    lfw.bench.attribute("sex", "subject", ["female", "male"])
    samples = lfw.samples([["sex"]])
    sex = samples.table.groupby("subject_id")["sex"].unique().map(list)
    assert sex.to_dict() == {
        "Ann_Lee": ["female"],
        "Bo": ["male"],
        "Cy": ["unknown"],
        "Di": ["unknown"],
    }
    assert samples.notices == (
        "The sex of 1 people is unknown, since the lists of names give both.",
    )


def test_what_classifiers_said_is_labelled_as_theirs_and_ancestry_is_not_read(lfw):
    scores = ("Ann Lee", 2, -1.5, 9.0, -3, -2, 1.25, 0.5, -4, 0.75, -1, 2.5, 0.1)
    lfw.write("lfw_attributes.txt", attributes(scores, ("Nobody Here", 1, *scores[2:])))
    table = lfw.samples().table.set_index("sample_id")
    assert table.loc["Ann_Lee_0002"].drop(["subject_id", "path", "mask"]).to_dict() == {
        "classified_sex": "female",
        "classified_smile": "smiling",
        "classified_age": "youth",
        "classified_eyewear": "eyeglasses",
    }
    assert table.loc["Bo_0001", "classified_sex"] == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (attributes(columns=COLUMNS[:-1]), "lacks the column 'Sunglasses'; fetch it again"),
        ("Ann Lee\t1\t0.5\n", "has no heading with the columns `person` and `imagenum`"),
        (attributes(("Bo", 1, *[0.5] * 10)), "row 3 is not a person, a number and 11 scores"),
        (attributes(("Bo", 1, "nan", *[0.5] * 10)), "row 3 is not a person"),
        (attributes(("Bo", "one", *[0.5] * 11)), "row 3 is not a person"),
        (attributes(*[("Bo", 1, *[0.5] * 11)] * 2), "row 4: Bo_0001 is there twice; remove one"),
    ],
)
def test_damaged_scores_are_refused(lfw, text, said):
    lfw.write("lfw_attributes.txt", text)
    with pytest.raises(RequestError, match=said):
        lfw.samples()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; fetch the list again"),
        ("\n\n", "is empty"),
        ("Ann_Lee\t1\t2\n", "row 1 is 'Ann_Lee.t1.t2' where the list begins with its number"),
        ("10\t300\t5\n", "row 1 is '10.t300.t5' where the list begins"),
        ("0\t300\n", "row 1 is '0.t300' where"),
        ("²\n", "row 1 is '²' where"),
        ("2\t1\nBo\t1\t2\n", "row 1 announces 2 times 1 mated and 1 non-mated .* and 1 rows"),
        ("99999999\t99999999\nBo\t1\t2\n", "and 1 rows follow; fetch the list again"),
        ("1\nBo\t1\tBo\t2\nBo\t1\t2\n", "row 2 is 'Bo.t1.tBo.t2' where a name and two numbers"),
        ("1\nBo\t1\t2\nBo\t1\t2\n", "row 3 is 'Bo.t1.t2' where a name, a number, a name and"),
        ("1\nBo\t1\t-2\nBo\t1\tAnn_Lee\t2\n", "row 2 is 'Bo.t1.t-2' where"),
        ("1\n\nBo\t1\t7\nBo\t1\tAnn_Lee\t2\n", "row 3: reference_id is no sample of"),
        ("1\nBo\t1\t1\nBo\t1\tAnn_Lee\t2\n", "row 2: compares a photograph with itself; remove"),
        (b"1\nB\xf6\t1\t2\n", "row 2 is no UTF-8 text; fetch the list again"),
        (b"1\nBo\0\t1\t2\n", "row 2 is no UTF-8 text"),
        ("1\n" + "B" * 30_000, "row 2 is longer than 20000 bytes"),
    ],
)
def test_a_list_that_is_not_as_published_is_refused_with_the_row(lfw, text, said):
    lfw.write("pairs.txt", text)
    with pytest.raises(RequestError, match=said):
        lfw.trials("pairs.txt")


def test_a_comparison_listed_again_counts_once(lfw):
    lfw.write("pairs.txt", "2\t1\n" + "Bo\t1\t2\nBo\t1\tAnn_Lee\t3\n" * 2)
    assert len(lfw.trials("pairs.txt")) == 2


def test_a_list_that_is_absent_a_folder_or_too_large_is_refused(lfw, monkeypatch):
    with pytest.raises(RequestError, match=r"there is no such file; check `benchmark\.root`"):
        lfw.trials("none.txt")
    with pytest.raises(
        RequestError, match=r"lfw: cannot be read .*check which file the card names"
    ):
        lfw.trials("lfw")
    monkeypatch.setattr("evenmatch.data.loaders.published.LARGEST_LIST", 10)
    with pytest.raises(RequestError, match=r"is larger than .* check which file the card names"):
        lfw.trials("pairs.txt")


def test_a_folder_without_photographs_is_refused(published):
    made = published("lfw")
    with pytest.raises(RequestError, match="is no folder"):
        made.samples()
    (made.folder / "lfw").mkdir()
    with pytest.raises(RequestError, match="holds no photograph"):
        made.samples()


def test_scores_for_the_pairs_become_an_audit(lfw, tmp_path):
    pairs = lfw.trials("pairs.txt")
    lfw.bench.scores([(*pair, score) for pair, score in zip(pairs, SCORES, strict=True)])
    lfw.bench.card["protocols"] = {"view-2": {"kind": "listed", "file": "pairs.txt"}}
    lfw.write("people.txt", "Ann_Lee\t4\nBo\t2\n")
    audit = evaluate(lfw.bench.config(), tmp_path / "out")
    rates = {
        row.metric: (row.errors, row.trials)
        for row in audit.result.error_rates
        if row.group_by == "all" and row.failures == "excluded"
    }
    assert rates["fmr"] == (1, 2)
    assert rates["fnmr"] == (1, 2)
    assert any("1 of them are not there" in notice for notice in audit.result.notices)
