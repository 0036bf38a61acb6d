"""A vendor's templates: the same whatever their form, and every way in which they can be wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.vendor_templates import TemplateFile

IDS = ("a", "b", "c", "001")
VECTORS = np.array([[1.0, 0.0, -0.5], [0.25, 2.0, 0.0], [3.0, 4.0, 0.0]])


def samples_of(*ids, masks=None):
    masks = masks or ["unmasked"] * len(ids)
    table = pd.DataFrame({"sample_id": ids, "subject_id": ids, "path": "", "mask": masks})
    return Samples(table, Path(), {}, tuple(dict.fromkeys(masks)))


SAMPLES = samples_of(*IDS)


def read(path, comparison="inner_product", samples=SAMPLES, ids=None):
    return TemplateFile.find(path, ids, comparison).read(samples)


def saved(folder, form, ids=("c", "a", "001"), vectors=VECTORS, status=None):
    """Write templates in one of the forms; return the file and the file of ids, if it needs one."""
    path, beside = folder / f"t.{form.split()[0]}", None
    words = {} if status is None else {"status": status}
    columns = {f"d{k}": vectors[:, k] for k in range(vectors.shape[1])}
    match form:
        case "npy":
            np.save(path, vectors)
            beside = folder / "ids.txt"
            beside.write_text("\n".join(ids))
        case "npz":
            np.savez(path, ids=np.array(ids), templates=vectors, **words)
        case "csv":
            pd.DataFrame({"sample_id": ids} | words | columns).to_csv(path, index=False)
        case "parquet columns":
            pd.DataFrame({"sample_id": ids} | columns | words).to_parquet(path)
        case "parquet lists":
            lists = [None if np.isnan(row).all() else row.tolist() for row in vectors]
            pd.DataFrame({"sample_id": ids, "template": lists} | words).to_parquet(path)
    return path, beside


FORMS = ("npy", "npz", "csv", "parquet columns", "parquet lists")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_templates_in_the_benchmarks_order(tmp_path, form):
    path, ids = saved(tmp_path, form)
    found = read(path, ids=ids)
    assert found.vectors.dtype == np.float32
    assert found.vectors[[2, 0, 3]].tolist() == VECTORS.tolist()
    assert found.failures == {1: "missing"}
    assert not found.vectors[1].any()
    assert found.score_kind is ScoreKind.INNER_PRODUCT


@pytest.mark.parametrize("form", FORMS)
def test_a_blank_row_is_a_photograph_without_a_template(tmp_path, form):
    vectors = np.vstack([VECTORS[:2], np.full((1, 3), np.nan)])
    path, ids = saved(tmp_path, form, vectors=vectors)
    assert read(path, ids=ids).failures == {1: "missing", 3: "no_template"}


@pytest.mark.parametrize("form", [form for form in FORMS if form != "npy"])
def test_a_status_names_the_failure(tmp_path, form):
    vectors = np.vstack([VECTORS[:2], np.full((1, 3), np.nan)])
    path, _ = saved(tmp_path, form, vectors=vectors, status=["", "ok", "no_face"])
    assert read(path).failures == {1: "missing", 3: "no_face"}


def test_cosine_is_the_inner_product_of_templates_of_length_1(tmp_path):
    found = read(saved(tmp_path, "npz")[0], "cosine")
    assert np.allclose(np.linalg.norm(found.vectors[[0, 2, 3]], axis=1), 1)
    assert found.vectors[3].tolist() == np.array([0.6, 0.8, 0], np.float32).tolist()
    assert read(saved(tmp_path, "npz")[0], "euclidean").score_kind is ScoreKind.EUCLIDEAN


def test_whole_numbers_and_ids_that_are_numbers_are_taken(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, ids=np.array([1, 2]), templates=np.array([[1, 2], [3, 4]], np.int8))
    found = read(path, samples=samples_of("1", "2"))
    assert found.vectors.tolist() == [[1, 2], [3, 4]]


def test_a_file_longer_than_a_block_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("evenmatch.matching.template_arrays.ROWS", 2)
    monkeypatch.setattr("evenmatch.matching.template_tables.ROWS", 2)
    names = [f"p{k}" for k in range(7)]
    vectors = np.arange(1.0, 22).reshape(7, 3)
    for form in FORMS:
        path, ids = saved(tmp_path, form, names, vectors)
        assert read(path, samples=samples_of(*names), ids=ids).vectors.tolist() == vectors.tolist()


def test_a_row_under_a_drawn_mask_has_a_name_of_its_own(tmp_path):
    worn = samples_of("a", "a", masks=["unmasked", "synthetic-wide-high-blue"])
    path, _ = saved(tmp_path, "npz", ["a@synthetic-wide-high-blue", "a"], VECTORS[:2])
    assert read(path, samples=worn).vectors.tolist() == VECTORS[[1, 0]].tolist()
    path, _ = saved(tmp_path, "npz", ["a"], VECTORS[:1])
    with pytest.raises(RequestError, match="has no template of a masked photograph"):
        read(path, samples=worn)


def changed(row, column, value):
    vectors = VECTORS.copy()
    vectors[row, column] = value
    return {"vectors": vectors}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (changed(1, 1, np.inf), r"row {2}: the template has a number that is not finite"),
        (changed(1, slice(None), 0), r"row {2}: the template is all zeros"),
        (changed(2, 0, 1e300), r"row {3}: a number is beyond single precision"),
        ({"ids": ("a", "x", "y")}, r"row {2}: 2 of its ids are not in the benchmark: 'x', 'y'"),
        ({"ids": ("a", "b", "a")}, r"rows {1} and {3}: one id is there twice"),
    ],
)
def test_a_wrong_template_is_named_whatever_the_form(tmp_path, form, changes, says):
    path, ids = saved(tmp_path, form, **changes)
    # As a spreadsheet program counts: a CSV's heading is its row 1.
    counted = says.format(*range(1, 5) if form == "csv" else range(4))
    with pytest.raises(RequestError, match=counted):
        read(path, ids=ids)


def test_a_failure_with_a_template_is_refused(tmp_path):
    path, _ = saved(tmp_path, "csv", status=["", "no_face", ""])
    with pytest.raises(RequestError, match="row 3: a failure and a template in one row"):
        read(path)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("sample_id,x,y\na,1,high\n", r"row 2: 'high' in the column y is no number; every"),
        ("sample_id,x,y\na,1,\n", r"row 2: the template has a number that is not finite"),
        ("sample_id\na\n", r"has no column of numbers"),
        ("name,x\na,1\n", r"lacks the column sample_id; it has name, x"),
        ("sample_id,x\n", r"has no rows"),
    ],
)
def test_a_wrong_table_is_named(tmp_path, rows, says):
    path = tmp_path / "t.csv"
    path.write_text(rows)
    with pytest.raises(RequestError, match=says):
        read(path)


@pytest.mark.parametrize(
    ("lists", "says"),
    [
        ([[1.0, 2.0], [1.0]], r"row 2: a template of 1 numbers, and others have 2"),
        ([None, None], r"the column template holds null; give lists"),
        ([1.0, 2.0], r"the column template holds double; give lists"),
    ],
)
def test_lists_of_another_form_are_refused(tmp_path, lists, says):
    pd.DataFrame({"sample_id": ["a", "b"], "template": lists}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(RequestError, match=says):
        read(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"templates": VECTORS}, "lacks the array ids; it has templates"),
        ({"ids": np.array(["a", "b"]), "templates": VECTORS}, "3 templates, 2 ids"),
        ({"ids": np.array(["a"]), "templates": VECTORS[0]}, r"an array \(3,\) of float64"),
        ({"ids": np.array(["a"], object), "templates": VECTORS[:1]}, "write ids as text"),
        ({"ids": np.array(["a"]), "templates": np.array([["x"]])}, "give one row of numbers"),
    ],
)
def test_a_wrong_archive_is_named_and_nothing_unpickled(tmp_path, arrays, says):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(RequestError, match=says):
        read(tmp_path / "t.npz")


@pytest.mark.parametrize("name", ["t.npy", "t.npz", "t.csv", "t.parquet"])
def test_a_file_that_is_none_is_refused(tmp_path, name):
    path = tmp_path / name
    ids = tmp_path / "ids.txt" if name == "t.npy" else None
    (tmp_path / "ids.txt").write_text("a")
    with pytest.raises(RequestError, match="there is no file"):
        read(path, ids=ids)
    path.write_bytes(b"\x80\x04\x95garbage\xff")
    with pytest.raises(RequestError, match=r"is no|cannot be read|lacks the column"):
        read(path, ids=ids)


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    path, _ = saved(tmp_path, "npz")
    monkeypatch.setattr("os.sysconf", lambda _: 10)
    with pytest.raises(RequestError, match="more than half of this machine's memory; give"):
        read(path)


def test_ids_are_for_arrays_without_any(tmp_path):
    path, ids = saved(tmp_path, "npy")
    with pytest.raises(RequestError, match="needs `ids`"):
        read(path)
    with pytest.raises(RequestError, match="this file has its own; remove it"):
        read(saved(tmp_path, "npz")[0], ids=ids)


def test_the_digest_stands_for_the_templates_and_their_ids(tmp_path):
    path, ids = saved(tmp_path, "npy")
    first = TemplateFile.find(path, ids, "cosine").digest
    ids.write_text(ids.read_text().replace("c", "b"))
    assert TemplateFile.find(path, ids, "cosine").digest != first


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False, width=32).filter(bool),
        min_size=3,
        max_size=3,
    ),
    st.sampled_from(FORMS),
)
def test_every_single_precision_template_reads_back_exactly(tmp_path_factory, values, form):
    vectors = np.array([values], dtype=np.float32)
    path, ids = saved(tmp_path_factory.mktemp("t"), form, ["a"], vectors)
    assert read(path, samples=samples_of("a"), ids=ids).vectors.tolist() == vectors.tolist()
