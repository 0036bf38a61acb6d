"""One-to-many in full through the public door, with answers that can be counted by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest

from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

NAME = "made-up"


def benchmark(bench, people, shots, score, *, sex=("female", "male"), sessions=None):
    """Write people with photographs `p00-0`, ... and a score for every pair of photographs."""
    bench.attribute("sex", "subject", sex)
    bench.attribute("session", "sample")
    rows = [
        {
            "sample_id": f"p{person:02}-{shot}",
            "subject_id": f"p{person:02}",
            "sex": sex[person % len(sex)],
            "session": (sessions or [f"s{each}" for each in range(shots)])[shot],
        }
        for person in range(people)
        for shot in range(shots)
    ]
    bench.manifest(rows)
    bench.scores(
        [
            (one["sample_id"], other["sample_id"], score(one["sample_id"], other["sample_id"]))
            for one, other in itertools.combinations(rows, 2)
        ]
    )
    return pd.DataFrame(rows)


def asked(**changes):
    """Return a search of the second photographs in a gallery of the first."""
    return {
        "gallery": {"where": {"session": "s0"}},
        "searches": {"where": {"session": "s1"}},
        "operating_points": ["threshold=0.5"],
        "ranks": [1, 2],
        "splits": 2,
    } | changes


def audited(bench, tmp_path, one_to_many, **changes):
    config = bench.config(groups=[["sex"]], one_to_many=one_to_many, **changes)
    return evaluate(config, tmp_path / "out")


def person(sample):
    return sample.split("-")[0]


def enrolled(audit, manifest):
    """Return the samples enrolled in the first split."""
    names = Pseudonyms(NAME).of_samples(manifest["sample_id"])
    named = dict(zip(names, manifest["sample_id"], strict=True))
    gallery = pd.read_csv(audit.folder / "gallery.csv")
    return {named[each] for each in gallery.loc[gallery["gallery"] == "split-1", "reference_id"]}


def rate(audit, metric, gallery="split-1", group="all", rank=None, point="threshold=0.5"):
    (found,) = [
        row
        for row in audit.result.identification
        if (row.metric, row.gallery, row.group, row.rank) == (metric, gallery, group, rank)
        and row.operating_point == point
        and row.failures == "non-match"
    ]
    return found


def by_sex(one, other):
    """Score mates at 0.9, others of one sex at 0.6 and of two sexes at 0.3."""
    if person(one) == person(other):
        return 0.9
    return 0.6 if (int(one[1:3]) - int(other[1:3])) % 2 == 0 else 0.3


# ---------------------------------------------------------------- candidates and compositions


def test_wrong_candidates_of_one_s_own_sex_are_counted_against_the_gallery_s_share(bench, tmp_path):
    benchmark(bench, 80, 2, by_sex)
    audit = audited(bench, tmp_path, asked())
    rows = {(row.group_by, row.group): row for row in audit.result.selectivity}
    # 40 enrolled, 20 of each sex; each of the 40 searches of others meets its own sex's 20.
    everyone = rows["all", "all"]
    assert (everyone.searches, everyone.candidates, everyone.selectivity) == (40, 800, 20.0)
    assert (everyone.low, everyone.high) == (20.0, 20.0)
    whole = rows["sex", "all"]
    assert (whole.same_group, whole.same_group_share, whole.gallery_share) == (800, 1.0, 0.5)
    assert (whole.ratio, whole.ratio_low, whole.ratio_high) == (2.0, 2.0, 2.0)
    assert rows["sex", "female"].candidates == rows["sex", "male"].candidates == 400
    cells = {(row.probe_group, row.reference_group): row for row in audit.result.candidates}
    assert (cells["female", "female"].comparisons, cells["female", "female"].candidates) == (
        400,
        400,
    )
    assert (cells["female", "male"].comparisons, cells["female", "male"].candidates) == (400, 0)


def test_galleries_of_one_group_alarm_for_that_group_alone(bench, tmp_path):
    benchmark(bench, 80, 2, by_sex)
    audit = audited(bench, tmp_path, asked())
    for gallery, size, female, male in (
        ("split-1", 40, 20, 20),
        ("balanced:sex", 40, 20, 20),
        ("only:sex=female", 20, 20, 0),
        ("only:sex=male", 20, 0, 20),
    ):
        for group, alarms in (("female", female), ("male", male)):
            row = rate(audit, "fpir", gallery, group)
            assert (row.errors, row.searches, row.gallery_subjects) == (alarms, 20, size)
    parts = {
        (row.gallery, row.group): (row.subjects, row.templates, row.share)
        for row in audit.result.galleries
        if row.group_by == "sex"
    }
    assert parts["split-1", "female"] == (20, 20, 0.5)
    assert parts["only:sex=male", "male"] == (20, 20, 1.0)
    assert ("only:sex=male", "female") not in parts


def test_balanced_galleries_hold_as_many_people_of_each_group(bench, tmp_path):
    benchmark(bench, 60, 2, by_sex, sex=("female", "male", "male"))
    audit = audited(bench, tmp_path, asked())
    sizes = {
        row.group: row.subjects
        for row in audit.result.galleries
        if (row.gallery, row.group_by) == ("balanced:sex", "sex")
    }
    assert sizes == {"female": 10, "male": 10}


# ---------------------------------------------------------------- FNIR at rank and threshold


def test_fnir_at_a_rank_and_a_threshold_asks_for_both(bench, tmp_path):
    def score(one, other):
        if person(one) == person(other):
            return 0.7 if int(one[1:3]) < 20 else 0.4
        # Everybody meets somebody at 0.8, so that no mate stands first.
        return 0.8

    benchmark(bench, 40, 2, score)
    audit = audited(bench, tmp_path, asked(ranks=[1, 30]))
    any_rank, first, many = (rate(audit, "fnir", rank=rank) for rank in (None, 1, 30))
    assert any_rank.searches == first.searches == many.searches == 20
    # The mates at 0.4 are under the threshold; all 19 others stand before every mate.
    assert any_rank.errors == many.errors == rate(audit, "fnir").errors
    assert first.errors == 20
    assert rate(audit, "fnir", rank=30, point=None).errors == 0


# ---------------------------------------------------------------- policies


def dated(one, other):
    return 0.9 if person(one) == person(other) else 0.1


@pytest.mark.parametrize(
    ("sessions", "latest"),
    [
        (["2019-05-01", "2021-01-31", "2020-12-24"], 1),
        (["9", "10", "2"], 1),  # numbers are no text
        (["", "1999", ""], 1),  # no date is never the latest
    ],
)
def test_the_most_recent_photograph_is_enrolled(bench, tmp_path, sessions, latest):
    manifest = benchmark(bench, 24, 3, dated, sessions=sessions)
    gallery = {"policy": "recent", "recent_by": "session"}
    audit = audited(bench, tmp_path, asked(gallery=gallery, searches={}))
    chosen = enrolled(audit, manifest)
    assert len(chosen) == 12
    assert {sample.split("-")[1] for sample in chosen} == {str(latest)}
    assert rate(audit, "fnir").gallery_templates == 12
    assert {row.policy for row in audit.result.galleries} == {"recent"}
    # Of the enrolled the two other photographs search, of the others all three.
    assert (rate(audit, "fnir").searches, rate(audit, "fpir").searches) == (24, 36)
    assert not audit.result.notices


def test_without_a_date_the_last_row_is_enrolled_and_the_reader_is_told(bench, tmp_path):
    manifest = benchmark(bench, 24, 3, dated)
    audit = audited(bench, tmp_path, asked(gallery={"policy": "recent"}, searches={}))
    assert {sample.split("-")[1] for sample in enrolled(audit, manifest)} == {"2"}
    (notice,) = audit.result.notices
    assert "recent_by" in notice


def test_a_date_that_ties_is_said(bench, tmp_path):
    manifest = benchmark(bench, 24, 3, dated, sessions=["1", "5", "5"])
    gallery = {"policy": "recent", "recent_by": "session"}
    audit = audited(bench, tmp_path, asked(gallery=gallery, searches={}))
    assert {sample.split("-")[1] for sample in enrolled(audit, manifest)} == {"2"}
    assert "24 people" in audit.result.notices[0]


def test_a_column_that_is_not_there_is_refused(bench, tmp_path):
    benchmark(bench, 24, 3, dated)
    gallery = {"policy": "recent", "recent_by": "date"}
    with pytest.raises(RequestError, match=r"recent_by: there is no column 'date'; choose from"):
        audited(bench, tmp_path, asked(gallery=gallery, searches={}))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"gallery": {"recent_by": "session"}}, "recent_by` belongs to `policy: recent`"),
        ({"gallery": {"policy": "recent"}, "mates": "all"}, "needs `policy: unconsolidated`"),
    ],
)
def test_policies_that_contradict_one_another_are_refused(bench, wrong, sentence):
    with pytest.raises(RequestError, match=sentence):
        bench.config(one_to_many=wrong)


def twice_enrolled(one, other):
    """Score mates at 0.9 with their photograph 0 and at 0.2 with 1; others at 0.6 with 1 alone."""
    sample = min(one, other, key=lambda each: each.split("-")[1])
    shot = {each.split("-")[1] for each in (one, other)}
    if person(one) == person(other):
        return 0.9 if sample.endswith("-0") else 0.2
    return 0.6 if "1" in shot and shot != {"1"} and "2" in shot else 0.1


@pytest.mark.parametrize(
    ("policy", "templates", "candidates"),
    [("unconsolidated", 40, 20), ("consolidated", 20, 20)],
)
def test_a_consolidated_person_scores_as_the_best_photograph(
    bench, tmp_path, policy, templates, candidates
):
    benchmark(bench, 40, 3, twice_enrolled)
    gallery = {"where": {"session": ["s0", "s1"]}, "policy": policy}
    searches = {"where": {"session": "s2"}}
    audit = audited(bench, tmp_path, asked(gallery=gallery, searches=searches))
    row = rate(audit, "fpir")
    assert (row.gallery_subjects, row.gallery_templates) == (20, templates)
    assert (row.errors, row.searches) == (20, 20)
    # Each search of somebody else meets every enrolled person once, by photograph 1.
    everyone = audit.result.selectivity[0]
    assert everyone.candidates == 20 * candidates
    assert rate(audit, "fnir").errors == 0
    # The mate's best photograph stands before everybody.
    assert rate(audit, "fnir", rank=1).errors == 0


@pytest.mark.parametrize(("mates", "missed"), [("any", 0), ("all", 20)])
def test_all_mates_have_to_be_found_where_that_is_asked(bench, tmp_path, mates, missed):
    benchmark(bench, 40, 3, twice_enrolled)
    gallery = {"where": {"session": ["s0", "s1"]}}
    searches = {"where": {"session": "s2"}}
    audit = audited(bench, tmp_path, asked(gallery=gallery, searches=searches, mates=mates))
    assert (rate(audit, "fnir").errors, rate(audit, "fnir").searches) == (missed, 20)
    # Photograph 1 scores 0.2 with its own person and 19 others stand before it at 0.6.
    assert rate(audit, "fnir", rank=2, point=None).errors == missed
    assert {row.mates for row in audit.result.galleries} == {mates}


# ---------------------------------------------------------------- the size of the gallery


def one_lookalike(one, other):
    """Score each person's photograph at 0.6 with the next person's and nobody else's."""
    a, b = int(one[1:3]), int(other[1:3])
    return 0.9 if a == b else 0.6 if (a - b) % 80 in (1, 79) else 0.1


