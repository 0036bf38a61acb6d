"""What the slider is given: counts packed small, states and bounds, and old audits' histograms."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from evenmatch.reporting.explore import explore_data, packed
from evenmatch.reporting.sections.explore import explore_section
from evenmatch.reporting.selection import View


def unpacked(text):
    """Return what the page's script makes of packed counts."""
    total, found = 0, []
    for step in text.split(","):
        total += int(step or 0)
        found.append(total)
    return found


@given(st.lists(st.integers(0, 10**9), min_size=1).map(sorted))
def test_packed_counts_unpack(counts):
    assert unpacked(packed(counts)) == counts


def test_steps_of_zero_take_no_room():
    assert packed([3, 3, 3, 4]) == "3,,,1"


def test_an_audit_without_sweeps_moves_by_its_histograms_within_groups(result):
    data = explore_data(View(result))
    first = data["views"][0]
    assert len(data["views"]) == 2
    assert not first["crossed"]
    part = next(
        each for each in result.distributions
        if (each.matcher, each.group_by, each.mated) == ("dlib", "sex", False)
    )  # fmt: skip
    cell = first["by"][1]["cells"][0]
    above = [sum(part.counts[number:]) for number in range(1, len(part.counts))]
    assert first["at"] == part.edges[1:-1]
    assert unpacked(cell["fm"])[::-1] == above
    assert cell["n"] == sum(part.counts)
    assert "matrix does not" in explore_section(View(result)).lead


def test_thresholds_are_marked_once_with_all_their_names_and_infinite_ones_not(result):
    (first, *_) = explore_data(View(result))["views"]
    assert all(math.isfinite(at) for at, _ in first["marks"])
    assert next(name for _, name in first["marks"]) == "fmr=1e-06"
    double = result.thresholds[0].model_copy(update={"operating_point": "threshold=0.44"})
    again = result.model_copy(update={"thresholds": [*result.thresholds, double]})
    names = [name for _, name in explore_data(View(again))["views"][0]["marks"]]
    assert "fmr=0.01, threshold=0.44" in names


def test_groups_of_too_few_people_give_no_rate_at_any_threshold(make_result):
    result = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    cells = explore_data(View(result))["views"][0]["by"][1]["cells"]
    few = {row.group for row in result.groups if row.subjects < 30}
    assert few == {"female"}
    assert [cell["fs"] == "" for cell in cells] == [False, True]


def test_bounds_are_the_tables_upper_ends(result):
    cell = explore_data(View(result))["views"][0]["by"][0]["cells"][0]
    rows = [
        row for row in result.error_rates
        if (row.matcher, row.metric, row.group_by) == ("dlib", "fmr", "all")
        and (row.probe_mask, row.reference_mask) == ("unmasked", "unmasked")
    ]  # fmt: skip
    assert cell["fb"] == [[row.threshold, row.high] for row in rows]


def test_the_data_cannot_end_the_element_it_stands_in(hostile):
    text = explore_section(View(hostile)).blocks[0].data
    assert "<" not in text
    assert any("<script>" in group for group in json.loads(text)["views"][0]["by"][1]["groups"])


def test_without_scores_there_is_nothing_to_explore(result):
    assert explore_section(View(result.model_copy(update={"distributions": []}))) is None


def test_a_day_starts_from_the_place_of_use(result):
    assert explore_data(View(result))["day"] == {
        "searches": 10_000, "described": False, "travellers": None,
    }  # fmt: skip
    scenario = {"searches": {"travellers": 60_000, "cameras": 3}, "gates": {"travellers": 7}}
    used = result.model_copy(update={"config": result.config | {"scenario": scenario}})
    assert explore_data(View(used))["day"] == {
        "searches": 180_000, "described": True, "travellers": 7,
    }  # fmt: skip
