"""A card and a folder become samples, or a sentence that says what is wrong with them."""

import pytest

from evenmatch.data.benchmark import band_names, benchmark_root, load_samples
from evenmatch.data.card import DEMO_ROOT, load_card
from evenmatch.errors import RequestError

ROWS = [
    {"sample_id": "a1", "subject_id": "a", "sex": "male", "age": "17", "mask": "masked"},
    {"sample_id": "a2", "subject_id": "a", "sex": "male", "age": "17", "mask": "unmasked"},
    {"sample_id": "b1", "subject_id": "b", "sex": "", "age": "30", "mask": ""},
]


@pytest.fixture
def load(bench):
    """Load the manifest given, with the attributes of ROWS on the card."""

    def loaded(rows=ROWS, groups=(), classes=None, *, attributes=True):
        if isinstance(rows, str):
            (bench.folder / "samples.csv").write_text(rows)
        else:
            bench.manifest(rows)
        if attributes:
            bench.attribute("sex", "subject", ["female", "male"])
            bench.attribute("mask", "sample", ["masked", "unmasked"])
            bench.attribute("age", "subject")
        card = load_card(bench.raw()["benchmark"]["card"])
        return load_samples(card, bench.folder, groups, classes or {})

    return loaded


def refused(load, said, *args, **options):
    with pytest.raises(RequestError, match=said) as caught:
        load(*args, **options)
    assert str(caught.value).endswith(".")


def changed(row=0, **cells):
    return [each | (cells if place == row else {}) for place, each in enumerate(ROWS)]


def test_a_manifest_becomes_samples_with_blanks_unknown_and_last(load):
    samples = load()
    assert samples.table["sex"].tolist() == ["male", "male", "unknown"]
    assert samples.attributes == {"sex": ("male", "unknown"), "age": ("17", "30")}
    assert samples.mask_values == ("unmasked", "masked", "unknown")  # the barest first
    assert samples.labelled_by == {"sex": "construction", "age": "construction"}
    assert samples.people.tolist() == [0, 0, 1]
    assert samples.photographs.tolist() == [0, 1, 2]


def test_columns_the_card_does_not_declare_are_attributes_nobody_vouches_for(load):
    samples = load([row | {"camera": "x"} for row in ROWS], [["camera"]])
    assert samples.attributes["camera"] == ("x",)
    assert samples.labelled_by["camera"] == "unknown"


def test_without_a_mask_column_every_mask_is_unknown(load):
    bare = [{key: row[key] for key in ("sample_id", "subject_id")} for row in ROWS]
    assert load(bare, attributes=False).mask_values == ("unknown",)


def test_spaces_around_ids_labels_and_headings_mean_nothing(load):
    samples = load(" sample_id, subject_id, path,sex\na1 , a ,,male\n a2,a,, male \n\n")
    assert samples.table["subject_id"].tolist() == ["a", "a"]
    assert samples.table["sample_id"].tolist() == ["a1", "a2"]
    assert samples.attributes == {"sex": ("male",)}


def test_a_column_of_row_numbers_is_no_attribute(load):
    samples = load(",sample_id,subject_id,path\n0,a1,a,\n1,a2,a,\n")
    assert samples.attributes == {}


def test_short_rows_read_as_blank(load):
    assert load("sample_id,subject_id,path,sex\na1,a\n").attributes == {"sex": ("unknown",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no readable UTF-8 CSV"),
        ("sample_id,subject_id,path\n", "holds no photograph; check"),
        ("sample_id,path\na1,\n", "lacks the column 'subject_id'; it needs sample_id, subject_id"),
        ("sample_id,subject_id,path,sex,sex\na1,a,,male,female\n", "two columns are named 'sex'"),
        ("sample_id,subject_id,path\na1,a,,male\n", "is no readable UTF-8 CSV"),
        ("sample_id,subject_id,path\n ,a,\n", "row 2: sample_id is blank; fill it in"),
        ("sample_id,subject_id,path\na1,,\n", "row 2: subject_id is blank; fill it in"),
    ],
)
def test_a_damaged_manifest_is_refused_with_the_row(load, text, said):
    refused(load, said, text)


def test_a_missing_manifest_and_one_that_is_no_text_are_refused(bench, load):
    refused(load, "row 3: this sample_id is there twice", changed(1, sample_id="a1"))
    bench.manifest(ROWS)
    card = load_card(bench.raw()["benchmark"]["card"])
    (bench.folder / "samples.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="is no readable UTF-8 CSV"):
        load_samples(card, bench.folder, (), {})
    (bench.folder / "samples.csv").unlink()
    with pytest.raises(RequestError, match="there is no such file; check `root` and the card"):
        load_samples(card, bench.folder, (), {})


@pytest.mark.parametrize("word", ["NA", "null", "nan", "empty", "None", "n/a", "#N/A N/A"])
def test_a_label_that_spreadsheets_read_as_nothing_is_refused_by_name(load, word):
    refused(load, f"row 2: camera is '{word}', which spreadsheet", changed(camera=word))


def test_a_label_is_one_line(load):
    refused(
        load, "row 2: camera is 'two.nlines'; a label is one line", changed(camera="two\nlines")
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (changed(sex="man"), r"row 2: sex is 'man'; the card allows \['female', 'male'\] or blank"),
        (changed(sex="female"), r"row 2: this subject has two values of sex \(female, male\); 1"),
        (changed(sex=""), r"two values of sex \(unknown, male\)"),
        (changed(path="../x.jpg"), r"row 2: this path leads outside"),
        (changed(2, path="/etc/passwd"), "row 4: this path leads outside"),
        (changed(path=".."), "leads outside"),
    ],
)
def test_labels_and_paths_the_card_forbids_are_refused_with_the_row(load, rows, said):
    refused(load, said, rows)