def test_fpir_falls_with_the_gallery_and_larger_ones_are_marked_as_models(bench, tmp_path):
    manifest = benchmark(bench, 80, 2, one_lookalike)
    audit = audited(bench, tmp_path, asked())
    inside = {int(sample[1:3]) for sample in enrolled(audit, manifest)}
    outside = set(range(80)) - inside
    alarms = sum(bool({(who + 1) % 80, (who - 1) % 80} & inside) for who in outside)
    rows = audit.result.gallery_size
    measured = [row for row in rows if row.basis == "measured"]
    assert [row.gallery_subjects for row in measured] == [40, 20, 10, 5, 2]
    assert measured[0].fpir == alarms / 40
    assert [row.draws for row in measured] == [1, 20, 20, 20, 20]
    assert all(one.fpir > other.fpir for one, other in itertools.pairwise(measured))
    # Half of the gallery holds half of the lookalikes: between a half and all of the alarms.
    assert measured[0].fpir / 2 <= measured[1].fpir + 0.1 <= measured[0].fpir + 0.1
    (slope,) = audit.result.gallery_slope
    assert slope.low < slope.slope < slope.high
    assert 0.7 < slope.slope < 1.3
    beyond = [row for row in rows if row.basis == "extrapolated"]
    assert {row.gallery_subjects for row in beyond} == {80, 160}
    assert all(row.caveat and row.model and row.draws is None for row in beyond)
    table = pd.read_csv(audit.folder / "gallery_size.csv")
    assert (table["basis"] == "extrapolated").sum() == len(beyond)


