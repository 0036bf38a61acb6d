"""True coverage in small: two scenarios of the interval measurements, and the truth behind them."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"
LEAST = 0.9  # 300 replicates of an interval that covers in 95% fall below this once in 5,000


@pytest.fixture
def bench(monkeypatch):
    """Return a reader of the coverage benchmark's modules."""
    monkeypatch.syspath_prepend(str(BENCH))
    return lambda name: importlib.import_module(f"simulation.{name}")


def covered(bench, name, expected):
    """Draw 300 replicates of a scenario at one number of expected errors."""
    tallies, scenarios = bench("tallies"), bench("scenarios")
    [found] = [s for s in scenarios.SCENARIOS if s.name == name]
    scenario = scenarios.Scenario(found.design, (expected,), found.effects)
    [tally] = tallies.cover(scenario, tallies.generator(1, name), 300)
    return tally


@pytest.mark.parametrize(
    ("name", "expected"),
    [("FMR symmetric 60x2 mixed", 100), ("FNMR symmetric 60x4 people", 30)],
)
def test_the_interval_covers_where_the_naive_one_does_not(bench, name, expected):
    tally = covered(bench, name, expected)
    assert tally.coverage("clustered_exact") > LEAST
    assert max(tally.tails("verdicts")) < 1 - LEAST
    assert tally.coverage("naive") < LEAST
    assert abs(tally.drift) < 4


@pytest.mark.parametrize("rate", ["FMR", "FNMR", "FPIR"])
def test_the_true_rate_is_the_mean_of_the_observed_ones(bench, rate):
    populations, scenarios = bench("populations"), bench("scenarios")
    plan = "gallery" if rate == "FPIR" else "symmetric"
    design = populations.Design(rate, plan, 10, 3, scenarios.PEOPLE[rate], twins=0.0)
    source, rng = populations.population(design), np.random.default_rng(2)
    threshold = source.threshold(0.2)
    seen = np.array([source.draw(rng).counts(threshold).rate for _ in range(600)])
    assert abs(seen.mean() - source.truth(0.2)) < 4 * seen.std() / np.sqrt(seen.size)


def test_twins_are_part_of_the_true_rate(bench):
    populations, scenarios = bench("populations"), bench("scenarios")
    design = populations.Design("FMR", "symmetric", 10, 2, scenarios.MIXED["FMR"], twins=1.0)
    source = populations.population(design)
    # One of 45 pairs of people always matches; of the others nobody does at this threshold.
    assert source.truth(0.0) == pytest.approx(1 / 45)
    counts = source.draw(np.random.default_rng(3)).counts(50.0)
    assert (counts.errors, counts.trials, counts.erring_units) == (4, 180, 1)


def test_the_looser_threshold_is_the_nearest_at_which_thirty_units_err(bench):
    populations, scenarios = bench("populations"), bench("scenarios")
    design = populations.Design("FMR", "symmetric", 20, 2, scenarios.MIXED["FMR"])
    draw = populations.population(design).draw(np.random.default_rng(4))
    assert draw.looser(5.0).erring_units == 30
    enough = draw.counts(0.0)
    assert enough.erring_units > 30
    assert draw.looser(0.0).errors == enough.errors
