"""After a review and without people in training: the same measurement on what is left."""

import itertools
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import RequestError
from evenmatch.matching import registry
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.run import evaluate

PEOPLE = "abcd"
IDS = [(f"{who}{shot}", who) for who in PEOPLE for shot in "123"]
COUNTS = ["metric", "errors", "trials", "subjects"]


def who_it_is(sample):
    """Say who is on a photograph: a3 shows b, and d is c under another name."""
    return "b" if sample == "a3" else sample[0].replace("d", "c")


@pytest.fixture
def noisy(bench):
    """Four identities with three photographs each, one mislabelled, two of one person."""
    bench.attribute("sex", "subject", ["female", "male"])
    bench.manifest([{"sample_id": one, "subject_id": who, "sex": "female"} for one, who in IDS])
    bench.scores(
        [
            (one, other, 0.9 if who_it_is(one) == who_it_is(other) else 0.1)
            for (one, _), (other, _) in itertools.combinations(IDS, 2)
        ]
    )
    return bench


def marked(bench, rows, **changes):
    """Return a config whose run applies marks, given as `(probe, reference, answer)`."""
    path = bench.folder / "marks.csv"
    table = pd.DataFrame(rows, columns=["probe_id", "reference_id", "answer"])
    table.to_csv(path, index=False)
    benchmark = bench.raw()["benchmark"] | {"marks": str(path)}
    return bench.config(**({"benchmark": benchmark} | changes))


def trained(bench, text, name="training.txt", **more):
    """Return a config whose matcher was trained on the identities of a text."""
    path = bench.folder / name
    path.write_text(text, encoding="utf-8")
    return bench.config(matchers=[bench.vendor(training_identities=str(path), **more)])


def counts(audit, variant, *, point="threshold=0.5", group_by="all"):
    """Return `{metric: (errors, trials, people)}` of a variant, failures as in the headlines."""
    return {
        row.metric: (row.errors, row.trials, row.subjects)
        for row in audit.result.variants
        if (row.variant, row.operating_point, row.group_by) == (variant, point, group_by)
        and (row.metric, row.failures) in {("fmr", "excluded"), ("fnmr", "non-match")}
    }


FOUND = [("b1", "a3", "wrong-right"), ("c1", "d2", "same-person"), ("a1", "b2", "looks-right")]


def test_a_mislabelled_photograph_and_a_twin_identity_change_both_rates_by_what_they_were(
    noisy, tmp_path
):
    audit = evaluate(marked(noisy, FOUND), tmp_path)
    # As published a3 misses a1 and a2, and matches b's three; c and d match nine times.
    assert counts(audit, "as-published") == {"fmr": (12, 54, 4), "fnmr": (2, 12, 4)}
    # Eleven photographs are left, of a (2), b (3) and c with d (6): 1 + 3 + 15 mated pairs.
    assert counts(audit, "after-review") == {"fmr": (0, 36, 3), "fnmr": (0, 19, 3)}


def test_a_fitted_threshold_is_fitted_anew(noisy, tmp_path):
    asked = {"one_to_one": {"operating_points": ["fmr=0.01"]}}
    audit = evaluate(marked(noisy, FOUND, **asked), tmp_path)
    # No false match is allowed: as published that takes a threshold above every score.
    assert counts(audit, "as-published", point="fmr=0.01")["fnmr"] == (12, 12, 4)
    assert counts(audit, "after-review", point="fmr=0.01")["fnmr"] == (0, 19, 3)
    thresholds = {row.variant: row.threshold for row in audit.result.variants}
    assert thresholds["as-published"] > 0.9 > thresholds["after-review"] > 0.1


def test_the_tables_of_an_audit_stay_as_published(noisy, tmp_path):
    plain = evaluate(noisy.config(), tmp_path)
    audit = evaluate(marked(noisy, FOUND), tmp_path)
    assert audit.result.provenance.run_id != plain.result.provenance.run_id
    assert audit.result.error_rates == plain.result.error_rates
    assert not plain.result.variants
    published = [row for row in audit.result.variants if row.variant == "as-published"]
    assert [row.model_dump(exclude={"variant"}) for row in published] == [
        row.model_dump() for row in audit.result.error_rates
    ]


def test_marks_hold_for_every_matcher_alike(noisy, tmp_path):
    table = pd.read_csv(noisy.folder / "vendor.csv")
    table.assign(score=1 - table["score"]).to_csv(noisy.folder / "other.csv", index=False)
    both = [noisy.vendor(), noisy.vendor("other")]
    audit = evaluate(marked(noisy, FOUND, matchers=both), tmp_path)
    trials = {
        name: [
            (row.metric, row.trials)
            for row in audit.result.variants
            if (row.matcher, row.variant) == (name, "after-review")
        ]
        for name in ("vendor", "other")
    }
    assert trials["vendor"] == trials["other"] != []


