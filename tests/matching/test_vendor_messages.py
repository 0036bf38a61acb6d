"""What an answer of a vendor's program may say, one lie at a time."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.vendor_messages import (
    AnswerError,
    Hello,
    decode,
    encode,
    printable,
    read_candidates,
    read_hello,
    read_scores,
    read_template,
)

HELLO = {
    "name": "x",
    "version": "1",
    "score_kind": "distance",
    "symmetric": True,
    "operations": ["enroll", "compare", "search"],
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def refused(said, function, *arguments, **more):
    with pytest.raises(AnswerError, match=said) as caught:
        function(*arguments, **more)
    assert caught.value.reason == "protocol_error"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Loading model ...",
        b"[1]",
        b"7",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"id": 1, "scores": [NaN]}',
        b'{"id": 1, "scores": [-Infinity]}',
        b'{"id": 1, "a": ' + b"1" * 5000 + b"}",
        b'{"id": 2}',
        b'{"id": true}',
        b'{"id": "1"}',
        b"{}",
    ],
)
def test_a_line_that_is_no_answer_to_the_request_is_refused(line):
    refused("answer", decode, line, 1)


def test_a_request_is_one_line_of_ascii():
    line = encode({"name": "a\nb\u2028é"})
    assert b"\n" not in line
    assert line.isascii()


def test_hello_is_read():
    assert read_hello(HELLO) == Hello("x", "1", "distance", symmetric=True, searches=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "`name`"),
        ({"version": 3}, "`version`"),
        ({"name": "x" * 300}, "`name`"),
        ({"score_kind": "odds"}, "'odds', not similarity or distance"),
        ({"symmetric": "yes"}, "true or false"),
        ({"operations": "enroll"}, "no list"),
        ({"operations": ["enroll", "train"]}, "no list"),
        ({"operations": ["enroll", ["compare"]]}, "no list"),
        ({"operations": ["enroll"]}, "lacks enroll or compare"),
    ],
)
def test_a_hello_that_lacks_something_is_refused(change, said):
    refused(said, read_hello, HELLO | change)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "one of them"),
        ({"template": "AAAA", "failed": "no_face"}, "one of them"),
        ({"template": ""}, "no text"),
        ({"template": None}, "no text"),
        ({"template": "not base64!"}, "not base64"),
        ({"template": "AAA"}, "not base64"),
        ({"template": "ÄÄÄÄ"}, "not base64"),
        ({"failed": ""}, "no word"),
        ({"failed": "No face"}, "no word"),
        ({"failed": "ok"}, "taken"),
        ({"failed": "missing"}, "taken"),
        ({"failed": "timed_out"}, "taken"),
        ({"failed": "comparison_odd"}, "taken"),
        ({"failed": ["no_face"]}, "no word"),
        ({"failed": "x" * 41}, "no word"),
    ],
)
def test_a_template_that_is_none_is_refused(answer, said):
    refused(said, read_template, answer)


def test_a_template_or_a_reason_is_read():
    assert read_template({"template": "AAAA"}) == ("AAAA", "")
    assert read_template({"failed": "too_dark"}) == ("", "too_dark")


@pytest.mark.parametrize(
    ("scores", "failed", "said"),
    [
        ([0.5], {}, "1 scores for 2"),
        ([0.5, 0.5, 0.5], {}, "3 scores for 2"),
        ("12", {}, "no list"),
        ([0.5, "0.5"], {}, "no number"),
        ([0.5, True], {}, "no number"),
        ([0.5, [1]], {}, "no number"),
        ([0.5, 1e999], {}, "not finite"),
        ([0.5, 10**400], {}, "not finite"),
        ([0.5, None], {}, "has a reason"),
        ([0.5, 0.5], {"1": "odd"}, "has a reason"),
        ([0.5, None], {"0": "odd"}, "has a reason"),
        ([0.5, None], ["odd"], "names a reason"),
        ([0.5, None], {"1": "ODD"}, "no word"),
    ],
)
def test_scores_that_are_not_what_was_asked_for_are_refused(scores, failed, said):
    refused(said, read_scores, {"scores": scores, "failed": failed}, 2)


def test_scores_and_reasons_are_read():
    scores, why = read_scores({"scores": [1, None], "failed": {"1": "odd"}}, 2)
    np.testing.assert_array_equal(scores, [1.0, np.nan])
    assert why == ["", "odd"]


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ([[0, 0.5], [1, 0.4], [2, 0.3]], "at most 2"),
        ([[3, 0.5]], "no place in a gallery of 3"),
        ([[-1, 0.5]], "no place"),
        ([[True, 0.5]], "no place"),
        ([[0.0, 0.5]], "no place"),
        ([[0, 0.5], [0, 0.5]], "twice"),
        ([[0, 0.4], [1, 0.5]], "do not fall"),
        ([[0, None]], "no number"),
        ([[0]], "place in the gallery and its score"),
        ([{"0": 0.5}], "place in the gallery and its score"),
        ("ab", "no list"),
    ],
)
def test_candidates_that_contradict_the_request_are_refused(candidates, said):
    refused(said, read_candidates, {"candidates": candidates}, 3, 2, falling=True)


def test_distances_rise_from_the_first_candidate_on():
    listed = {"candidates": [[2, 0.1], [0, 0.4]]}
    assert read_candidates(listed, 3, 3, falling=False) == ([2, 0], [0.1, 0.4], "")
    refused("do not fall", read_candidates, listed, 3, 3, falling=True)
    assert read_candidates({"failed": "busy"}, 3, 3, falling=True) == ([], [], "busy")


@given(st.dictionaries(st.sampled_from(["id", *HELLO, "template", "failed", "scores"]), ANYTHING))
def test_no_answer_does_more_than_be_refused(answer):
    for read in (
        read_hello,
        read_template,
        lambda each: read_scores(each, 2),
        lambda each: read_candidates(each, 2, 2, falling=True),
        lambda each: decode(json.dumps(each).encode(), 1),
    ):
        with contextlib.suppress(AnswerError):  # nothing else may come out
            read(answer)


def test_what_a_program_wrote_reaches_no_terminal_as_it_is():
    text = "a\x1b[31mred\x07\n\u202eabc\xff".encode("latin-1", errors="ignore")
    assert printable(text).isprintable()
    assert printable(b"x" * 5000, 10) == "... xxxxxxxxxx"