def test_the_names_of_drawn_masks_are_kept_for_the_program(load):
    rows = changed(mask="synthetic-wide")
    refused(load, "row 2: mask is 'synthetic-wide'.*write masked", rows, attributes=False)


def test_a_link_may_point_inside_the_benchmark_but_not_outside(bench, load, tmp_path):
    (tmp_path / "private.jpg").write_bytes(b"")
    (bench.folder / "inside.jpg").write_bytes(b"")
    (bench.folder / "good.jpg").symlink_to("inside.jpg")
    assert len(load(changed(path="good.jpg"))) == 3
    (bench.folder / "bad.jpg").symlink_to(tmp_path / "private.jpg")
    refused(load, "this path leads outside", changed(path="bad.jpg"))
    (bench.folder / "folder").symlink_to(tmp_path)
    refused(load, "this path leads outside", changed(path="folder/private.jpg"))
    (bench.folder / "ring.jpg").symlink_to("ring.jpg")
    refused(load, "this path leads outside", changed(path="ring.jpg"))


@pytest.mark.parametrize("group", ["sexe", "mask", "path", "subject_id"])
def test_a_grouping_needs_an_attribute(load, group):
    refused(load, f"no attribute '{group}' in .*choose from", ROWS, [[group]])


@pytest.mark.parametrize("name", ["id", "subject", "all", "a+b", "NA"])
def test_a_grouping_may_not_have_a_name_the_tables_use_otherwise(load, name):
    refused(load, "a table cannot be grouped by", [row | {name: "x"} for row in ROWS], [[name]])


def test_numbers_fall_into_bands_that_are_closed_below(load):
    ages = ["17", "18", "29.5", "30", "-3", ""]
    rows = [{"sample_id": str(k), "subject_id": str(k), "age": a} for k, a in enumerate(ages)]
    samples = load(rows, [["age"]], {"age": [18, 30]})
    assert samples.table["age"].tolist() == [
        *("under 18", "18 to 29", "18 to 29", "30 and over", "under 18", "unknown"),
    ]
    assert samples.attributes["age"] == ("under 18", "18 to 29", "30 and over", "unknown")


@pytest.mark.parametrize("age", ["young", "1e999", "12 years"])
def test_a_band_needs_a_number(load, age):
    rows = [row | {"age": age} for row in ROWS]
    refused(load, f"row 2: age is '{age}', which is no number", rows, [["age"]], {"age": [18]})


def test_bands_are_named_by_their_edges():
    assert band_names([18, 30, 60]) == ["under 18", "18 to 29", "30 to 59", "60 and over"]
    assert band_names([1.5, 2.5]) == ["under 1.5", "1.5 to below 2.5", "2.5 and over"]
    assert band_names([-10]) == ["under -10", "-10 and over"]


def test_bands_stand_in_order_even_below_zero(load):
    rows = [{"sample_id": str(k), "subject_id": str(k), "tone": str(k * 15 - 50)} for k in range(7)]
    samples = load(rows, [["tone"]], {"tone": [-30, -5, 10]})
    assert samples.attributes["tone"] == ("under -30", "-30 to -6", "-5 to 9", "10 and over")


def test_folders_are_people(bench):
    for name in ("b/2.jpg", "a/1.PNG", "a/.hidden.jpg", "a/notes.txt", "loose.jpg"):
        path = bench.folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    bench.card["samples"] = {"loader": "folders"}
    card = load_card(bench.raw()["benchmark"]["card"])
    samples = load_samples(card, bench.folder / "photos", (), {})
    assert samples.table[["sample_id", "subject_id"]].to_numpy().tolist() == [
        ["a/1.PNG", "a"],
        ["b/2.jpg", "b"],
    ]
    (bench.folder / "none").mkdir()
    with pytest.raises(RequestError, match="holds no photograph"):
        load_samples(card, bench.folder / "none", (), {})


def test_the_generated_faces_lie_with_the_program_and_others_need_a_root(bench, tmp_path):
    assert benchmark_root(load_card("demo-faces"), None) == DEMO_ROOT
    card = load_card(bench.raw()["benchmark"]["card"])
    with pytest.raises(RequestError, match="to their folder"):
        benchmark_root(card, None)
    with pytest.raises(
        RequestError, match=r"no folder .*none; correct it, or get A made-up benchmark "
    ):
        benchmark_root(card, tmp_path / "none")