def test_what_was_changed_is_counted_by_group(noisy, tmp_path):
    audit = evaluate(marked(noisy, [*FOUND[:2], ("a1", "a2", "unusable-both")]), tmp_path)
    table = pd.read_csv(audit.folder / "variant_changes.csv").set_index("group_by")
    assert table.loc["all", "removed_subjects":"merged_subjects"].tolist() == [1, 3, 1]
    assert table.loc["sex", "group"] == "female"
    assert table.loc["sex", ["subjects", "samples"]].tolist() == [4, 12]


def test_a_review_that_finds_nothing_says_so_by_equal_rates(noisy, tmp_path, monkeypatch):
    def counted(*_):
        pytest.fail("the same comparisons are counted a second time")

    monkeypatch.setattr("evenmatch.variants.count_scored", counted)
    audit = evaluate(marked(noisy, [("a1", "b2", "looks-right")]), tmp_path)
    assert counts(audit, "after-review") == counts(audit, "as-published")
    rows = {
        variant: [
            row.model_dump(exclude={"variant"})
            for row in audit.result.variants
            if row.variant == variant
        ]
        for variant in ("as-published", "after-review")
    }
    assert rows["after-review"] == rows["as-published"]


def test_listed_comparisons_follow_the_photographs_that_stay(noisy, tmp_path):
    pairs = [("a1", "a3"), ("a1", "a2"), ("c1", "d1"), ("b1", "d2"), ("b1", "b2"), ("a3", "b3")]
    noisy.listed([{"probe_id": one, "reference_id": other} for one, other in pairs])
    audit = evaluate(marked(noisy, FOUND), tmp_path)
    assert counts(audit, "as-published") == {"fmr": (2, 3, 4), "fnmr": (1, 3, 2)}
    # c1 against d1 was a false match and is now a match of one person.
    assert counts(audit, "after-review") == {"fmr": (0, 1, 2), "fnmr": (0, 3, 3)}


def test_joined_identities_that_disagree_about_their_label_are_unknown_in_it(noisy, tmp_path):
    sex = dict(zip(PEOPLE, ["female", "female", "male", "female"], strict=True))
    noisy.manifest([{"sample_id": one, "subject_id": who, "sex": sex[who]} for one, who in IDS])
    audit = evaluate(marked(noisy, FOUND), tmp_path)
    after = [row for row in audit.result.variants if row.variant == "after-review"]
    mated = {row.probe_group: row.trials for row in after if row.metric == "fnmr"}
    assert mated == {"all": 19, "female": 4, "unknown": 15}


def test_where_nothing_is_left_the_published_rates_stay_and_a_notice_says_why(noisy, tmp_path):
    everything = [(one, other, "unusable-both") for (one, _), (other, _) in itertools.pairwise(IDS)]
    result = evaluate(marked(noisy, everything), tmp_path).result
    assert result.error_rates
    assert not result.variants
    assert any(
        "vendor has no rates after-review: no photograph is left" in n for n in result.notices
    )
    only_b = [(one, "a1", "unusable-both") for one, who in IDS if who not in "ab"]
    result = evaluate(marked(noisy, [*only_b, ("a2", "a3", "unusable-both")]), tmp_path).result
    assert any("no comparison is non-mated" in notice for notice in result.notices)


