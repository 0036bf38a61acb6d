"""Balanced Faces in the Wild: the table of pairs with its subgroups, folds and foreign scores."""

import pytest

from evenmatch.errors import RequestError

TABLE = "bfw-v0.1.5-datatable.csv"
HEAD = "fold,p1,p2,label,id1,id2,att1,att2,vgg16,resnet50,a1,a2,g1,g2,e1,e2,sphereface"
AF, BM = "asian_females/n000009/0010_01.jpg", "black_males/n000100/0001_01.jpg"
AF2 = "asian_females/n000009/0043_01.jpg"
LETTERS = {
    "asian_females": ("AF", "F", "A"),
    "black_males": ("BM", "M", "B"),
    "white_males": ("WM", "M", "W"),
}
NUMBERS = {"n000009": "0", "n000100": "1", "n000007": "2"}


def row(first, second, fold=1, **changed):
    """Return a row of the table as it is published, some cells changed."""
    label = int(first.split("/")[1] == second.split("/")[1])
    cells = {"fold": fold, "p1": first, "p2": second, "label": label}
    cells |= {"vgg16": 0.82, "resnet50": 0.703, "sphereface": 0.393}
    for side, path in (("1", first), ("2", second)):
        subgroup, person, _ = path.split("/")
        letters = LETTERS[subgroup]
        names = (f"{name}{side}" for name in ("id", "att", "a", "g", "e"))
        cells |= dict(zip(names, (NUMBERS[person], subgroup, *letters), strict=True))
    cells |= changed
    return ",".join(str(cells[name]) for name in HEAD.split(","))


@pytest.fixture
def bfw(published):
    made = published("bfw")
    made.bench.attribute("ethnicity", "subject", ["asian", "black", "indian", "white"])
    made.bench.attribute("sex", "subject", ["female", "male"])
    made.table = lambda *rows, head=HEAD: made.write(TABLE, "\n".join([head, *rows]) + "\n")
    made.table(row(AF, AF2), row(AF, BM, fold=2))
    return made


def test_photographs_and_labels_come_from_the_table(bfw):
    assert bfw.rows("ethnicity", "sex") == [
        [AF, "n000009", "asian", "female"],
        [AF2, "n000009", "asian", "female"],
        [BM, "n000100", "black", "male"],
    ]
    assert bfw.samples().root == bfw.folder / "uncropped-face-samples"


def test_pairs_are_trials_whatever_the_scores_say(bfw):
    assert bfw.trials(TABLE) == [(AF, AF2), (AF, BM)]


def test_a_table_without_the_short_columns_is_read_too(bfw):
    bfw.write(TABLE, f"p1,p2,label\n{AF},{AF2},1\n")
    assert bfw.trials(TABLE) == [(AF, AF2)]


def test_folders_alone_do_where_the_table_is_missing(bfw):
    (bfw.folder / TABLE).unlink()
    bfw.photographs(f"uncropped-face-samples/{AF}", f"uncropped-face-samples/{BM}")
    assert bfw.rows("ethnicity") == [[AF, "n000009", "asian"], [BM, "n000100", "black"]]
    assert "those in the folders" in bfw.samples().notices[0]


def test_neither_table_nor_folders_are_refused(bfw):
    (bfw.folder / TABLE).unlink()
    with pytest.raises(RequestError, match=r"no folder like asian_females; set `benchmark\.root`"):
        bfw.samples()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"e2": "W"}, "the label 'W' in the columns e1 and e2, against its folder"),
        ({"g1": "M"}, "the label 'M' in the columns g1 and g2"),
        ({"att2": "white_males"}, "the label 'white_males' in the columns att1 and att2"),
        ({"a1": "BF"}, "the label 'BF' in the columns a1 and a2"),
        ({"id2": "0"}, "id1 and id2 contradict the paths: id 0 goes with n000009, n000100"),
        ({"id1": "7"}, "id1 and id2 contradict the paths: subject n000009 goes with 0, 7"),
    ],
)
def test_labels_that_contradict_the_path_are_refused(bfw, changed, reason):
    bfw.table(row(AF, AF2), row(AF, BM, **changed))
    with pytest.raises(RequestError, match=reason):
        bfw.samples()


def test_a_label_that_contradicts_the_subjects_is_refused(bfw):
    bfw.table(row(AF, AF2, label=0))
    with pytest.raises(RequestError, match="row 2: mated is '0', but the subjects say"):
        bfw.trials(TABLE)


def test_a_subject_in_two_subgroups_is_refused(bfw):
    other = "white_males/n000009/0001_01.jpg"
    bfw.table(row(AF, other))
    with pytest.raises(RequestError, match="two values of ethnicity"):
        bfw.samples()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "lacks the column 'p1'"),
        ("fold,p1,label\n", "lacks the column 'p2'; it needs p1, p2"),
        (HEAD + "\n", "holds no (pair|row)"),
        ("p1,p2,label,p1\na,b,1,c\n", "two columns are named 'p1'"),
        (b"p1,p2,label\n\xff,b,1\n", "no readable UTF-8 CSV"),
        (f"p1,p2,label\n{AF}\n", "no readable UTF-8 CSV"),
        (f"p1,p2,label\n{AF},{AF2},1\n{AF}\n", "the path .* is not of the form"),
        ("p1,p2,label\nx.jpg,y.jpg,1\n", "'x.jpg' is not of the form asian_females/n000009"),
        ("p1,p2,label\ngreen_men/n1/a.jpg,asian_males/n2/b.jpg,1\n", "'green_men/n1/a.jpg' is not"),
    ],
)
def test_a_broken_table_is_refused(bfw, content, reason):
    bfw.write(TABLE, content)
    with pytest.raises(RequestError, match=reason):
        bfw.samples()


def test_a_path_out_of_the_folder_is_refused(bfw):
    bfw.write(TABLE, "p1,p2,label\nasian_males/../b.jpg,asian_males/n2/b.jpg,1\n")
    with pytest.raises(RequestError, match="leads outside"):
        bfw.samples()
