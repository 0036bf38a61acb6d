"""Celebrities in Frontal-Profile: two views, numbered lists, a folder a fold."""

import pytest

from evenmatch.data.loaders.registry import find_loader
from evenmatch.data.preparing import prepare
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

FRONTAL = ["001/frontal/01.jpg", "001/frontal/02.jpg", "002/frontal/01.jpg"]
PROFILE = ["001/profile/01.jpg", "002/profile/01.jpg"]
SPLIT = {
    "FP/01/same.txt": "1,1\n",
    "FP/01/diff.txt": "2,2\r\n",
    "FP/02/same.txt": "3,2\n",
    "FP/02/diff.txt": "3,1",
    "FF/01/same.txt": "1,2\n",
    "FF/01/diff.txt": "1,3\n",
}


def numbered(names):
    return "".join(f"{k} ../Data/Images/{name}\n" for k, name in enumerate(names, start=1))


@pytest.fixture
def cfp(published):
    made = published("cfp")
    made.photographs(*(f"Data/Images/{name}" for name in [*FRONTAL, *PROFILE]))
    made.write("Protocol/Pair_list_F.txt", numbered(FRONTAL))
    made.write("Protocol/Pair_list_P.txt", numbered(PROFILE))
    for name, text in SPLIT.items():
        made.write(f"Protocol/Split/{name}", text)
    return made


def test_photographs_carry_their_view(cfp):
    cfp.bench.attribute("view", "sample", ["frontal", "profile"])
    assert cfp.rows("view")[1:4] == [
        ["001/frontal/02.jpg", "001", "frontal"],
        ["001/profile/01.jpg", "001", "profile"],
        ["002/frontal/01.jpg", "002", "frontal"],
    ]
    assert cfp.samples().notices == ()


def test_comparisons_go_by_the_numbers_of_the_lists(cfp):
    assert cfp.trials("Protocol/Split/FP") == [
        ("001/frontal/01.jpg", "001/profile/01.jpg"),
        ("001/frontal/02.jpg", "002/profile/01.jpg"),
        ("002/frontal/01.jpg", "002/profile/01.jpg"),
        ("002/frontal/01.jpg", "001/profile/01.jpg"),
    ]
    assert cfp.trials("Protocol/Split/FF") == [
        ("001/frontal/01.jpg", "001/frontal/02.jpg"),
        ("001/frontal/01.jpg", "002/frontal/01.jpg"),
    ]


def test_with_its_folders_of_lists_in_place_it_is_ready(cfp):
    protocol = {"kind": "listed", "file": "Protocol/Split/FP"}
    cfp.bench.card["protocols"] = {"frontal-profile": protocol}
    assert prepare(cfp.card(), cfp.folder).lacking == ""
    protocol["file"] = "Protocol/Split/PP"
    assert "PP: this list of comparisons is not there" in prepare(cfp.card(), cfp.folder).lacking


def test_folds_are_kept(cfp):
    loader = find_loader("cfp")
    places = {role: cfp.folder / place for role, place in loader.files.items()}
    table = loader.trials(cfp.folder / "Protocol/Split/FP", places)
    assert table[["mated", "fold"]].to_numpy().tolist() == [
        ["1", "01"],
        ["0", "01"],
        ["1", "02"],
        ["0", "02"],
    ]


def test_a_photograph_that_is_not_there_is_counted_and_its_comparison_refused(cfp):
    (cfp.folder / "Data/Images" / PROFILE[1]).unlink()
    assert cfp.samples().notices == ("CFP's lists name 5 photographs; 1 of them are not there.",)
    said = "FP: 01/diff.txt: row 1: reference_id is no sample"
    with pytest.raises(RequestError, match=said):
        cfp.trials("Protocol/Split/FP")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Split/FP/01/same.txt", "", "same.txt: is empty; fetch the list again"),
        ("Split/FP/01/same.txt", "1,3\n", "row 1 is '1,3', not two numbers of CFP's lists"),
        ("Split/FP/01/same.txt", "0,1\n", "row 1 is '0,1', not two numbers"),
        ("Split/FP/01/same.txt", "1 1\n", "row 1 is '1 1', not two numbers"),
        ("Split/FP/01/same.txt", "1,2\n", "01/same.txt: row 1: mated is '1', but the subjects"),
        ("Split/FP/02/diff.txt", "3,1\n1,2\n", "lists 1 comparisons where others list 2; fetch"),
        (
            "Pair_list_F.txt",
            "1 ../Data/Images/001/profile/01.jpg\n",
            "row 1 is .* should be; fetch",
        ),
        ("Pair_list_F.txt", "1 ../../frontal/x.jpg\n", "where a number and a path such as"),
        ("Pair_list_F.txt", "one ../Data/Images/001/frontal/01.jpg\n", "where a number and a path"),
        ("Pair_list_P.txt", numbered(PROFILE) * 2, "row 3: number 1 is there twice; fetch"),
    ],
)
def test_damaged_lists_are_refused_with_the_row(cfp, name, text, said):
    cfp.write(f"Protocol/{name}", text)
    with pytest.raises(RequestError, match=said):
        cfp.trials("Protocol/Split/FP")


@pytest.mark.parametrize("place", ["Protocol/Split", "Protocol/Split/FP/01/same.txt", "none/FP"])
def test_only_a_folder_of_folds_is_a_protocol(cfp, place):
    with pytest.raises(RequestError, match="is not one of CFP's folders of comparisons; name"):
        cfp.trials(place)


def test_a_fold_without_its_list_is_refused(cfp):
    (cfp.folder / "Protocol/Split/FP/02/diff.txt").unlink()
    with pytest.raises(RequestError, match=r"02/diff.txt: there is no such file"):
        cfp.trials("Protocol/Split/FP")


def test_missing_images_are_refused(published):
    with pytest.raises(RequestError, match="the folder that holds `Data` and `Protocol`"):
        published("cfp").samples()


def test_renumbering_the_photographs_makes_another_audit(cfp, tmp_path):
    pairs = [(one, other, 0.5) for one in FRONTAL for other in PROFILE]
    cfp.bench.scores(pairs)
    fp = {"kind": "listed", "file": "Protocol/Split/FP"}
    cfp.bench.card["protocols"] = {"fp": fp}
    first = evaluate(cfp.bench.config(), tmp_path / "out")
    cfp.write("Protocol/Pair_list_F.txt", numbered([FRONTAL[1], FRONTAL[0], FRONTAL[2]]))
    second = evaluate(cfp.bench.config(), tmp_path / "out")
    assert first.folder != second.folder
