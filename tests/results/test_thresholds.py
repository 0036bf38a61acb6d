"""What an operating point comes to, and what is said about the trials that set it."""

import numpy as np
import pytest

from evenmatch.errors import RequestError
from evenmatch.results.reading import read_results
from evenmatch.results.thresholds import Scale, describe_calibration, given_threshold
from evenmatch.run import evaluate

MASKS = ["unmasked", "masked", ""]


def thresholds(bench, out, **one_to_one):
    result = evaluate(bench.config(one_to_one=one_to_one), out).result
    return {row.operating_point: row for row in result.thresholds}


def fill(bench, *, masks=None, kind="similarity"):
    """Two people with ten photographs each; non-mated scores run from 0.00 to 0.99."""
    ids = [(f"{who}{n}", who) for who in "ab" for n in range(10)]
    rows = [{"sample_id": one, "subject_id": who} for one, who in ids]
    for place, row in enumerate(rows):
        row.update({} if masks is None else {"mask": masks[place % len(masks)]})
    bench.manifest(rows)
    if masks:
        bench.attribute("mask", "sample", ["masked", "unmasked"])
    scores = []
    for place, (one, who) in enumerate(ids):
        for other, whom in ids[:place]:
            same = 1.5 if who == whom else (int(one[1:]) * 10 + int(other[1:])) / 100
            scores.append((one, other, -same if kind == "distance" else same))
    bench.scores(scores)
    return bench


def test_a_target_allows_as_many_false_matches_as_its_text_says(bench, tmp_path):
    found = thresholds(fill(bench), tmp_path, operating_points=["fmr=0.29", "fmr=0.01"])
    assert found["fmr=0.29"].threshold == (0.70 + 0.71) / 2
    assert (found["fmr=0.29"].trials, found["fmr=0.29"].achieved) == (100, 0.29)
    assert found["fmr=0.01"].threshold == (0.98 + 0.99) / 2
    assert {row.set_on for row in found.values()} == {"in_sample:unmasked"}
    assert {row.status for row in found.values()} == {"estimate"}


def test_a_target_the_trials_cannot_resolve_says_so(bench, tmp_path):
    found = thresholds(fill(bench), tmp_path, operating_points=["fmr=0.009"])["fmr=0.009"]
    assert (found.status, found.achieved) == ("unresolvable", 0)
    assert found.threshold == (0.99 + 1.5) / 2


def test_a_distance_is_stated_as_a_similarity_and_in_its_own_scale(bench, tmp_path):
    fill(bench, kind="distance")
    config = bench.config(
        matchers=[bench.vendor(score_kind="distance")],
        one_to_one={"operating_points": ["threshold=0.6", "fmr=0.5"]},
    )
    given, fitted = evaluate(config, tmp_path / "out").result.thresholds
    assert (given.threshold, given.native_threshold, given.set_on) == (-0.6, 0.6, "vendor")
    assert given.trials is None
    assert (fitted.threshold, fitted.native_threshold) == ((0.49 + 0.50) / 2, -(0.49 + 0.50) / 2)


def test_photographs_without_a_mask_label_do_not_set_the_unmasked_threshold(bench, tmp_path):
    found = thresholds(fill(bench, masks=MASKS), tmp_path, operating_points=["fmr=0.2"])
    assert found["fmr=0.2"].trials == 3 * 4  # unmasked photographs of a and of b


def test_without_an_unmasked_photograph_another_choice_is_asked_for(bench, tmp_path):
    fill(bench, masks=["masked", ""])
    with pytest.raises(RequestError, match=r"no comparison is of two unmasked.*calibrate_on: all"):
        thresholds(bench, tmp_path, operating_points=["fmr=0.2"])
    assert thresholds(bench, tmp_path, operating_points=["fmr=0.2"], calibrate_on="all")


def test_trials_that_cannot_set_a_threshold_are_refused_and_nothing_is_written(bench, tmp_path):
    fill(bench)
    bench.manifest(
        [{"sample_id": f"{w}{n}", "subject_id": w, "sex": w} for w in "ab" for n in range(10)]
    )
    options = {"operating_points": ["fmr=0.2"], "calibrate_on": {"sex": "a"}}
    with pytest.raises(RequestError, match=r"no non-mated comparison of vendor has a score.*sex=a"):
        thresholds(bench, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("calibrate_on", "said"),
    [
        ({"sex": "c"}, r"no photograph has sex='c'; choose from \['a', 'b'\]"),
        ({"sexe": "a"}, "no attribute 'sexe'.*choose from"),
        ({"mask": "masked"}, "no attribute 'mask'"),
        ({"run": "nowhere"}, "nowhere: holds no results.json"),
    ],
)
def test_a_calibration_on_nobody_is_refused(bench, tmp_path, calibrate_on, said):
    bench.manifest(
        [{"sample_id": f"{w}{n}", "subject_id": w, "sex": w} for w in "ab" for n in range(3)]
    )
    bench.scores([("a0", "a1", 0.9), ("a0", "b0", 0.1)])
    with pytest.raises(RequestError, match=said):
        thresholds(bench, tmp_path / "out", calibrate_on=calibrate_on)
    assert not (tmp_path / "out").exists()


def test_an_earlier_audit_lends_only_the_points_and_scale_it_has(bench, tmp_path):
    fill(bench)
    first = evaluate(bench.config(one_to_one={"operating_points": ["fmr=0.2"]}), tmp_path / "out")
    lent = {"calibrate_on": {"run": str(first.folder)}}
    found = thresholds(bench, tmp_path / "out", operating_points=["fmr=0.2"], **lent)
    assert found["fmr=0.2"].set_on == f"transferred:{first.result.provenance.run_id}"
    with pytest.raises(
        RequestError, match=r"no threshold for vendor fmr=0.1; choose from \['vendor"
    ):
        thresholds(bench, tmp_path / "out", operating_points=["fmr=0.1"], **lent)
    config = bench.config(
        matchers=[bench.vendor(score_kind="distance")],
        one_to_one={"operating_points": ["fmr=0.2"]} | lent,
    )
    with pytest.raises(RequestError, match=r"gave a similarity in .* and does not here; name"):
        evaluate(config, tmp_path / "out")


def test_results_read_back_with_the_thresholds_exactly_as_found(bench, tmp_path):
    fill(bench)
    audit = evaluate(bench.config(one_to_one={"operating_points": ["fmr=0.3"]}), tmp_path / "out")
    assert read_results(audit.folder).thresholds == audit.result.thresholds


def test_the_trials_that_set_a_threshold_have_one_name_each():
    assert describe_calibration("same-group") == "in_sample:same-group"
    assert describe_calibration({"sex": "male", "age": "18 to 29"}) == (
        "in_sample:sex=male,age=18 to 29"
    )


def test_a_given_threshold_of_a_similarity_is_its_own():
    found = given_threshold("threshold=6e-1", Scale("m", distance=False, float_type=np.float32))
    assert (found.threshold, found.native_threshold, found.kind) == (0.6, 0.6, "one_to_one")
