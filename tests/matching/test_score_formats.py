"""Published forms of score files: each read as published, and each row checked."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.loaders.bssr1 import LOADER
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.score_file import FormatOptions
from evenmatch.matching.score_formats.registry import FORMATS
from evenmatch.matching.scores import read_scores


def samples_of(*ids, people=None, paths=None):
    table = pd.DataFrame(
        {
            "sample_id": ids,
            "subject_id": people or [each[0] for each in ids],
            "path": paths or [""] * len(ids),
            "mask": "unmasked",
        }
    )
    return Samples(table, Path(), {}, ("unmasked",))


SAMPLES = samples_of("a1", "a2", "b1", "b2")
A1, A2, B1, B2 = range(4)


def looked_up(table, *pairs):
    probe, reference = np.array(pairs).T
    scores, statuses = table.lookup(probe, reference)
    return [word or score for score, word in zip(scores.tolist(), statuses.tolist(), strict=True)]


def read(path, form, samples=SAMPLES, *, ordered=False, **options):
    return read_scores(path, samples, form=form, ordered=ordered, options=FormatOptions(**options))


def written(tmp_path, text, name="scores.txt"):
    path = tmp_path / name
    path.write_text(text)
    return path


def refused(said, *arguments, **options):
    with pytest.raises(RequestError, match=said) as caught:
        read(*arguments, **options)
    assert str(caught.value).endswith(".")


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    refused("choose one of csv, parquet, bfw", written(tmp_path, ""), "openbr")
    assert {"bob-4col", "bob-5col", "bssr1-xml", "matrix"} < set(FORMATS)


def test_a_number_for_failures_is_a_named_failure_in_any_format(tmp_path):
    path = written(tmp_path, "probe_id,reference_id,score\na1,a2,-1\na1,b1,0.25\n", "a.csv")
    found = looked_up(read(path, None, failed_score=-1), (A1, A2), (A1, B1))
    assert found == ["failed_score", 0.25]
    # Without being told nothing is taken for a failure.
    assert looked_up(read(path, None), (A1, A2)) == [-1.0]


# ---------------------------------------------------------------- BFW

BFW = """fold,p1,p2,label,id1,id2,att1,vgg16,resnet50
1,x/a/1.jpg,x/a/2.jpg,1,0,0,x,0.75,0.5
1,x/a/1.jpg,x/b/1.jpg,0,0,1,x,0.25,-1e-3
"""
PATHS = samples_of(
    "a1", "a2", "b1", "b2", paths=["x/a/1.jpg", "x/a/2.jpg", "x/b/1.jpg", "x/b/2.png"]
)


def test_bfw_has_one_column_a_network_and_paths_for_names(tmp_path):
    path = written(tmp_path, BFW, "bfw.csv")
    assert looked_up(read(path, "bfw", PATHS, column="vgg16"), (A1, A2), (B1, A1)) == [0.75, 0.25]
    named = samples_of("x/a/1.jpg", "x/a/2.jpg", "x/b/1.jpg", people=["a", "a", "b"])
    assert looked_up(read(path, "bfw", named, column="resnet50"), (0, 1), (0, 2)) == [0.5, -0.001]


def test_bfw_as_parquet_says_the_same(tmp_path):
    csv = written(tmp_path, BFW, "bfw.csv")
    pd.read_csv(csv).to_parquet(tmp_path / "bfw.parquet")
    table = read(tmp_path / "bfw.parquet", "bfw", PATHS, column="vgg16")
    assert looked_up(table, (A1, A2), (A1, B1)) == [0.75, 0.25]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("vgg16", "vgg19", r"lacks the column vgg16; it has fold, p1"),
        (",1,0,0,", ",0,0,0,", r"row 2: the file calls these photographs two people's"),
        (",0,0,1,", ",1,0,1,", r"row 3: the file calls these photographs one person's"),
        (",1,0,0,", ",yes,0,0,", r"row 2: `label` is 1 for one person or 0 for two"),
        ("x/b/1.jpg", "x/c/1.jpg", r"row 3: 1 sample ids are not in the benchmark: 'x/c/1.jpg'"),
        ("0.75", "", r"row 2: no score and no failure"),
        ("0.75", "inf", r"row 2: the score 'inf'"),
        ("x/b/1.jpg,0", "x/a/2.jpg,1", r"row 2 and row 3: the same probe and reference twice"),
    ],
)
def test_a_wrong_row_of_bfw_is_named(tmp_path, old, new, said):
    path = written(tmp_path, BFW.replace(old, new), "bfw.csv")
    refused(said, path, "bfw", PATHS, column="vgg16")


def test_bfw_without_its_name_is_recognised_and_without_a_column_refused(tmp_path):
    path = written(tmp_path, BFW, "bfw.csv")
    refused("It looks like `format: bfw`; write that", path, None, PATHS)
    refused("needs `column`", path, "bfw", PATHS)


def test_a_path_that_two_photographs_share_names_neither(tmp_path):
    twins = samples_of("a1", "a2", "b1", people=["a", "a", "b"], paths=["x.jpg", "x.png", "y.jpg"])
    path = written(tmp_path, "a a x nan\n")
    refused("are not in the benchmark: 'x'", path, "bob-4col", twins)


# ---------------------------------------------------------------- bob

FOUR = "a a a2 0.75\n# made by hand\n\na b b1 nan\n"
FIVE = "a a1 a a2 0.75\na a1 b b1 NaN\nb b2  b\tb1 1e-3\n"


def test_bob_s_five_columns_name_both_sides_and_nan_is_a_failure(tmp_path):
    table = read(written(tmp_path, FIVE), "bob-5col")
    assert looked_up(table, (A2, A1), (B1, A1), (B1, B2)) == [0.75, "failed", 0.001]


def test_bob_s_four_columns_compare_with_the_claimed_person_s_model(tmp_path):
    models = samples_of("a", "a2", "b1", people=["a", "a", "b"])
    table = read(written(tmp_path, FOUR), "bob-4col", models)
    assert looked_up(table, (1, 0), (2, 0)) == [0.75, "failed"]
    refused(
        "the manifest a row whose `sample_id` is the claimed id",
        written(tmp_path, FOUR),
        "bob-4col",
    )


def test_bob_s_labels_are_paths_without_their_ending(tmp_path):
    table = read(written(tmp_path, "a x/a/1 b x/b/2 0.5\n"), "bob-5col", PATHS)
    assert looked_up(table, (B2, A1)) == [0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a a1 a a2\n", r"line 1: 4 columns; this format has 5: claimed_id model_label"),
        ("# x\na a1 a a2 high\n", r"line 2: the score 'high' is no number"),
        ("\n\na a1 a a2 inf\n", r"line 3: the score is infinite"),
        ("a a1 b a2 0.5\n", r"line 1: the file calls these photographs two people's"),
        ("a a1 a a2 1\n#\na a1 a a2 1\n", r"line 1 and line 3: the same probe and reference"),
        ("a a1 c c1 0.5\n", r"line 1: 1 sample ids are not in the benchmark: 'c1'"),
        ("# nothing\n", r"has no rows"),
    ],
)
def test_a_wrong_line_of_bob_is_named(tmp_path, text, said):
    refused(said, written(tmp_path, text), "bob-5col")


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    refused("there is no file", tmp_path / "none", "bob-4col")
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00a")
    refused("cannot be read as text", tmp_path / "x", "bob-4col")


# ---------------------------------------------------------------- matrix

IDS = "a1\na2\nb1\n"


@pytest.fixture
def ids(tmp_path):
    return written(tmp_path, IDS, "ids.txt")


def test_a_square_matrix_compares_every_photograph_with_every_one(tmp_path, ids):
    path = tmp_path / "m.npy"
    np.save(path, np.array([[1, 0.5, np.nan], [0.5, 1, 0.25], [np.nan, 0.25, 1]]))
    table = read(path, "matrix", ids=ids)
    assert looked_up(table, (A1, A2), (A1, B1), (B1, A2)) == [0.5, "failed", 0.25]
    assert looked_up(table, (A1, B2)) == ["missing"]


@pytest.mark.parametrize("between", [",", " ", "\t ", ", "])
def test_a_rectangular_matrix_of_text_has_ids_for_both_sides(tmp_path, between):
    path = written(tmp_path, f"0.5{between}1e-3\n\n-2{between}NaN\n")
    rows = written(tmp_path, "sample_id\na1\na2\n", "rows.csv")
    columns = written(tmp_path, "b2\nb1\n", "columns.txt")
    table = read(path, "matrix", ids=rows, column_ids=columns)
    assert looked_up(table, (A1, B2), (A1, B1), (A2, B2), (A2, B1)) == [0.5, 0.001, -2.0, "failed"]


def test_a_matrix_larger_than_a_block_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("evenmatch.matching.score_formats.matrix.CELLS", 5)
    names = [f"p{k}" for k in range(7)]
    scores = np.arange(49.0).reshape(7, 7)
    np.save(tmp_path / "m.npy", scores)
    np.savetxt(tmp_path / "m.txt", scores)
    for name in ("m.npy", "m.txt"):
        table = read(
            tmp_path / name,
            "matrix",
            samples_of(*names),
            ordered=True,
            ids=written(tmp_path, "\n".join(names), "ids.txt"),
        )
        pairs = [(i, j) for i in range(7) for j in range(7)]
        assert looked_up(table, *pairs) == scores.ravel().tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2 3\n4 5\n7 8 9\n", r"line 2: 2 numbers and 3 column ids"),
        ("1 2 3\n2 5 6\n", r"has 2 rows and .*ids.txt has 3 ids"),
        ("x y z\n1 2 3\n", r"line 1: a cell is no number; .* no headings"),
        ("1 2 inf\n2 5 6\ninf 6 9\n", r"row 1, column 3 .*: the score is infinite"),
        ("1 2 3\n9 5 6\n3 6 9\n", r"row 1, column 2 and row 2, column 1: the same two photographs"),
    ],
)
def test_a_wrong_cell_of_a_matrix_is_named(tmp_path, ids, text, said):
    refused(said, written(tmp_path, text), "matrix", ids=ids)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a1\na1\nb1\n", r"rows 1 and 2: one id is there twice"),
        ("a1\n\nb1\n", r"row 2: the id is blank"),
        ("", r"names no id"),
        ("a1\na2\nx\n", r"1 sample ids are not in the benchmark, the first of them in row 3"),
    ],
)
def test_wrong_ids_of_a_matrix_are_named(tmp_path, text, said):
    np.save(tmp_path / "m.npy", np.eye(3))
    refused(said, tmp_path / "m.npy", "matrix", ids=written(tmp_path, text, "ids.txt"))


def test_an_array_that_would_have_to_be_unpickled_or_does_not_fit_is_refused(tmp_path, ids):
    np.save(tmp_path / "o.npy", np.array([[object()]]), allow_pickle=True)
    refused("is no .npy array", tmp_path / "o.npy", "matrix", ids=ids)
    np.save(tmp_path / "s.npy", np.eye(2))
    refused(r"the ids ask for \(3, 3\) numbers", tmp_path / "s.npy", "matrix", ids=ids)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=4, max_size=4))
def test_every_score_of_a_matrix_reads_back_exactly(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "rows.txt").write_text("a1\na2")
    (folder / "columns.txt").write_text("b1\nb2")
    text = "\n".join(",".join(map(repr, values[k : k + 2])) for k in (0, 2))
    (folder / "m.txt").write_text(text)
    table = read(
        folder / "m.txt",
        "matrix",
        ids=folder / "rows.txt",
        column_ids=folder / "columns.txt",
    )
    assert looked_up(table, (A1, B1), (A1, B2), (A2, B1), (A2, B2)) == values


# ---------------------------------------------------------------- NIST BSSR1

LIST = '<?xml version="1.0"?>\n<set>\n{}</set>\n'
USERS = [("u/1.xml", "a"), ("u/2.xml", "b")]
ENROLLEES = [("e/1.xml", "a"), ("e/2.xml", "b"), ("u/1.xml", "c")]


@pytest.fixture
def bssr1(tmp_path):
    """Make a miniature of the set: two users, three enrolled, one matcher."""
    sets, sims = tmp_path / "face_x_face/sets/dos", tmp_path / "face_x_face/sims/dos/face/C"
    sets.mkdir(parents=True)
    for name, entries in (("users", USERS), ("enrollees", ENROLLEES)):
        lines = [f'<signature name="{one}" subject_id="{who}"/>\n' for one, who in entries]
        (sets / f"{name}.xml").write_text(LIST.format("".join(lines)))
    for (name, _), scores in zip(USERS, ((0.75, 0.5, 0.25), (-1, 0.625, 0.125)), strict=True):
        (sims / name).parent.mkdir(parents=True, exist_ok=True)
        lines = ["biometricscores.nist.gov BSSR1", "3", *map(str, scores), "end"]
        (sims / name).write_text("\n".join(lines) + "\n")
    return sims


def loaded(sims):
    sets = sims.parents[3] / "sets/dos"
    table = LOADER.load({name: sets / f"{name}.xml" for name in ("users", "enrollees")}).table
    return Samples(table.assign(mask="unmasked"), Path(), {}, ("unmasked",))


def test_the_lists_of_bssr1_make_a_benchmark_and_its_files_the_scores(bssr1):
    samples = loaded(bssr1)
    assert samples.table["role"].tolist() == ["user"] * 2 + ["enrollee"] * 3
    table = read(bssr1, "bssr1-xml", samples)
    pairs = [(user, enrolled) for user in (0, 1) for enrolled in (2, 3, 4)]
    assert looked_up(table, *pairs) == [0.75, 0.5, 0.25, -1.0, 0.625, 0.125]
    told = read(bssr1, "bssr1-xml", samples, failed_score=-1)
    assert looked_up(told, (1, 2)) == ["failed_score"]
    assert len(table.digest) == 64


def test_the_lists_of_bssr1_may_lie_elsewhere(bssr1):
    samples, sets = loaded(bssr1), bssr1.parents[3] / "sets/dos"
    moved = bssr1.parents[4] / "lists"
    sets.rename(moved)
    refused("name their folder with `sets`", bssr1, "bssr1-xml", samples)
    assert len(read(bssr1, "bssr1-xml", samples, sets=moved)) == 6


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("biometricscores", "scores", "is no similarity file"),
        ("\n3\n", "\n2\n", r"says '2' and holds 4 lines"),
        ("\nend\n", "\n0.5\n0.5\n", r"says '3' and holds 5 lines"),
        ("0.625", "high", "a score is no number"),
        ("0.625", "inf", r"u/2.xml, score 2: the score is infinite"),
    ],
)
def test_a_damaged_similarity_file_is_refused(bssr1, old, new, said):
    samples, path = loaded(bssr1), bssr1 / "u/2.xml"
    path.write_text(path.read_text().replace(old, new))
    refused(said, bssr1, "bssr1-xml", samples)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("users.xml", "<set>", "is no XML"),
        ("users.xml", "<set/>", "lists no signature"),
        ("users.xml", '<set><signature name="x"/></set>', "lacks 'subject_id'; each needs"),
        (
            "enrollees.xml",
            '<!DOCTYPE s [<!ENTITY a "aaaa">]><s><signature name="&a;" subject_id="a"/></s>',
            "declares XML entities",
        ),
        (
            "users.xml",
            '<s><signature name="../../../secret" subject_id="a"/></s>',
            r"leads outside|are not in the benchmark",
        ),
    ],
)
def test_hostile_or_damaged_lists_are_refused(bssr1, name, content, said):
    samples = loaded(bssr1)
    (bssr1.parents[3] / "sets/dos" / name).write_text(content)
    refused(said, bssr1, "bssr1-xml", samples)


def test_a_file_larger_than_any_of_the_set_is_not_read(bssr1, monkeypatch):
    samples = loaded(bssr1)
    monkeypatch.setattr("evenmatch.data.loaders.bssr1.MOST_BYTES", 20)
    refused("is larger than 20 bytes", bssr1, "bssr1-xml", samples)