def test_wrong_marks_are_refused_before_anything_is_written(noisy, tmp_path):
    with pytest.raises(RequestError, match=r"marks.csv: row 2: names no sample"):
        evaluate(marked(noisy, [("nobody", "a1", "cannot-say")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- the oracle: a corrected manifest


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(removed=st.sets(st.sampled_from([one for one, _ in IDS]), max_size=5), joined=st.booleans())
def test_a_variant_is_the_audit_of_a_manifest_corrected_by_hand(noisy, tmp_path, removed, joined):
    left = [(one, who) for one, who in IDS if one not in removed]
    rows = [(one, next(o for o, _ in IDS if o != one), "unusable-left") for one in sorted(removed)]
    ends = [one for one, _ in left if one[0] in "ac"]
    twin = joined and {one[0] for one in ends} == {"a", "c"}
    if twin:
        rows.append((ends[0], ends[-1], "same-person"))
    noisy.manifest([{"sample_id": one, "subject_id": who, "sex": "female"} for one, who in IDS])
    once = list({frozenset(row[:2]): row for row in rows}.values())
    if len(once) < len(rows) or not rows:
        return  # two removed photographs were each other's neighbour: one row cannot say both
    audit = evaluate(marked(noisy, rows), tmp_path)
    merged = {"c": "a"} if twin else {}
    noisy.manifest(
        [
            {"sample_id": one, "subject_id": merged.get(who, who), "sex": "female"}
            for one, who in left
        ]
    )
    scores = pd.read_csv(noisy.folder / "vendor.csv", dtype=str)
    kept = {one for one, _ in left}
    mine = scores[scores["probe_id"].isin(kept) & scores["reference_id"].isin(kept)]
    mine.to_csv(noisy.folder / "left.csv", index=False)
    by_hand = evaluate(
        noisy.config(matchers=[noisy.vendor() | {"path": str(noisy.folder / "left.csv")}]), tmp_path
    )
    after = [row for row in audit.result.variants if row.variant == "after-review"]
    assert [row.model_dump(exclude={"variant"}) for row in after] == [
        row.model_dump() for row in by_hand.result.error_rates
    ]


# ---------------------------------------------------------------- a matcher that reads photographs


class Colours:
    """A matcher whose template is a photograph's colour; black has none."""

    def __init__(self, options):
        self.refuses = options.faces.policy == "refuse"
        self.name, self.digest, self.dimension = options.name, f"colours {options.faces}", 3
        self.score_kind, self.facts = ScoreKind.INNER_PRODUCT, {"training set": "MS-Celeb-1M, v1"}

    def extract(self, photographs):
        """Return one template, or one reason, for each photograph."""
        Colours.seen += len(photographs)
        made = self.of_colour(photographs)
        # A photograph of two colours shows two faces, and the first is the larger.
        several = [(p[0, 0] != p[-1, -1]).any() and self.refuses for p in photographs]
        return [
            FailureReason.SEVERAL_FACES if two else each
            for each, two in zip(made, several, strict=True)
        ]

    def of_colour(self, photographs):
        """Return the colour of each photograph's first pixel, at length one."""
        means = [photograph[0, 0].astype(float) for photograph in photographs]
        return [
            (mean / np.linalg.norm(mean)).astype(np.float32)
            if mean.any()
            else FailureReason.NO_FACE
            for mean in means
        ]


@pytest.fixture
def coloured(bench, monkeypatch):
    """People of a colour each, one of their photographs black, read by a matcher of colours."""
    point = EntryPoint("colours", f"{__name__}:Colours", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Colours)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group else [])
    Colours.seen = 0
    colours = {"a": (250, 9, 9), "b": (9, 250, 9), "c": (9, 9, 250), "d": (250, 250, 9)}
    rows = []
    for one, who in IDS:
        colour = (0, 0, 0) if one == "b2" else colours[who_it_is(one)]
        Image.new("RGB", (40, 30), colour).save(bench.folder / f"{one}.png")
        rows.append({"sample_id": one, "subject_id": who, "path": f"{one}.png"})
    bench.manifest(rows)
    return bench


def test_templates_are_made_once_and_counted_again(coloured, tmp_path):
    matcher = {"name": "colours", "kind": "colours"}
    config = marked(
        coloured,
        [*FOUND[:2], ("a1", "b2", "unusable-right")],
        matchers=[matcher],
    )
    audit = evaluate(config, tmp_path, fresh=True)
    assert Colours.seen <= len(IDS)
    assert counts(audit, "as-published", point="threshold=0.5")["fnmr"] == (4, 12, 4)
    assert counts(audit, "after-review") == {"fmr": (0, 28, 3), "fnmr": (0, 17, 3)}
    acquired = {
        row.variant: (row.errors, row.trials)
        for row in audit.result.variants
        if row.metric == "fta"
    }
    assert acquired == {"as-published": (1, 12), "after-review": (0, 10)}


def test_another_choice_among_faces_gives_what_an_audit_with_that_choice_gives(coloured, tmp_path):
    both = np.zeros((30, 40, 3), np.uint8)
    both[:, :30], both[:, 30:] = (250, 9, 9), (9, 9, 250)
    Image.fromarray(both).save(coloured.folder / "a1.png")
    matcher = {"name": "colours", "kind": "colours"}
    audit = evaluate(
        coloured.config(
            matchers=[{**matcher, "other_faces": ["refuse"]}], report={"formats": ["html"]}
        ),
        tmp_path / "both",
    )
    alone = evaluate(coloured.config(matchers=[{**matcher, "faces": "refuse"}]), tmp_path / "alone")
    assert [
        row.model_dump(exclude={"variant"})
        for row in audit.result.variants
        if row.variant == "faces-refuse"
    ] == [row.model_dump() for row in alone.result.error_rates]
    assert alone.result.error_rates != audit.result.error_rates
    (changed,) = [row for row in audit.result.variant_changes if row.group_by == "all"]
    assert (changed.variant, changed.changed_samples, changed.samples) == ("faces-refuse", 1, 12)
    page = (audit.folder / "report.html").read_text()
    assert "1 of 12 photographs give another template, or fail otherwise" in page


# ---------------------------------------------------------------- people in training


def test_people_in_training_are_found_by_name_counted_and_left_out(noisy, tmp_path):
    noisy.card["samples"] = {"loader": "manifest", "subject_ids": "names"}
    names = dict(zip(PEOPLE, ["José_Núñez", "ann-lee", "Cy.Ho", "Di Ro"], strict=True))
    noisy.manifest(
        [{"sample_id": one, "subject_id": names[who], "sex": "female"} for one, who in IDS]
    )
    audit = evaluate(trained(noisy, "# who\nJOSE NUNEZ\n\nLee Ann\ncy_ho\n"), tmp_path)
    assert counts(audit, "without-training-identities") == {"fmr": (0, 9, 2), "fnmr": (0, 6, 2)}
    overlap = pd.read_csv(audit.folder / "training_overlap.csv")
    made = set(Pseudonyms("made-up").of_subjects(["José_Núñez", "Cy.Ho"]))
    assert set(overlap["subject"]) == made
    assert overlap["matcher"].eq("vendor").all()
    changes = [row for row in audit.result.variant_changes if row.group_by == "sex"]
    assert [(row.group, row.removed_subjects) for row in changes] == [("female", 2)]
    assert audit.result.matchers[0].facts["training identities"].startswith("3 listed; 2 of")
    assert any("lists 2 of this benchmark's 4 people" in notice for notice in audit.result.notices)


def test_no_name_in_both_is_a_fact_where_people_have_names_and_a_doubt_where_they_have_codes(
    noisy, tmp_path
):
    doubt = evaluate(trained(noisy, "Somebody Else\n"), tmp_path).result
    assert not doubt.variants
    assert any("who is in both is not known" in notice for notice in doubt.notices)
    noisy.card["samples"] = {"loader": "manifest", "subject_ids": "names"}
    sure = evaluate(trained(noisy, "Somebody Else\n"), tmp_path).result
    assert not any("training set" in notice for notice in sure.notices)
    assert sure.matchers[0].facts["training identities"].startswith("1 listed; 0 of")


def test_the_list_decides_the_run_id_and_its_place_does_not(noisy, tmp_path):
    ids = [
        evaluate(config, tmp_path).result.provenance.run_id
        for config in (
            noisy.config(),
            trained(noisy, "a\n"),
            trained(noisy, "a\n", "elsewhere.txt"),
            trained(noisy, "a\nb\n", "longer.txt"),
        )
    ]
    assert ids[1] == ids[2]
    assert len(set(ids)) == 3


def test_a_matcher_trained_on_the_benchmarks_source_is_called_out(coloured, tmp_path):
    coloured.card["derived_from"] = ["ms-celeb-1m"]
    matchers = [{"name": "colours", "kind": "colours"}]
    said = evaluate(coloured.config(matchers=matchers), tmp_path).result.notices
    assert any(
        "colours was trained on ms-celeb-1m, from which this benchmark's photographs come" in each
        for each in said
    )
    coloured.card["derived_from"] = ["lfw"]
    said = evaluate(coloured.config(matchers=matchers), tmp_path).result.notices
    assert not any("was trained on" in each for each in said)


def test_a_score_file_may_say_what_its_matcher_was_trained_on(noisy, tmp_path):
    noisy.card["derived_from"] = ["lfw"]
    vendor = noisy.vendor(training_set="LFW and our own photographs")
    result = evaluate(noisy.config(matchers=[vendor]), tmp_path).result
    assert any("vendor was trained on lfw" in notice for notice in result.notices)
    assert result.matchers[0].facts["training set"].endswith("(the run says so)")


def test_nothing_private_is_in_the_audit(noisy, tmp_path):
    secret = [(f"Zoe_Quist_{one}", f"Zoe_Quist_{who}") for one, who in IDS]
    noisy.manifest([{"sample_id": one, "subject_id": who, "sex": "female"} for one, who in secret])
    table = pd.read_csv(noisy.folder / "vendor.csv")
    for column in ("probe_id", "reference_id"):
        table[column] = "Zoe_Quist_" + table[column]
    table.to_csv(noisy.folder / "vendor.csv", index=False)
    rows = [(f"Zoe_Quist_{one}", f"Zoe_Quist_{other}", answer) for one, other, answer in FOUND]
    (noisy.folder / "t.txt").write_text("zoe quist d\n")
    vendor = noisy.vendor(training_identities=str(noisy.folder / "t.txt"))
    formats = {"formats": ["csv", "html", "json"]}
    audit = evaluate(marked(noisy, rows, matchers=[vendor], report=formats), tmp_path)
    assert {row.variant for row in audit.result.variants} == {
        "as-published", "after-review", "without-training-identities",
    }  # fmt: skip
    for path in audit.folder.rglob("*.*"):
        assert b"zoe" not in path.read_bytes().lower(), path
    # MLflow has the results and no pseudonym either.
    (twin,) = pd.read_csv(audit.folder / "training_overlap.csv")["subject"]
    assert twin not in (audit.folder / "results.json").read_text()
