"""What a mask changes for the same people, through the public door."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.run import evaluate

WIDE, ROUND = "synthetic-wide-high-black", "synthetic-round-low-black"
WORN = {
    WIDE: {"shape": "wide", "coverage": "high", "colour": "black"},
    ROUND: {"shape": "round", "coverage": "low", "colour": "black"},
}


def benchmark(bench, people=12, shots=2):
    """Write people of two sexes with a first and a second session."""
    bench.attribute("sex", "subject", ("f", "m"))
    bench.attribute("session", "sample")
    rows = [
        {
            "sample_id": f"p{who:02}-{shot}",
            "subject_id": f"p{who:02}",
            "sex": "fm"[who % 2],
            "session": f"s{shot}",
        }
        for who in range(people)
        for shot in range(shots)
    ]
    bench.manifest(rows)
    return pd.DataFrame(rows)


def templates(bench, table, by_mask, status=None):
    """Write templates of bare photographs (`""`) and of photographs under drawn masks."""
    ids, vectors = [], []
    for mask, each in by_mask.items():
        ids += [f"{one}@{mask}" if mask else one for one in table["sample_id"]]
        vectors.append(np.asarray(each, dtype=np.float32))
    saved = {"ids": np.array(ids), "templates": np.concatenate(vectors)}
    if status:
        saved["status"] = np.array([status.get(one, "") for one in ids])
        for place, one in enumerate(ids):
            if one in status:
                saved["templates"][place] = np.nan
    path = bench.folder / "templates.npz"
    np.savez(path, **saved)
    return {"name": "made", "kind": "templates", "path": str(path), "score_kind": "euclidean"}


def audited(bench, out, matcher, worn=(WIDE,), apply_to=("probe", "both"), **changes):
    changes = {
        "masks": {"synthetic": [WORN[mask] for mask in worn], "apply_to": list(apply_to)},
        "one_to_one": {"operating_points": ["threshold=0.5"]},
        "groups": [["sex"]],
    } | changes
    return evaluate(bench.config(matchers=[matcher], **changes), out)


def differences(audit, **wanted):
    wanted = {"at": "same-threshold", "failures": "excluded"} | wanted
    return [
        row
        for row in audit.result.mask_differences
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]


def one(audit, **wanted):
    (row,) = differences(audit, **({"metric": "fnmr", "group": "all"} | wanted))
    return row


@pytest.fixture
def moved(bench):
    """Twelve people far apart; under the mask the first photographs of three of them move away."""
    table = benchmark(bench)
    bare = np.repeat(np.arange(1.0, 13) * 10, 2)[:, None] * [1.0, 0.0]
    worn = bare.copy()
    for who in (0, 2, 4):  # three people of the one sex
        worn[2 * who, 1] = 1.0
    return table, bare, worn


def half_moved():
    """Sixty people; under the mask the first photograph of everybody of the one sex moves."""
    bare = np.repeat(np.arange(1.0, 61) * 10, 2)[:, None] * [1.0, 0.0]
    worn = bare.copy()
    worn[::4, 1] = 1.0
    return bare, worn


def test_what_a_drawn_mask_costs_can_be_counted_on_fingers(bench, moved, tmp_path):
    table, bare, worn = moved
    audit = audited(bench, tmp_path / "out", templates(bench, table, {"": bare, WIDE: worn}))
    probe = one(audit, condition="probe")
    # Each person has one pair bare, and two with one masked: first or second photograph as probe.
    assert (probe.bare_errors, probe.bare_trials) == (0, 12)
    assert (probe.errors, probe.trials, probe.subjects) == (3, 24, 12)
    assert probe.difference == pytest.approx(3 / 24)
    assert (probe.newly_missed, probe.newly_found) == (3, 0)
    assert (probe.masks, probe.probe_mask, probe.reference_mask) == ("drawn", WIDE, "unmasked")
    assert probe.p_value == pytest.approx(2 / 2**3)  # three people moved, all of them one way
    both = one(audit, condition="both-same")
    assert (both.errors, both.trials, both.newly_missed) == (3, 12, 3)
    assert both.difference == pytest.approx(0.25)
    assert both.low < 0.25 < both.high


def test_groups_are_told_apart_and_tested_together(bench, tmp_path):
    table = benchmark(bench, people=60)
    bare, worn = half_moved()
    audit = audited(bench, tmp_path / "out", templates(bench, table, {"": bare, WIDE: worn}))
    rows = {row.group: row for row in differences(audit, metric="fnmr", condition="both-same")}
    assert (rows["f"].errors, rows["f"].trials) == (30, 30)
    assert (rows["f"].change, rows["m"].change) == ("higher", "not detected")
    assert rows["f"].adjusted_p == pytest.approx(2 * rows["f"].p_value)  # Holm, two groups
    assert rows["m"].p_value == rows["m"].adjusted_p == 1
    assert rows["all"].adjusted_p == rows["all"].p_value
    assert (rows["m"].difference, rows["m"].method) == (0, "bounds")
    assert rows["m"].low < 0 < rows["m"].high


spread = st.floats(0.05, 1.0)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**16), spread=spread, shots=st.integers(2, 3))
def test_conditions_that_are_alike_differ_by_nothing(
    tmp_path_factory, bench_in, seed, spread, shots
):
    bench = bench_in(tmp_path_factory.mktemp("alike"))
    table = benchmark(bench, people=14, shots=shots)
    rng = np.random.default_rng(seed)
    made = np.repeat(rng.standard_normal((14, 2)), shots, axis=0)
    made = made + spread * rng.standard_normal(made.shape)
    matcher = templates(bench, table, {"": made, WIDE: made})
    audit = audited(bench, bench.folder / "out", matcher)
    found = [row for row in audit.result.mask_differences if row.status != "suppressed"]
    assert found
    for row in found:
        if row.difference is None:
            assert (row.at, row.status) == ("equal-fmr", "unresolvable")
        elif row.metric == "fnmr" or row.condition == "both-same":
            assert row.difference == pytest.approx(0, abs=1e-12)
            assert row.low <= 0 <= row.high
            assert row.change in ("not detected", "not tested")
            assert row.newly_missed in (0, None)


@pytest.mark.parametrize("apply_to", [["probe", "both"], ["reference", "both"]])
def test_where_every_photograph_is_usable_the_rates_are_those_of_error_rates(
    bench, tmp_path, apply_to
):
    table = benchmark(bench, people=40)
    rng = np.random.default_rng(3)
    bare = np.repeat(rng.standard_normal((40, 3)), 2, axis=0) + 0.2 * rng.standard_normal((80, 3))
    by_mask = {"": bare} | {m: bare + 0.3 * rng.standard_normal(bare.shape) for m in WORN}
    roles = {
        "probe": {"where": {"session": "s1"}}, "reference": {"where": {"session": "s0"}},
    } if "reference" in apply_to else {}  # fmt: skip
    asked = {"operating_points": ["fmr=0.05", "threshold=0.5"]} | roles
    audit = audited(
        bench, tmp_path / "out", templates(bench, table, by_mask), tuple(WORN), apply_to,
        one_to_one=asked,
    )  # fmt: skip
    rates = {
        (r.metric, r.operating_point, r.probe_mask, r.reference_mask, r.probe_group, r.failures): r
        for r in audit.result.error_rates
        if r.probe_group == r.reference_group
    }
    rows = [row for row in audit.result.mask_differences if row.at == "same-threshold"]
    assert {row.condition for row in rows} == {apply_to[0], "both-same", "both-different"}
    for row in rows:
        key = (row.group, row.failures)
        worn = rates[row.metric, row.operating_point, row.probe_mask, row.reference_mask, *key]
        plain = rates[row.metric, row.operating_point, "unmasked", "unmasked", *key]
        assert (row.errors, row.trials) == (worn.errors, worn.trials)
        assert (row.bare_errors, row.bare_trials) == (plain.errors, plain.trials)
        assert row.difference == pytest.approx(
            row.errors / row.trials - plain.errors / plain.trials
        )
        if row.metric == "fnmr":
            switched = row.newly_missed - row.newly_found
            assert row.difference == pytest.approx(switched / row.trials)


def test_same_and_different_masks_of_both_sides_are_rows_of_their_own(bench, moved, tmp_path):
    table, bare, worn = moved
    matcher = templates(bench, table, {"": bare, WIDE: worn, ROUND: bare})
    audit = audited(bench, tmp_path / "out", matcher, (WIDE, ROUND))
    pairs = {(row.probe_mask, row.reference_mask): row.condition for row in differences(audit)}
    assert pairs == {
        (WIDE, "unmasked"): "probe",
        (ROUND, "unmasked"): "probe",
        (WIDE, WIDE): "both-same",
        (ROUND, ROUND): "both-same",
        (ROUND, WIDE): "both-different",
    }
    mixed = one(audit, condition="both-different")
    assert (mixed.errors, mixed.trials) == (3, 24)  # either photograph may be the moved one
    rates = {(row.probe_mask, row.reference_mask) for row in audit.result.error_rates}
    assert rates >= set(pairs)


def test_photographs_not_usable_in_every_condition_are_left_out_of_both_sides(
    bench, moved, tmp_path
):
    table, bare, worn = moved
    status = {f"p00-0@{WIDE}": "no_face", "p01-1": "no_face"}
    matcher = templates(bench, table, {"": bare, WIDE: worn}, status)
    audit = audited(bench, tmp_path / "out", matcher)
    usable = one(audit, condition="both-same")
    assert (usable.bare_trials, usable.trials, usable.subjects) == (10, 10, 10)
    assert (usable.bare_errors, usable.errors) == (0, 2)  # of 2 and 4; 0 has no template
    every = one(audit, condition="both-same", failures="non-match")
    assert (every.bare_errors, every.bare_trials) == (1, 12)
    # Under the mask 0, 2 and 4 fail. The second photograph of 1 has a template there.
    assert (every.errors, every.trials) == (3, 12)
    assert (every.newly_missed, every.newly_found) == (3, 1)
    impostors = one(audit, condition="both-same", metric="fmr")
    assert impostors.trials == impostors.bare_trials == 22 * 21 // 2 - 10


def test_a_set_of_which_only_a_tail_is_kept_gives_the_same_rows(bench, tmp_path):
    table = benchmark(bench, people=40)
    rng = np.random.default_rng(9)
    bare = np.repeat(rng.standard_normal((40, 3)), 2, axis=0) + 0.2 * rng.standard_normal((80, 3))
    worn = bare + 0.3 * rng.standard_normal(bare.shape)
    status = {f"p00-0@{WIDE}": "no_face", "p01-1": "no_face"}
    matcher = templates(bench, table, {"": bare, WIDE: worn}, status)
    points = {"operating_points": ["fmr=0.01", "threshold=2.5"]}
    whole = audited(bench, tmp_path / "whole", matcher, one_to_one=points)
    few = {"keep_scores": 0, "keep_tail": 1000}
    tail = audited(bench, tmp_path / "tail", matcher, one_to_one=points, compute=few)
    assert tail.result.mask_differences == whole.result.mask_differences
    assert {row.at for row in whole.result.mask_differences if row.difference is not None} == {
        "same-threshold",
        "equal-fmr",
    }


def test_an_fnmr_at_equal_fmr_is_a_diagnostic_that_undoes_a_mere_shift(bench, tmp_path):
    table = benchmark(bench, people=40)
    rng = np.random.default_rng(5)
    bare = np.repeat(rng.standard_normal((40, 3)), 2, axis=0) + 0.2 * rng.standard_normal((80, 3))
    # Twice as large, every distance doubles: the same ranking at another threshold.
    matcher = templates(bench, table, {"": bare, WIDE: 2 * bare})
    points = {"operating_points": ["fmr=0.05"]}
    audit = audited(bench, tmp_path / "out", matcher, one_to_one=points)
    fixed = one(audit, condition="both-same")
    refitted = one(audit, condition="both-same", at="equal-fmr")
    assert fixed.difference > 0.1
    assert refitted.difference == 0
    assert refitted.fmr == refitted.bare_fmr > 0
    assert refitted.threshold == pytest.approx(2 * refitted.bare_threshold, rel=0.05)
    assert (refitted.p_value, refitted.change) == (None, "not tested")
    # Bare too the threshold is the best of its FMR, on the photographs that both have.
    assert refitted.bare_threshold == pytest.approx(fixed.threshold)


def test_without_a_bare_false_match_there_is_no_equal_fmr(bench, moved, tmp_path):
    table, bare, worn = moved
    audit = audited(bench, tmp_path / "out", templates(bench, table, {"": bare, WIDE: worn}))
    row = one(audit, condition="probe", at="equal-fmr")
    assert (row.status, row.difference, row.threshold) == ("unresolvable", None, None)


def test_real_masks_are_compared_person_by_person(bench, tmp_path):
    bench.attribute("mask", "sample", ["unmasked", "cloth"])
    rows, people = [], [f"p{who:02}" for who in range(12)]
    for who, person in enumerate(people):
        worn = ["unmasked", "unmasked", "cloth"] if who < 11 else ["unmasked", "unmasked"]
        rows += [
            {"sample_id": f"{person}-{shot}", "subject_id": person, "mask": mask}
            for shot, mask in enumerate(worn)
        ]
    bench.manifest(rows)
    bench.scores(
        [(a["sample_id"], b["sample_id"], score(a, b)) for a, b in itertools.combinations(rows, 2)]
    )
    audit = evaluate(bench.config(), tmp_path / "out")
    row = one(audit, condition="probe")
    # Eleven people have a mask; the first of them is missed with it, by both bare photographs.
    assert (row.masks, row.probe_mask) == ("real", "cloth")
    assert (row.bare_errors, row.bare_trials, row.errors, row.trials) == (0, 11, 2, 22)
    assert (row.subjects, row.newly_missed, row.newly_found) == (11, None, None)
    assert row.difference == pytest.approx(2 / 22)
    assert row.low < 2 / 22 < row.high
    (unseen,) = differences(audit, metric="fnmr", condition="both-same")
    assert (unseen.trials, unseen.status, unseen.difference) == (0, "suppressed", None)


def score(a, b):
    """Everybody is known, but for the first person when masked."""
    if a["subject_id"] != b["subject_id"]:
        return 0.1
    return 0.2 if "cloth" in (a["mask"], b["mask"]) and a["subject_id"] == "p00" else 0.9


# Masked references


def test_a_masked_reference_needs_roles(bench, moved, tmp_path):
    table, bare, worn = moved
    matcher = templates(bench, table, {"": bare, WIDE: worn})
    with pytest.raises(RequestError, match=r"`reference` needs comparisons with roles.*`probe`"):
        audited(bench, tmp_path / "out", matcher, apply_to=["reference"])


def test_listed_comparisons_have_roles(bench, moved, tmp_path):
    table, bare, worn = moved
    ids = table["sample_id"].tolist()
    pairs = [(ids[2 * k], ids[2 * k + 1]) for k in range(12)] + [(ids[0], ids[3])]
    bench.listed([{"probe_id": a, "reference_id": b} for a, b in pairs])
    matcher = templates(bench, table, {"": bare, WIDE: worn})
    apply_to = ["probe", "reference", "both"]
    benchmark = {
        "card": str(bench.folder / "card.yaml"), "root": str(bench.folder), "protocol": "pairs",
    }  # fmt: skip
    audit = audited(bench, tmp_path / "out", matcher, apply_to=apply_to, benchmark=benchmark)
    lost = {
        row.condition: row.newly_missed for row in differences(audit, group="all", metric="fnmr")
    }
    # It is the first photographs, the probes, that move; both masked they move from the second.
    assert lost == {"probe": 3, "reference": 0, "both-same": 3}
    assert one(audit, condition="reference").reference_mask == WIDE


# What is published


def test_the_table_and_the_report_say_it_in_words(bench, tmp_path):
    table = benchmark(bench, people=60)
    bare, worn = half_moved()
    matcher = templates(bench, table, {"": bare, WIDE: worn})
    made = audited(bench, tmp_path / "out", matcher, report={"formats": ["html", "csv"]})
    read = pd.read_csv(made.folder / "mask_differences.csv")
    assert len(read) == len(made.result.mask_differences) > 0
    page = (made.folder / "report.html").read_text()
    assert (
        "With a drawn (synthetic) wide high black mask on the probe, 25 of 100 more mated "
        "comparisons fail than bare (interval +"
    ) in page
    assert "50 of 100 more mated comparisons fail" in page  # on both sides
    assert "Different people match" not in page
    assert "a diagnostic and no result" in page


def test_few_people_give_an_interval_and_fewer_nothing(bench, moved, tmp_path):
    table, bare, worn = moved
    matcher = templates(bench, table, {"": bare, WIDE: worn})
    made = audited(bench, tmp_path / "out", matcher, report={"formats": ["html"]})
    assert {row.status for row in differences(made, group="all", metric="fnmr")} == {"interval"}
    assert {row.status for row in differences(made, group="f", metric="fnmr")} == {"suppressed"}
    assert {row.difference for row in differences(made, group="f")} == {None}
    page = (made.folder / "report.html").read_text()
    assert "there are too few people to give one number" in page
    assert "of 100 more mated comparisons fail" not in page


def test_without_masks_the_table_has_its_heading_alone(small, tmp_path):
    made = evaluate(small.config(), tmp_path / "out")
    assert made.result.mask_differences == []
    assert len((made.folder / "mask_differences.csv").read_text().splitlines()) == 1