def test_lists_that_end_above_the_threshold_are_searched_to_their_end(bench, tmp_path):
    benchmark(bench, 80, 2, by_sex)
    short = audited(bench, tmp_path, asked(ranks=[1]))
    long = audited(bench, tmp_path, asked(ranks=[39]))
    assert short.result.selectivity == long.result.selectivity
    assert short.result.gallery_size == long.result.gallery_size


def test_one_run_gives_the_same_rows_twice(bench, tmp_path):
    benchmark(bench, 40, 2, one_lookalike)
    config = bench.config(groups=[["sex"]], one_to_many=asked())
    first = evaluate(config, tmp_path / "one").result
    again = evaluate(config, tmp_path / "two").result
    assert first == again


def test_templates_of_one_person_become_one():
    from evenmatch.matching.matcher import ScoreKind, Templates  # noqa: PLC0415
    from evenmatch.scoring.enrolment import pool, pooled_templates  # noqa: PLC0415
    from evenmatch.scoring.plan import Roster  # noqa: PLC0415

    people = np.array([0, 0, 1, 1], dtype=np.int32)
    rows = np.arange(4, dtype=np.int32)
    roster = Roster(people, rows, np.zeros(4, dtype=np.int32), 1)
    vectors = np.array([[2, 0], [0, 1], [3, 4], [0, 0]], dtype=np.float32)
    pools = pool(roster, rows)
    assert (pools.entries.tolist(), pools.first.tolist()) == ([4, 5], [0, 2])
    inner = Templates(vectors, {3: "no_face"}, ScoreKind.INNER_PRODUCT)
    pooled = pooled_templates(inner, pools)
    # The mean direction, whatever the lengths; a photograph without a template does not count.
    assert pooled.vectors[4:5][0] == pytest.approx([np.sqrt(0.5), np.sqrt(0.5)])
    assert pooled.vectors[5:6][0] == pytest.approx([0.6, 0.8])
    apart = Templates(vectors, {3: "no_face"}, ScoreKind.EUCLIDEAN)
    assert pooled_templates(apart, pools).vectors[4:5][0] == pytest.approx([1.0, 0.5])
    lost = Templates(vectors, {2: "refused", 3: "no_face"}, ScoreKind.EUCLIDEAN)
    assert pooled_templates(lost, pools).failures[5] == "refused"
