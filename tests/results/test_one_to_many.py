"""A search toy that can be counted on fingers, from files to `identification.csv`."""

import pandas as pd
import pytest

from evenmatch.errors import RequestError
from evenmatch.run import evaluate

# Six people, three of them enrolled; a search scores 60 with the person's own photograph and 40
# with another's, unless written here.
ENROLLED = ("a", "c", "e")
SPECIAL = {
    ("a", "c"): 60,  # ties with a's own photograph: rank 2, to a's disadvantage
    ("c", "c"): 45,  # below a threshold of 50
    ("b", "a"): 55,  # a false alarm at 50
}


def fill(bench, *, failed=()):
    people = ("a", "b", "c", "d", "e", "f")
    bench.manifest(
        [
            {"sample_id": f"{who}-{role}", "subject_id": who, "role": role}
            for who in people
            for role in ("gallery", "probe")
            if role == "probe" or who in ENROLLED
        ]
    )
    bench.attribute("role", "sample", ["gallery", "probe"])
    rows = []
    ids = [f"{who}-probe" for who in people] + [f"{who}-gallery" for who in ENROLLED]
    for place, one in enumerate(ids):
        for other in ids[place + 1 :]:
            pair = (one[0], other[0])
            score = SPECIAL.get(pair, 60 if pair[0] == pair[1] else 40)
            lost = one in failed
            rows.append((one, other, None if lost else score, "no_face" if lost else "ok"))
    bench.scores(rows)
    return bench


def searched(bench, out, **changes):
    one_to_many = {
        # Only enrolled people have a gallery photograph, and next to all of them are drawn.
        "gallery": {"where": {"role": "gallery"}, "enrolled": 0.999},
        "searches": {"where": {"role": "probe"}},
        "operating_points": ["threshold=50"],
        "ranks": [1, 2],
        "splits": 1,
    }
    return evaluate(
        bench.config(
            one_to_many=one_to_many | changes, one_to_one={"operating_points": ["threshold=50"]}
        ),
        out,
    )


def counted(audit):
    table = pd.read_csv(audit.folder / "identification.csv")
    assert set(table["gallery_subjects"]) == {3}
    return {
        (row["metric"], None if pd.isna(row["rank"]) else row["rank"], row["failures"]): (
            row["errors"],
            row["searches"],
        )
        for row in table.to_dict("records")
    }


def test_searches_are_those_counted_by_hand(bench, tmp_path):
    found = counted(searched(fill(bench), tmp_path / "out"))
    assert found["fpir", None, "non-match"] == (1, 3)  # b is taken for a
    assert found["fnir", None, "non-match"] == (1, 3)  # c is not found at 50
    assert found["fnir", 1, "non-match"] == (1, 3)  # a stands behind the tie; c leads with 45
    assert found["fnir", 2, "non-match"] == (0, 3)
    assert found["cmc", 1, "excluded"] == (1, 3)


def test_a_failed_search_is_a_miss_and_no_alarm(bench, tmp_path):
    found = counted(searched(fill(bench, failed=("e-probe", "d-probe")), tmp_path / "out"))
    assert found["fnir", None, "non-match"] == (2, 3)
    assert found["fnir", None, "excluded"] == (1, 2)
    assert found["fpir", None, "non-match"] == (1, 3)
    assert found["fpir", None, "excluded"] == (1, 2)


def test_a_fitted_threshold_names_its_split(bench, tmp_path):
    audit = searched(fill(bench), tmp_path / "out", operating_points=["fpir=0.4"])
    row = next(each for each in audit.result.thresholds if each.kind == "one_to_many")
    assert (row.set_on, row.trials, row.achieved) == ("in_sample:split-1", 3, 1 / 3)
    assert row.threshold == (40 + 45) / 2


def test_a_score_file_without_the_searches_gives_a_notice_and_no_rate(bench, tmp_path):
    fill(bench).scores([("a-probe", "a-gallery", 60), ("b-probe", "a-gallery", 40)])
    audit = searched(bench, tmp_path / "out")
    assert audit.result.identification == []
    assert "vendor has no one-to-many rates: its score file lacks" in " ".join(audit.result.notices)


def test_without_a_non_mated_search_that_has_a_score_nothing_sets_a_rate(bench, tmp_path):
    fill(bench, failed=("b-probe", "d-probe", "f-probe"))
    with pytest.raises(RequestError, match=r"no non-mated search of split-1.*or give a threshold"):
        searched(bench, tmp_path / "out", operating_points=["fpir=0.4"])


def test_a_gallery_of_nobody_is_refused(bench, tmp_path):
    with pytest.raises(RequestError, match="there is no attribute 'rule'"):
        searched(fill(bench), tmp_path / "out", gallery={"where": {"rule": "gallery"}})
    with pytest.raises(RequestError, match="split 1 has 6 photographs enrolled, 0 mated"):
        searched(
            bench,
            tmp_path / "out",
            gallery={"where": {"role": "probe"}, "enrolled": 0.999},
            searches={"where": {"role": "probe"}},
        )
