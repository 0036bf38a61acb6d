"""A realistic audit made by hand: two matchers, masks, one-to-many, and labels that bite."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import beta, norm

from evenmatch.results.model import (
    Curve,
    Distribution,
    ErrorRate,
    FailureCount,
    GroupSize,
    IdentificationRate,
    MatcherFacts,
    Provenance,
    RunResult,
    Threshold,
)

HOSTILE = ("<script>alert(1)</script>", "مرحبا", "=cmd|' /C calc'!A0", "x" * 300, "$a_b$ & 'c'")
PLAIN = {"sex": ("female", "male"), "ethnicity": ("white", "black", "west_asian", "east_asian")}
MASKS = (
    ("unmasked", "unmasked"),
    ("synthetic-wide-high-light-blue", "unmasked"),
    ("synthetic-wide-high-light-blue", "synthetic-wide-high-light-blue"),
)
POINTS = {"fmr=0.01": 0.01, "fmr=0.001": 0.001, "fmr=1e-06": 1e-6}


def estimate(errors, trials, subjects):
    """Return the interval columns of a row from its counts, the way an audit states them."""
    if trials == 0:
        return {"rate": None, "low": None, "high": None, "status": "suppressed"}
    if subjects < 10:
        return {"rate": None, "low": None, "high": None, "status": "suppressed"}
    effective = max(1.0, trials / 4)
    x = errors / trials * effective
    low = 0.0 if errors == 0 else float(beta.ppf(0.025, x, effective - x + 1))
    high = 1.0 if errors == trials else float(beta.ppf(0.975, x + 1, effective - x))
    status = "upper_bound" if subjects < 30 or errors < 3 else "estimate"
    return {"rate": errors / trials, "low": low, "high": high, "status": status}


def error_rate(**changes):
    """Return an error rate row; counts given, the rest follows or has a plain default."""
    row = {
        "matcher": "dlib",
        "metric": "fnmr",
        "operating_point": "fmr=0.01",
        "threshold": -0.43125,
        "set_on": "in_sample:unmasked",
        "probe_mask": "unmasked",
        "reference_mask": "unmasked",
        "group_by": "all",
        "probe_group": "all",
        "reference_group": "all",
        "failures": "non-match",
        "errors": 57,
        "trials": 720,
        "subjects": 120,
        "level": 0.95,
        "method": "clustered_exact",
    }
    row |= changes
    extra = {
        "erring_units": min(row["errors"], row["subjects"]),
        "effective_trials": row["trials"] / 4 or None,
        "wilson_low": None,
        "wilson_high": None,
        "largest_share": 2 / row["subjects"] if row["subjects"] else None,
        "balanced_rate": None,
    }
    counted = estimate(row["errors"], row["trials"], row["subjects"])
    return ErrorRate(**(extra | counted | row))


def identification(**changes):
    """Return a one-to-many row."""
    row = {
        "matcher": "dlib",
        "metric": "fpir",
        "operating_point": "fpir=0.01",
        "threshold": -0.4,
        "rank": None,
        "gallery": "split-1",
        "gallery_subjects": 60,
        "gallery_templates": 120,
        "probe_mask": "unmasked",
        "group_by": "all",
        "group": "all",
        "failures": "non-match",
        "errors": 3,
        "searches": 240,
        "subjects": 60,
        "level": 0.95,
        "method": "clustered_exact",
    }
    row |= changes
    counted = estimate(row["errors"], row["searches"], row["subjects"])
    return IdentificationRate(**(counted | row))


def combine(labels):
    """Return every breakdown's groups: each attribute alone, then all together."""
    single = {(name,): [(value,) for value in values] for name, values in labels.items()}
    every = {tuple(labels): list(itertools.product(*labels.values()))} if len(labels) > 1 else {}
    return {
        "+".join(names): ["+".join(group) for group in groups]
        for names, groups in (single | every).items()
    }


def build(labels=PLAIN, *, matchers=("dlib", "vendor-a"), masks=MASKS, seed=1):
    """Return a whole audit over the labels given."""
    rng = np.random.default_rng(seed)
    breakdowns = {"all": ["all"]} | combine(labels)
    sizes = {
        (by, group): int(rng.integers(8, 14) if (n, by) == (0, list(breakdowns)[-1]) else 260)
        for by, groups in breakdowns.items()
        for n, group in enumerate(groups)
    }
    rows, searches, failures, curves, counts, points = [], [], [], [], [], []
    for number, matcher in enumerate(matchers):
        points += _thresholds(matcher)
        searches += _searches(matcher, breakdowns, sizes, rng)
        for by, groups in breakdowns.items():
            rows += _rates(matcher, by, groups, sizes, masks, rng, 1 + number)
            failures += _failures(matcher, by, groups, sizes, rng)
            curves += [_curve(matcher, by, group, rng) for group in groups]
            counts += [
                _distribution(matcher, by, g, mated, rng) for g in groups for mated in (True, False)
            ]
    return RunResult(
        name="london-demo",
        config=_config(),
        card=_card(labels),
        provenance=Provenance(
            run_id="3f9a1c0d5e7b",
            config_digest="a" * 64,
            card_digest="b" * 64,
            samples_digest="c" * 64,
            seed=20261122,
            versions={"evenmatch": "0.1.0", "numpy": "2.4.6", "python": "3.11.2"},
            git_revision="0123456789abcdef",
        ),
        groups=[
            GroupSize(
                group_by=by,
                group=group,
                subjects=sizes[by, group],
                samples=4 * sizes[by, group],
                labelled_by="" if by == "all" else "self-reported",
            )
            for by, groups in breakdowns.items()
            for group in groups
        ],
        matchers=[_matcher(name) for name in matchers],
        thresholds=points,
        error_rates=rows,
        identification=searches,
        failures=failures,
        distributions=counts,
        curves=curves,
        notices=["These faces are generated: the rates say nothing about any matcher in use."],
    )


