"""A file of marks: what it may say, and what is said about one that contradicts itself."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.data.marks import ANSWERS, read_marks
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError

IDS = [f"{who}{shot}" for who in "abcd" for shot in "123"]


@pytest.fixture
def marks(tmp_path):
    """Return a function that writes marks from lines and reads them."""
    table = pd.DataFrame({"sample_id": IDS, "subject_id": [one[0] for one in IDS], "path": ""})
    samples = Samples(table, tmp_path, {}, ("unknown",))

    def read(*lines, heading="probe_id,reference_id,answer"):
        path = tmp_path / "marks.csv"
        path.write_text("\n".join([heading, *lines, ""]), encoding="utf-8")
        return read_marks(path, samples)

    return read


def test_each_answer_takes_out_the_photographs_it_names(marks):
    read = marks(
        "a1,b1,wrong-left",
        "a2,b2,wrong-right",
        "a3,b3,unusable-left",
        "c1,d1,unusable-right",
        "c2,d2,unusable-both",
        "c3,d3,cannot-say",
    )
    assert read.removed == {"a1", "b2", "a3", "d1", "c2", "d2"}
    assert read.merged == {}
    assert read.answers == dict.fromkeys(
        [each for each in ANSWERS if each not in ("looks-right", "same-person")], 1
    )


def test_identities_of_one_person_are_counted_under_the_first_of_them(marks):
    assert marks("d1,b1,same-person").merged == {"d": "b"}
    chain = marks("c1,d1,same-person", "d2,a1,same-person")
    assert chain.merged == {"c": "a", "d": "a"}


def test_other_columns_are_left_alone_and_a_repeated_row_says_nothing_new(marks):
    read = marks(
        'a1,b1,wrong-left,"a cartoon, I think"',
        "b1,a1,wrong-right,",
        heading="probe_id,reference_id,answer,note",
    )
    assert read.removed == {"a1"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "holds no answer; add rows"),
        (["a1,b1,wrong"], r"row 2: answer is 'wrong'; choose one of looks-right, wrong-left"),
        (["a1,b1,looks-right", "a1,x9,cannot-say"], "row 3: names no sample of this benchmark"),
        (["a1,a1,looks-right"], "row 2: marks a photograph beside itself; remove"),
        (["a1,a2,same-person"], "row 2: same-person joins two identities.*write looks-right"),
        (
            ["a1,b1,wrong-left", "a2,b2,looks-right", "b1,a1,wrong-left"],
            "rows 2 and 4 answer differently for one pair; look again",
        ),
        (
            ["a1,a2,looks-right", "a1,b1,wrong-left"],
            "rows 2 and 3 call one photograph both wrong-left and looks-right",
        ),
        (
            ["a1,b1,unusable-right", "b1,c1,looks-right"],
            "rows 2 and 3 call one photograph both unusable-right and looks-right",
        ),
        (
            ["a1,b1,wrong-left", "a1,c1,same-person"],
            "rows 2 and 3 call one photograph both wrong-left and same-person",
        ),
        (
            ["a1,b1,same-person", "b2,c1,same-person", "a2,c2,looks-right"],
            "call two identities both one person and two people",
        ),
    ],
)
def test_a_contradiction_is_refused_with_its_rows(marks, lines, said):
    with pytest.raises(RequestError, match=said) as caught:
        marks(*lines)
    assert "marks.csv" in str(caught.value)


def test_somebody_elses_photograph_still_differs_from_a_third_persons(marks):
    assert marks("a1,b1,wrong-left", "a1,c1,looks-right").removed == {"a1"}


def test_a_file_without_the_columns_is_refused(marks):
    with pytest.raises(RequestError, match="lacks the column 'answer'"):
        marks("a1,b1", heading="probe_id,reference_id")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(ANSWERS)),
        min_size=1,
        max_size=6,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_and_of_sides_means_nothing(marks, rows, order):
    mirrored = {"left": "right", "right": "left"}
    turned = []
    for left, right, answer in rows:
        kind, _, side = answer.rpartition("-")
        faulty = kind in ("wrong", "unusable") and side in mirrored
        turned.append((right, left, f"{kind}-{mirrored[side]}" if faulty else answer))
    order.shuffle(turned)

    def outcome(some):
        try:
            read = marks(*(",".join(row) for row in some))
        except RequestError:
            return None
        return read.removed, read.merged

    assert outcome(rows) == outcome(turned)
