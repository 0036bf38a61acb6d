"""Attributes read off other columns: countries become regions, and nothing is guessed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.benchmark import load_samples
from evenmatch.data.card import load_card
from evenmatch.data.mappings import ColumnMapping, map_columns
from evenmatch.entries.mapping import MappingEntry
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

COUNTRIES = {"a": "JP", "b": "KR", "c": "PL", "d": "", "e": "BR", "f": "BR"}
REGION = {"from": "country", "values": {"europe": ["PL", "DE"], "east-asia": ["KR", "JP"]}}


@pytest.fixture
def countries(bench):
    """Six people, two photographs each: two of east Asia, one of Europe, a blank, two of BR."""
    bench.manifest(
        [
            {"sample_id": f"{who}{n}", "subject_id": who, "country": country, "age": age}
            for age, (who, country) in enumerate(COUNTRIES.items(), start=20)
            for n in (1, 2)
        ]
    )
    bench.card["attributes"] = {
        "country": {"of": "subject", "values": [], "labelled_by": "document"},
        "age": {"of": "subject", "values": [], "labelled_by": "self-reported"},
    }
    samples = [f"{who}{n}" for who in COUNTRIES for n in (1, 2)]
    bench.scores([(one, two, 0.5) for k, one in enumerate(samples) for two in samples[:k]])
    return bench


def load(bench, mappings, groups=(), classes=None):
    made = {name: MappingEntry.model_validate(raw).mapping() for name, raw in mappings.items()}
    card = load_card(bench.raw()["benchmark"]["card"])
    return load_samples(card, bench.folder, groups, classes or {}, made)


def test_regions_come_in_the_order_written_and_unknown_last(countries):
    samples = load(countries, {"region": REGION}, [["region"]])
    assert samples.attributes["region"] == ("europe", "east-asia", "unknown")
    people = samples.table.drop_duplicates("subject_id")
    assert people["region"].tolist() == ["east-asia"] * 2 + ["europe"] + ["unknown"] * 3
    assert samples.table["country"].tolist()[:2] == ["JP", "JP"]


def test_the_source_of_the_labels_names_the_column(countries):
    samples = load(countries, {"region": REGION})
    assert samples.labelled_by["region"] == "document (mapped from country)"
    countries.card["attributes"] = {}
    assert load(countries, {"region": REGION}).labelled_by["region"] == (
        "unknown (mapped from country)"
    )
    assert load(countries, {"region": REGION}).attributes["region"][0] == "europe"


def test_values_that_no_entry_names_are_unknown_and_named_with_their_number(countries):
    (notice,) = load(countries, {"region": REGION}).notices
    assert "in no entry of mappings.region: BR (4)." in notice
    assert "4 photographs are counted as unknown" in notice
    (elsewhere,) = load(countries, {"region": REGION | {"otherwise": "elsewhere"}}).notices
    assert "counted as elsewhere" in elsewhere


def test_another_label_takes_what_is_not_named_but_never_the_blanks(countries):
    samples = load(countries, {"region": REGION | {"otherwise": "elsewhere"}})
    assert samples.attributes["region"] == ("europe", "east-asia", "elsewhere", "unknown")
    people = samples.table.drop_duplicates("subject_id").set_index("subject_id")["region"]
    assert people[["d", "e"]].tolist() == ["unknown", "elsewhere"]


def test_a_mapped_number_can_be_banded_and_blank_stays_unknown(countries):
    code = {"from": "country", "values": {"10": ["JP", "KR"], "40": ["PL"]}}
    samples = load(countries, {"code": code}, [["code"]], {"code": [20]})
    assert samples.attributes["code"] == ("under 20", "20 and over", "unknown")


def test_the_source_can_be_banded_without_touching_what_was_mapped(countries):
    young = {"from": "age", "values": {"young": [20, 21]}, "otherwise": "other"}
    samples = load(countries, {"youth": young}, [["age"], ["youth"]], {"age": [22]})
    assert samples.attributes["age"] == ("under 22", "22 and over")
    assert samples.attributes["youth"] == ("young", "other")


@pytest.mark.parametrize(
    ("mappings", "said"),
    [
        ({"country": REGION}, "a column of that name already; give the mapped"),
        ({"path": REGION}, "a column of that name already"),
        ({"region": REGION | {"from": "nation"}}, r"no column 'nation' .* from \['country'"),
        ({"region": REGION | {"from": "subject_id"}}, "no column 'subject_id'"),
    ],
)
def test_a_name_taken_and_a_source_that_is_not_there_are_refused(countries, mappings, said):
    with pytest.raises(RequestError, match=said) as caught:
        load(countries, mappings)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"values": {"x": ["JP"], "y": ["KR", "JP"]}}, "'JP' is mapped twice, to 'x' and to 'y'"),
        ({"values": {"x": ["JP", "JP"]}}, "'JP' is mapped twice"),
        ({"values": {"unknown": ["JP"]}}, "unknown is a group of its own"),
        ({"values": {"x": ["unknown"]}}, "unknown is a group of its own"),
        ({"values": {"NA": ["JP"]}}, "spreadsheet programs read this word as nothing"),
        ({"values": {"x": [False]}}, "YAML reads NO, YES, ON and OFF as true or false"),
        ({"values": {"x": []}}, "mappings.region"),
        ({"values": {}}, "mappings.region"),
        ({"values": {"x": ["JP"]}, "otherwise": "null"}, "spreadsheet programs"),
    ],
)
def test_a_mapping_that_says_two_things_or_nothing_is_refused_at_the_door(countries, entry, said):
    with pytest.raises(RequestError, match=said):
        countries.config(mappings={"region": {"from": "country", **entry}})


@pytest.mark.parametrize("name", ["mask", "all", "a+b", "none"])
def test_an_attribute_that_no_table_can_be_grouped_by_is_refused(countries, name):
    with pytest.raises(RequestError, match="mappings"):
        countries.config(mappings={name: REGION})


def test_a_run_groups_by_the_region_says_so_everywhere_and_reads_itself_back(countries, tmp_path):
    config = countries.config(mappings={"region": REGION}, report={"formats": ["html", "csv"]})
    audit = evaluate(config, tmp_path / "out")
    sizes = {row.group: row for row in audit.result.groups if row.group_by == "region"}
    assert list(sizes) == ["europe", "east-asia", "unknown"]
    assert {group: row.subjects for group, row in sizes.items()} == {
        "europe": 1, "east-asia": 2, "unknown": 3,
    }  # fmt: skip
    assert {row.labelled_by for row in sizes.values()} == {"document (mapped from country)"}
    page = (audit.folder / "report.html").read_text()
    assert "Labelled by: region: document (mapped from country)." in page
    assert any("BR (4)" in notice for notice in audit.result.notices)
    again = type(config).model_validate(config.as_written())
    assert again == config


def test_unknown_is_a_group_of_its_own_in_every_table_that_has_groups(countries, tmp_path):
    config = countries.config(mappings={"region": REGION}, report={"formats": ["html"]})
    audit = evaluate(config, tmp_path / "out")
    rates = [row for row in audit.result.error_rates if row.group_by == "region"]
    within = {row.probe_group for row in rates if row.probe_group == row.reference_group}
    assert within == {"europe", "east-asia", "unknown"}
    mated = {row.probe_group: row.trials for row in rates if row.metric == "fnmr"}
    assert mated == {"europe": 1, "east-asia": 2, "unknown": 3}
    for plot in ("fnmr", "matrix"):
        figure = audit.folder / "plots" / f"{plot}.vendor.region.svg"
        assert "unknown" in figure.read_text(), plot


@given(
    st.dictionaries(st.text("abc", min_size=1), st.sets(st.integers(0, 9), min_size=1), max_size=4),
    st.lists(st.integers(0, 9).map(str) | st.just("")),
)
def test_every_value_goes_to_the_one_label_that_names_it(labels, column):
    """A label chosen by hand for each value agrees; what no label names is unknown."""
    taken: set[int] = set()
    values = {}
    for label, numbers in labels.items():
        values[label] = tuple(str(n) for n in sorted(numbers - taken))
        taken |= numbers
    table = pd.DataFrame({"code": pd.Series(column, dtype=str)})
    mapped = map_columns(
        table, load_card("demo-faces"), {"made": ColumnMapping("code", values)}, "here"
    )
    by_hand = [
        next((label for label, known in values.items() if value in known), "unknown")
        for value in column
    ]
    assert mapped.table["made"].tolist() == by_hand