def _rates(matcher, by, groups, sizes, masks, rng, worse):
    """Return error rate rows of one breakdown for every point and mask condition."""
    rows = []
    for (text, target), pair in itertools.product(POINTS.items(), masks):
        shared = {
            "matcher": matcher,
            "operating_point": text,
            "threshold": -0.45 + target,
            "probe_mask": pair[0],
            "reference_mask": pair[1],
            "group_by": by,
        }
        state = {"status": "unresolvable", "rate": None} if target < 1e-5 else {}
        for a, b in itertools.combinations_with_replacement(groups, 2):
            people = sizes[by, a] + (sizes[by, b] if a != b else 0)
            trials = people * (people - 1) * 4
            rate = target * (2.5 if a == b else 0.2) * (1 + (hash_free(a) % 5) / 3)
            errors = int(rng.binomial(trials, min(rate, 1)))
            rows.append(
                error_rate(
                    metric="fmr",
                    failures="excluded",
                    probe_group=a,
                    reference_group=b,
                    errors=errors,
                    trials=trials,
                    subjects=people,
                    **shared,
                    **state,
                )
            )
        for group, failing in itertools.product(groups, ("non-match", "excluded")):
            people = sizes[by, group]
            rate = 0.02 * worse * (1 + masks.index(pair)) * (1 + hash_free(group) % 4)
            rate *= 0.8 if failing == "excluded" else 1
            errors = int(rng.binomial(6 * people, min(rate, 0.9)))
            rows.append(
                error_rate(
                    metric="fnmr",
                    failures=failing,
                    probe_group=group,
                    reference_group=group,
                    errors=errors,
                    trials=6 * people,
                    subjects=people,
                    **shared,
                    **state,
                )
            )
    probes = dict.fromkeys(probe for probe, _ in masks)
    return rows + [
        _acquisition(matcher, (by, group), probe, sizes[by, group], rng)
        for probe, group in itertools.product(probes, groups)
    ]


def _acquisition(matcher, where, probe, people, rng):
    """Return a failure-to-acquire row."""
    return error_rate(
        matcher=matcher,
        metric="fta",
        operating_point=None,
        threshold=None,
        set_on=None,
        probe_mask=probe,
        reference_mask=None,
        group_by=where[0],
        probe_group=where[1],
        reference_group=None,
        failures=None,
        errors=int(rng.binomial(4 * people, 0.03)),
        trials=4 * people,
        subjects=people,
    )


def hash_free(label):
    """Return a small number that depends on the label alone."""
    return sum(label.encode())


