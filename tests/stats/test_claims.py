"""Three-way verdicts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.claims import (
    Circumstances,
    Part,
    downgrades,
    guard,
    guarded_bounds,
    judge,
    judge_all,
    judge_guarded,
    parse_bound,
    people_needed,
    refuting_p_value,
)
from evenmatch.stats.intervals import lower_bound, upper_bound
from evenmatch.stats.people import PersonCounts


def people(erring, total):
    return PersonCounts.of_people([1] * erring + [0] * (total - erring), [1] * total)


@pytest.mark.parametrize(("text", "value"), [("<= 0.003", 0.003), ("<=1e-5", 1e-5), ("< .5", 0.5)])
def test_a_bound_is_read(text, value):
    assert parse_bound(text) == value


@pytest.mark.parametrize("text", ["0.003", ">= 0.9", "<= 0", "<= 1", "<= nan", "<= 3%", ""])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"like '<= 0\.003'"):
        parse_bound(text)


def test_a_true_a_false_and_an_undecidable_claim():
    assert judge(people(0, 1000), 0.003) == "supported"  # 998 people without an error suffice
    assert judge(people(0, 990), 0.003) == "undecided"
    assert judge(people(40, 1000), 0.003) == "refuted"
    assert judge(people(5, 1000), 0.003) == "undecided"
    assert judge(PersonCounts.of_people([0], [0]), 0.003) == "undecided"


def test_a_claim_about_every_group_is_supported_only_if_each_group_supports_it():
    good, unsure = Part(people(0, 1000), 0.003), Part(people(0, 50), 0.003)
    assert judge_all([good, good]) == "supported"
    assert judge_all([good, unsure]) == "undecided"


def test_one_failing_group_refutes_it_at_a_shared_alpha():
    # 9 errors of 1000 refute 0.004 at 5% alone, but not as the worst of ten groups.
    failing, good = Part(people(9, 1000), 0.004), Part(people(0, 1000), 0.004)
    assert failing.refuted(0.05)
    assert judge_all([failing]) == "refuted"
    assert judge_all([failing] + [good] * 9) == "undecided"
    assert judge_all([Part(people(40, 1000), 0.004)] + [good] * 9) == "refuted"


def test_a_claim_without_parts_is_refused():
    with pytest.raises(ValueError, match="at least one part"):
        judge_all([])


@pytest.mark.parametrize("erring", [9, 12, 40, 400])
def test_the_p_value_is_the_alpha_at_which_refutation_begins(erring):
    part = Part(people(erring, 1000), 0.004)
    p = refuting_p_value(part)
    assert part.refuted(min(p * 1.001, 0.5)) or p == 0.5
    assert not part.refuted(p * 0.999) or p == 1e-12


def test_the_p_value_of_a_rate_within_its_bound_is_a_half():
    assert refuting_p_value(Part(people(1, 1000), 0.004)) == 0.5


def test_the_guard_brackets_the_fitted_threshold():
    thresholds = [0.1, 0.2, 0.3, 0.4, 0.5]
    uppers = dict(zip(thresholds, [0.9, 0.5, 0.02, 0.009, 0.001], strict=True))
    lowers = dict(zip(thresholds, [0.5, 0.011, 0.009, 0.001, 0.0], strict=True))
    found = guard(thresholds, 0.01, upper_at=uppers.__getitem__, lower_at=lowers.__getitem__)
    assert (found.low, found.high) == (0.2, 0.4)


def test_without_enough_non_mated_trials_a_verdict_is_unavailable():
    found = guard([0.1, 0.2], 0.01, upper_at=lambda _: 0.5, lower_at=lambda _: 0.0)
    assert (found.low, found.high) == (None, None)
    assert judge_guarded(None, None) == "undecided"
    assert guarded_bounds(None, None) == (0, 1)


def test_guarded_verdicts_use_half_the_alpha_at_either_threshold():
    strict, loose = Part(people(0, 1300), 0.003), Part(people(40, 1000), 0.003)
    assert judge_guarded(None, strict) == "supported"
    assert judge_guarded(loose, loose) == "refuted"
    assert judge_guarded(strict, Part(people(0, 1000), 0.003)) == "undecided"
    low, high = guarded_bounds(loose, strict)
    assert low == lower_bound(loose.counts, 0.025)
    assert high == upper_bound(strict.counts, 0.025)


def test_a_guarded_claim_that_is_just_false_is_hardly_ever_supported():
    # True FNMR at the true 1% FMR threshold is .0505; the claim says .05.
    rng, wrong, audits = np.random.default_rng(5), 0, 60
    for _ in range(audits):
        non_mated = np.sort(rng.normal(0, 1, 3000))
        mated = rng.normal(2.326 + 1.64, 1, 800)
        cuts = (non_mated[-90:-1] + non_mated[-89:]) / 2

        def at(t, scores=non_mated):
            return PersonCounts.of_people(scores >= t, np.ones(scores.size, int))

        found = guard(
            list(cuts),
            0.01,
            upper_at=lambda t: upper_bound(at(t), 0.025),
            lower_at=lambda t: lower_bound(at(t), 0.025),
        )
        parts = [
            None
            if t is None
            else Part(PersonCounts.of_people(mated < t, np.ones(mated.size, int)), 0.05)
            for t in (found.low, found.high)
        ]
        wrong += judge_guarded(*parts) == "supported"
    assert wrong / audits <= 0.05


def test_every_circumstance_gives_its_reason():
    assert downgrades(Circumstances()) == ()
    assert downgrades(Circumstances(in_sample=True, guarded=True)) == ()
    assert downgrades(Circumstances(gallery_tested=900, gallery_claimed=1000)) == ()
    assert downgrades(Circumstances(pairs_chosen="mined")) == ()
    reasons = downgrades(
        Circumstances(
            pairs_chosen="mined",
            about_fmr=True,
            in_sample=True,
            gallery_tested=899,
            gallery_claimed=1000,
            label_noise_flips=True,
            outside=("synthetic masks",),
        )
    )
    assert [reason.split()[0] for reason in reasons] == [
        "extrapolated:",
        "the",
        "non-mated",
        "wrong",
        "the",
    ]


def test_people_needed_grow_as_the_rate_nears_the_bound():
    far, near = Part(people(1, 900), 0.003), Part(people(2, 900), 0.003)
    assert 900 < people_needed(far) < people_needed(near)
    assert people_needed(Part(people(0, 500), 0.003)) == 998
    assert people_needed(Part(people(3, 1000), 0.003)) is None
    assert people_needed(Part(PersonCounts.of_people([0], [0]), 0.003)) is None
    assert people_needed(Part(people(5, 5), 0.9)) >= 5


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_no_claim_is_both_and_a_laxer_bound_is_never_worse(count):
    counts, order = people(*count), ["refuted", "undecided", "supported"]
    verdicts = [order.index(judge(counts, bound)) for bound in (0.01, 0.1, 0.5, 0.9)]
    assert verdicts == sorted(verdicts)
