"""Listed protocols: which photographs are compared, row by row."""

import pandas as pd
import pytest

from evenmatch.data.protocols import load_trials
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError


@pytest.fixture
def read(tmp_path):
    """Read a list of comparisons among a1, a2 and b1."""
    table = pd.DataFrame({"sample_id": ["a1", "a2", "b1"], "subject_id": ["a", "a", "b"]})
    samples = Samples(table, tmp_path, {}, ("unknown",))

    def trials(text):
        (tmp_path / "pairs.csv").write_text(text)
        return load_trials([tmp_path / "pairs.csv"], samples)

    return trials


def test_trials_are_positions_in_the_manifest_in_the_lists_order(read):
    trials = read("fold,probe_id,reference_id\n1,b1,a2\n1,a1 , a2\n2,a2,a1\n")
    assert trials.probes.tolist() == [2, 0, 1]
    assert trials.references.tolist() == [1, 1, 0]


def test_a_comparison_listed_again_counts_once_and_is_said(read):
    trials = read("probe_id,reference_id,fold\na1,a2,1\na1,b1,1\na1,a2,2\n")
    assert trials.probes.tolist() == [0, 0]
    assert trials.notices == ("The protocol lists 1 of its 3 comparisons again; each counts once.",)


def test_mated_may_be_said_in_several_words_or_left_blank(read):
    trials = read("probe_id,reference_id,mated\na1,a2, True\na1,b1,0\na2,b1,\nb1,a2,different\n")
    assert len(trials.probes) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("probe_id,reference_id\n", "lists no comparison; add rows"),
        ("probe_id\na1\n", "lacks the column 'reference_id'"),
        (
            "probe_id,reference_id\na1,a2\na1,c1\n",
            r"row 3: reference_id is no sample .*1 such",
        ),
        ("probe_id,reference_id\na1,a1\n", "row 2: compares a photograph with itself; remove"),
        ("probe_id,reference_id,mated\na1,a2,maybe\n", "row 2: mated is 'maybe'; write 1 or 0"),
        ("probe_id,reference_id,mated\na1,b1,1\n", "row 2: mated is '1', but the subjects say"),
        ("probe_id,reference_id,mated\na1,a2,no\n", "the opposite .1 such rows.; correct"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_with_the_row(read, text, said):
    with pytest.raises(RequestError, match=said):
        read(text)


def test_a_missing_list_is_refused(tmp_path):
    samples = Samples(pd.DataFrame(), tmp_path, {}, ("unknown",))
    with pytest.raises(RequestError, match="there is no such file"):
        load_trials([tmp_path / "none.csv"], samples)