def _searches(matcher, breakdowns, sizes, rng):
    """Return one-to-many rows."""
    rows = []
    for by, groups in breakdowns.items():
        for group, failing in itertools.product(groups, ("non-match", "excluded")):
            people = max(1, sizes[by, group] // 2)
            shared = {
                "matcher": matcher,
                "group_by": by,
                "group": group,
                "subjects": people,
                "searches": 2 * people,
                "failures": failing,
            }
            for metric, rate in (("fpir", 0.03), ("fnir", 0.12)):
                errors = int(rng.binomial(2 * people, rate))
                rows.append(identification(metric=metric, errors=errors, **shared))
            rows += [
                identification(
                    metric="cmc",
                    operating_point=None,
                    threshold=None,
                    rank=rank,
                    errors=int(rng.binomial(2 * people, 0.8 + rank / 120)),
                    split_low=0.7,
                    split_high=0.99,
                    **shared,
                )
                for rank in (1, 5, 20)
            ]
    return rows


def _failures(matcher, by, groups, sizes, rng):
    """Return failure counts of one breakdown."""
    rows = []
    for group, reason in itertools.product(groups, ("no_face", "several_faces")):
        attempts = 4 * sizes[by, group]
        failed = int(rng.binomial(attempts, 0.02))
        rows.append(
            FailureCount(
                matcher=matcher,
                stage="extract",
                reason=reason,
                group_by=by,
                group=group,
                failed=failed,
                attempts=attempts,
                rate=failed / attempts,
            )
        )
    return rows


def _curve(matcher, by, group, rng):
    """Return a DET curve of two normal score distributions."""
    at = np.linspace(-1, 0.2, 60)
    shift = rng.normal(0, 0.03)
    fmr = np.round(norm.sf(at, -0.75, 0.1) * 40000) / 40000
    fnmr = np.round(norm.cdf(at, -0.35 + shift, 0.12) * 720) / 720
    return Curve(
        matcher=matcher,
        probe_mask="unmasked",
        reference_mask="unmasked",
        group_by=by,
        group=group,
        thresholds=at.tolist(),
        fmr=fmr.tolist(),
        fnmr=fnmr.tolist(),
        mated_trials=720,
        non_mated_trials=40000,
    )


def _distribution(matcher, by, group, mated, rng):
    """Return a histogram of scores."""
    centre, spread, size = (-0.35, 0.12, 720) if mated else (-0.75, 0.1, 40000)
    edges = np.linspace(-1.2, 0.0, 61)
    scores = rng.normal(centre, spread, size).clip(-1.199, -0.001)
    return Distribution(
        matcher=matcher,
        probe_mask="unmasked",
        reference_mask="unmasked",
        mated=mated,
        group_by=by,
        probe_group=group,
        reference_group=group,
        edges=edges.tolist(),
        counts=np.histogram(scores, edges)[0].tolist(),
    )


def _thresholds(matcher):
    """Return what each operating point came to."""
    one = [
        Threshold(
            matcher=matcher,
            kind="one_to_one",
            operating_point=text,
            threshold=-0.45 + target,
            native_threshold=0.45 - target,
            set_on="in_sample:unmasked",
            trials=40000,
            achieved=target if target > 1e-5 else 0.0,
            status="estimate" if target > 1e-5 else "unresolvable",
        )
        for text, target in POINTS.items()
    ]
    many = Threshold(
        matcher=matcher,
        kind="one_to_many",
        operating_point="fpir=0.01",
        threshold=-0.4,
        native_threshold=0.4,
        set_on="in_sample:unmasked",
        trials=240,
        achieved=0.0083,
        status="estimate",
    )
    given = one[0].model_copy(
        update={
            "operating_point": "threshold=inf",
            "threshold": -math.inf,
            "native_threshold": math.inf,
            "set_on": "vendor",
            "trials": None,
            "achieved": None,
            "status": "given",
        }
    )
    return [*one, given, many]


def _matcher(name):
    """Return a matcher as it ran."""
    return MatcherFacts(
        name=name,
        kind="dlib" if name == "dlib" else "scores",
        digest="d" * 64,
        score_kind="distance",
        facts={"weights": "dlib_face_recognition_resnet_model_v1", "licence": "CC0-1.0"},
        comparisons=114_480,
        failed_comparisons=3_220,
    )


def _config():
    """Return a config as an audit keeps it."""
    return {
        "schema": 1,
        "name": "london-demo",
        "seed": 20261122,
        "benchmark": {"card": "demo-faces", "root": "faces", "protocol": "all-pairs"},
        "matchers": [{"name": "dlib", "kind": "dlib"}],
        "one_to_one": {"operating_points": list(POINTS), "calibrate_on": "unmasked"},
        "tracking": {"uri": "sqlite:///mlflow.db", "experiment": "london"},
        "report": {"formats": ["html", "csv", "json"]},
    }


def _card(labels):
    """Return a card as an audit keeps it."""
    return {
        "schema": 1,
        "name": "demo-faces",
        "title": "Generated demonstration faces",
        "source": {
            "homepage": "https://example.org/faces",
            "citation": "Example, A. (2026). Faces that are nobody's.",
            "version": "1",
        },
        "licence": {"id": "MIT", "url": "https://example.org/licence", "use": "any"},
        "consent": {"basis": "synthetic", "note": "no person was photographed"},
        "status": {"state": "active", "note": ""},
        "access": {"how": "generated", "steps": "", "files": []},
        "attributes": {
            name: {"of": "subject", "values": list(values), "labelled_by": "measured"}
            for name, values in labels.items()
        },
        "protocols": {"all-pairs": {"kind": "all-pairs"}},
        "known_issues": ["The generator was trained on rendered faces, not on photographs."],
    }


@pytest.fixture(scope="session")
def result():
    """An audit with plain labels."""
    return build()


@pytest.fixture(scope="session")
def hostile():
    """A small audit whose labels try to break every writer."""
    return build({"<b>trait</b>": HOSTILE}, matchers=("=1+1 <i>", "vendor/ü"), masks=MASKS[:1])


@pytest.fixture(scope="session")
def make_row():
    """Return the builder of one error rate row."""
    return error_rate


@pytest.fixture(scope="session")
def make_search():
    """Return the builder of one one-to-many row."""
    return identification


@pytest.fixture(scope="session")
def make_result():
    """Return the builder of a whole audit."""
    return build
