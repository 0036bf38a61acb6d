"""Numbers are said with their state, and never with more than the data can carry."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.reporting import numbers


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.1, "10%"),
        (0.3, "30%"),
        (0.0789, "7.89%"),
        (0.1234, "12.3%"),
        (0.99987, "99.98%"),
        (0.9996, "99.96%"),
        (0.9999999, "99.999990%"),
        (0.001, "0.100%"),
        (0.0000123, "0.00123%"),
        (1.23e-9, "1.23 × 10⁻⁷%"),  # noqa: RUF001 - the sign a reader sees
        (1e-102, "under 10⁻¹⁰%"),
    ],
)
def test_percentages_keep_their_significant_digits(rate, text):
    assert numbers.percent(rate) == text


@given(st.floats(min_value=1e-7, max_value=1))
def test_a_percentage_reads_back_to_within_its_digits(rate):
    text = numbers.percent(rate)
    assert float(text.removesuffix("%")) / 100 == pytest.approx(rate, rel=0.006)


@given(st.floats(min_value=0, max_value=1 - 1e-10, exclude_min=True))
def test_only_zero_and_one_read_as_zero_and_one(rate):
    assert numbers.percent(rate) not in ("0%", "100%")


@pytest.mark.parametrize(
    ("rate", "text"),
    [(1 / 6000, "1 in 6,000"), (0.00001234, "1 in 81,000"), (0.3, "1 in 3"), (0, ""), (None, "")],
)
def test_small_rates_can_be_quoted(rate, text):
    assert numbers.one_in(rate) == text


def test_each_state_says_what_it_can(make_row):
    assert numbers.rate_words(make_row(errors=57, trials=720)) == "7.92%"
    bound = make_row(errors=0, trials=720)
    assert numbers.rate_words(bound).startswith("at most ")
    assert numbers.rate_words(make_row(subjects=7)) == "too few people (7)"
    assert numbers.rate_words(make_row(subjects=0, trials=0, errors=0)) == "no trials"
    assert numbers.rate_words(make_row(status="unresolvable")) == "not decidable with this data"
    assert numbers.rate_words(make_row(status="upper_bound", high=None)) == numbers.NOT_DECIDABLE


def test_only_an_estimate_shows_a_two_sided_interval(make_row):
    assert " to " in numbers.interval_words(make_row(errors=57))
    assert numbers.interval_words(make_row(errors=0)) == ""


def test_thresholds_show_infinity_in_words():
    assert numbers.threshold(-math.inf).endswith("(everything matches)")
    assert numbers.threshold(math.inf).endswith("(nothing matches)")
    assert numbers.threshold(-0.5817452073) == "\N{MINUS SIGN}0.581745"
    assert numbers.threshold(None) == ""


def test_axis_ticks_keep_the_digits_that_tell_them_apart():
    assert [numbers.tick(rate) for rate in (0, 0.125, 0.1, 0.0001, 1e-7)] == [
        "0%",
        "12.5%",
        "10%",
        "0.01%",
        "0.000010%",
    ]


def test_nouns_follow_their_numbers():
    assert numbers.people(1) == "1 person"
    assert numbers.people(1200) == "1,200 people"
    assert numbers.plural(2, "photograph") == "2 photographs"
