"""What very many templates would take, and what would do instead."""

import json

import pytest
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.errors import RequestError

SPEED = {"device": "a made-up card", "dim": 256, "comparisons_per_second": 1e10}


@pytest.fixture
def scaled(bench, tmp_path):
    """Return a function that plans for so many templates and gives what it prints."""
    pairs = [(f"{who}1", f"{who}2", 0.9) for who in "abc"]
    bench.manifest([{"sample_id": f"{who}{n}", "subject_id": who} for who in "abc" for n in "12"])
    bench.scores(pairs)
    config = tmp_path / "scaled.yaml"
    config.write_text(json.dumps(bench.raw()))
    speed = tmp_path / "speed.json"
    speed.write_text(json.dumps(SPEED))

    def plan(*words):
        told = CliRunner().invoke(app, ["validate", str(config), *words], catch_exceptions=True)
        if told.exception and isinstance(told.exception, RequestError):
            raise told.exception
        return told.stdout

    plan.speed = speed
    return plan


def test_comparisons_shards_and_hours_by_hand(scaled):
    told = scaled("--scale-to", "170e6", "--speed", str(scaled.speed), "--json")
    plan = json.loads(told)
    every, random, few = plan["designs"]
    assert plan["people"] == 85_000_000  # two photographs a person, as in the benchmark
    assert plan["template_bytes"] == 170_000_000 * 512 * 4
    # 0.4 of 64 GiB hold 13,421,772 templates of 2 KiB.
    assert (plan["shard_templates"], plan["shards"], plan["meetings"]) == (13_421_772, 13, 91)
    assert every["comparisons"] == pytest.approx(170e6 * (170e6 - 1) / 2)
    # 1.445e16 comparisons at 1e10 a second, twice as long a template: 802.8 hours.
    assert every["device_hours"] == pytest.approx(802.8, abs=0.1)
    assert random["device_hours"] == pytest.approx(every["device_hours"] / 1000)
    assert few["comparisons"] == random["comparisons"]


def test_drawing_pairs_keeps_the_people_and_drawing_people_does_not(scaled):
    every, random, few = json.loads(scaled("--scale-to", "170e6", "--json"))["designs"]
    for point, width in every["half_widths"].items():
        assert random["half_widths"][point] < 1.1 * width
        assert few["half_widths"][point] > 5 * width
    assert every["device_hours"] is None


def test_it_is_said_for_a_person(scaled):
    told = " ".join(scaled("--scale-to", "170e6").split())
    assert "170,000,000 templates of 512 numbers, 85,000,000 people: 324 GiB, in 13 shards" in told
    assert "measure the device with `evenmatch bench --json > speed.json`" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scale-to", "1"], "from 2 to 1e12"),
        (["--scale-to", "nan"], "from 2 to 1e12"),
        (["--scale-to", "1e6", "--device-memory", "1e-9"], "not one template fits"),
        (["--scale-to", "1e6", "--spread", "-1"], "correct the numbers"),
        (["--scale-to", "1e6", "--speed", "none.json"], "is not what the benchmark prints"),
    ],
)
def test_impossible_numbers_are_refused(scaled, words, said):
    with pytest.raises(RequestError, match=said):
        scaled(*words)
