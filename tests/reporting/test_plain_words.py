"""The verdict says what the intervals allow, and nothing beyond."""

import re

import pytest

from evenmatch.reporting import plain_words

FORBIDDEN = re.compile(r"\b(un)?bias|no difference|equally|\bfair\b", re.IGNORECASE)


def rows_of(make_row, **errors):
    return [
        make_row(
            group_by="sex",
            probe_group=group,
            reference_group=group,
            errors=count,
            trials=2000,
            subjects=200,
        )
        for group, count in errors.items()
    ]


def test_the_text_never_speaks_of_bias_or_of_no_difference(result, hostile):
    for each in (result, hostile):
        assert not FORBIDDEN.search("\n".join(plain_words.paragraphs(each)))


def test_the_first_paragraph_names_matchers_benchmark_and_people(result):
    opening = plain_words.opening(result)
    assert "applied dlib and vendor-a to" in opening
    assert "Generated demonstration faces" in opening
    assert "260 people in 1,040 photographs" in opening


@pytest.mark.parametrize(("basis", "said"), [("synthetic", True), ("informed", False)])
def test_the_first_paragraph_says_where_nobody_exists(result, basis, said):
    card = result.card | {"consent": {"basis": basis, "note": ""}}
    opening = plain_words.opening(result.model_copy(update={"card": card}))
    assert ("Nobody in these photographs exists" in opening) is said


def test_each_rate_stands_with_counts_people_and_interval(result):
    verdict = plain_words.verdicts(result)[0]
    row = next(
        row
        for row in result.error_rates
        if (row.matcher, row.metric, row.group_by) == ("dlib", "fmr", "all")
    )
    assert f"{row.errors:,} of {row.trials:,}, {row.subjects} people, 95% interval" in (
        verdict.overall
    )
    assert "Searching a gallery of 60 people at fpir=0.01" in verdict.overall


def test_groups_are_named_only_when_intervals_do_not_overlap(make_row):
    # 20 of 2000 with n* = 500 has about 0.3% to 2.3%; 200 of 2000 about 7.5% to 13%.
    text = plain_words.group_sentence("fnmr", "sex", rows_of(make_row, female=200, male=20))
    assert "more frequent for female (10%" in text
    assert "than for male (1%" in text
    assert "do not overlap" in text


def test_overlapping_intervals_are_said_to_show_nothing(make_row):
    text = plain_words.group_sentence("fnmr", "sex", rows_of(make_row, female=22, male=20))
    assert "cannot separate the groups" in text
    assert "does not show that their rates are equal" in text
    assert "female" not in text


def test_few_people_are_never_ranked(make_row):
    rows = [
        make_row(group_by="sex", probe_group=group, errors=count, trials=2000, subjects=60)
        for group, count in (("female", 400), ("male", 20))
    ]
    assert "no ranking is given" in plain_words.group_sentence("fnmr", "sex", rows)


def test_groups_without_rates_are_not_decidable(make_row):
    rows = [make_row(group_by="sex", probe_group=g, subjects=5) for g in ("female", "male")]
    assert "not decidable with this data" in plain_words.group_sentence("fmr", "sex", rows)


def test_an_upper_bound_is_never_the_highest_group(make_row):
    # One group of 12 people has only the bound; its wide interval decides nothing.
    few = make_row(group_by="sex", probe_group="x", errors=9, trials=12, subjects=12)
    some = make_row(group_by="sex", probe_group="y", errors=20, trials=2000, subjects=200)
    assert "cannot separate" in plain_words.group_sentence("fnmr", "sex", [few, some])


def test_undecided_breakdowns_share_one_sentence(result):
    texts = plain_words.verdicts(result)[0].differences
    assert sum("cannot separate the groups" in text for text in texts) == 1


def test_masks_are_compared_with_the_bare_condition(result):
    texts = " ".join(plain_words.verdicts(result)[1].differences)
    drawn = "With a drawn (synthetic) wide high light-blue mask on the probe, "
    (said,) = re.findall(rf"{re.escape(drawn)}(.*?\.)(?= |$)", texts)
    assert re.match(r"false non-matches are .*; false matches are .* against ", said)


def test_an_unresolved_operating_point_is_said(result):
    points = [
        point.model_copy(update={"status": "unresolvable"})
        for point in result.thresholds
        if point.operating_point == "fmr=1e-06"
    ]
    only = result.model_copy(update={"thresholds": points})
    text = plain_words.verdicts(only)[0].overall
    assert "not decidable with this data" in text
    assert "too few to resolve this operating point" in text


def test_an_audit_of_searches_alone_has_a_verdict(result):
    points = [point for point in result.thresholds if point.kind == "one_to_many"]
    only = result.model_copy(update={"thresholds": points, "error_rates": []})
    assert plain_words.verdicts(only)[0].overall.startswith("Searching a gallery")


def test_right_to_left_labels_leave_the_numbers_in_order(make_row):
    rows = rows_of(make_row, م=200, male=20)
    text = plain_words.group_sentence("fnmr", "sex", rows)
    assert "\N{FIRST STRONG ISOLATE}\N{ARABIC LETTER MEEM}\N{POP DIRECTIONAL ISOLATE} (10%" in text


def test_a_very_long_label_does_not_fill_the_sentence(make_row):
    text = plain_words.group_sentence("fnmr", "sex", rows_of(make_row, **{"x" * 300: 200, "m": 9}))
    assert "x" * 59 + "…" in text
    assert "x" * 60 not in text
