"""What very many templates would take, and what would do instead."""

import json
import math

import pytest
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.errors import RequestError

SPEED = {
    "device": "cuda",
    "device_name": "a made-up card",
    "dim": 256,
    "comparisons_per_second": 1e10,
    "matcher": "facenet",
    "images_per_second": 2000,
}
Z = 1.959964


@pytest.fixture
def scaled(bench, tmp_path):
    """Return a function that plans for so many templates and gives what it prints.

    Forty people with two photographs each, a quarter of them men.
    """
    people = [(f"p{k}", "male" if k % 4 == 0 else "female") for k in range(40)]
    bench.manifest(
        [
            {"sample_id": f"{who}{shot}", "subject_id": who, "sex": sex, "shot": shot}
            for who, sex in people
            for shot in "ab"
        ]
    )
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("shot", "sample", ["a", "b"])
    bench.scores([(f"{who}a", f"{who}b", 0.9) for who, _ in people])
    speed = tmp_path / "speed.json"
    speed.write_text(json.dumps(SPEED))

    def plan(*words, **changes):
        changes = {"one_to_one": {"operating_points": ["fmr=1e-6"]}} | changes
        config = tmp_path / "scaled.yaml"
        config.write_text(json.dumps(bench.raw(**changes)))
        told = CliRunner().invoke(app, ["validate", str(config), *words], catch_exceptions=True)
        if told.exception and isinstance(told.exception, RequestError):
            raise told.exception
        return told.stdout

    plan.speed = speed
    return plan


def planned(scaled, *words, **changes):
    return json.loads(scaled("--scale-to", "170e6", "--json", *words, **changes))


def test_comparisons_shards_and_hours_by_hand(scaled):
    plan = planned(scaled, "--speed", str(scaled.speed))
    every, blocks, few, fewest = plan["designs"]
    assert plan["people"] == 85_000_000  # two photographs a person, as in the benchmark
    assert plan["template_bytes"] == 170_000_000 * 512 * 4
    # 0.4 of 64 GiB hold 13,421,772 templates of 2 KiB.
    assert (plan["shard_templates"], plan["shards"], plan["meetings"]) == (13_421_772, 13, 91)
    assert plan["device"]["device"] == "a made-up card"
    assert every["comparisons"] == pytest.approx(170e6 * (170e6 - 1) / 2)
    # 1.445e16 comparisons at 1e10 a second, twice as long a template: 802.8 hours; 170 million
    # photographs at 2,000 a second: 23.6.
    assert every["comparing_hours"] == pytest.approx(802.8, abs=0.1)
    assert every["extracting_hours"] == pytest.approx(170e6 / 2000 / 3600)
    # A block is 170,000 templates that meet each other: 1,000 blocks are 1.445e13 comparisons.
    assert blocks["comparisons"] == pytest.approx(1000 * 170_000 * 169_999 / 2)
    assert blocks["comparing_hours"] == pytest.approx(0.803, abs=0.001)
    assert blocks["extracting_hours"] == every["extracting_hours"]
    assert few["people"] == 85e6 / 32
    assert few["share"] == pytest.approx(1 / 1024, rel=1e-5)
    assert (fewest["templates"], fewest["people"]) == (170_000, 85_000)
    assert fewest["comparisons"] == pytest.approx(170_000 * 169_999 / 2)
    assert fewest["extracting_hours"] == pytest.approx(170_000 / 2000 / 3600)


def test_memory_grows_with_names_and_not_with_templates(scaled):
    """Names of a photograph take 400 bytes and sums of a person 128, whatever a template takes."""
    every, blocks, _, fewest = planned(scaled)["designs"]
    longer = planned(scaled, "--dim", "1024")["designs"][0]
    assert every["template_bytes"] == blocks["template_bytes"] == 170e6 * 512 * 4
    assert fewest["template_bytes"] == 170_000 * 512 * 4
    names, people = 170e6 - 170e3, 85e6 - 85e3
    more = every["memory_bytes"] - fewest["memory_bytes"]
    assert more == pytest.approx(names * 400 + people * 128, rel=0.01)
    # Twice the length is twice the templates; only the parts under way grow with it.
    assert longer["template_bytes"] == 2 * every["template_bytes"]
    assert longer["memory_bytes"] - every["memory_bytes"] < 2**30


def test_half_widths_by_hand(scaled):
    every, blocks, few, fewest = planned(scaled)["designs"]

    def width(people, pairs):
        return pytest.approx(Z * math.sqrt(4 / people + (1 - 1e-6) / 1e-6 / pairs), rel=1e-6)

    assert every["half_widths"] == {"fmr=1e-6": width(85e6, 85e6 * (85e6 - 1) / 2)}
    assert blocks["half_widths"] == {"fmr=1e-6": width(85e6, 1000 * 85_000 * 84_999 / 2)}
    assert few["half_widths"] == {"fmr=1e-6": width(85e6 / 32, (85e6 / 32) ** 2 / 2)}
    assert fewest["half_widths"] == {"fmr=1e-6": width(85_000, 85_000 * 84_999 / 2)}
    assert every["comparing_hours"] is None
    assert every["extracting_hours"] is None
    # Two thirds again as wide where people's own rates spread twice as much: people dominate.
    wider = planned(scaled, "--spread", "2")["designs"][0]["half_widths"]["fmr=1e-6"]
    assert wider == pytest.approx(2 * every["half_widths"]["fmr=1e-6"], rel=1e-2)


def test_a_claim_is_planned_in_the_smallest_group_that_it_speaks_of(scaled):
    claim = {"id": "c", "matcher": "vendor", "bound": "<= 0.003", "scope": ["sex"]}
    claims = [
        claim | {"metric": "fnmr", "at": "fmr=1e-5"},
        claim | {"id": "d", "metric": "fmr", "at": "threshold=0.5"},
    ]
    designs = planned(scaled, claims=claims, groups=[["sex"]])["designs"]
    men = 85e6 / 4
    for design, share in zip(designs, (1, 1, 32, 1000), strict=True):
        # Each man errs always or never, at worst.
        by_hand = Z * math.sqrt(0.997 / 0.003 / (men / share))
        assert design["claims"]["c"] == pytest.approx(by_hand, rel=1e-6)
        assert list(design["half_widths"]) == ["fmr=1e-6", "fmr=1e-5"]  # the claim's point too
    pairs = (men / 1000) * (men / 1000 - 1) / 2
    by_hand = Z * math.sqrt(4 / (men / 1000) + 0.997 / 0.003 / pairs)
    assert designs[3]["claims"]["d"] == pytest.approx(by_hand, rel=1e-6)


def test_a_claim_about_pairs_alike_has_fewer_pairs(scaled):
    claim = {"matcher": "vendor", "metric": "fmr", "at": "threshold=0.5", "bound": "<= 1e-6"}
    claims = [claim | {"id": "c"}, claim | {"id": "d", "impostors": "same-group"}]
    last = planned(scaled, claims=claims, groups=[["sex"]])["designs"][3]["claims"]
    # Thirty women and ten men: 435 + 45 of 780 pairs are of one sex.
    pairs, people = 85_000 * 84_999 / 2, 85_000
    shares = {"c": 1.0, "d": 480 / 780}
    for name, share in shares.items():
        by_hand = Z * math.sqrt(4 / people + (1 - 1e-6) / 1e-6 / (share * pairs))
        assert last[name] == pytest.approx(by_hand, rel=1e-6)


def test_a_claim_about_masks_that_nobody_wears_has_too_few(scaled):
    claim = {"id": "c", "matcher": "vendor", "at": "threshold=0.5", "bound": "<= 0.003"}
    claim |= {"masks": {"probe": "masked", "reference": "masked"}}
    for metric, policy in (("fnmr", {}), ("fmr", {}), ("fmr", {"impostors": "same-group"})):
        claims = [claim | policy | {"metric": metric}]
        assert planned(scaled, claims=claims)["designs"][0]["claims"] == {"c": None}


def test_searches_are_thinned_and_their_gallery_is_not(scaled):
    searches = {"operating_points": ["fpir=0.001"], "searches": {"where": {"shot": "b"}}}
    searches |= {"gallery": {"enrolled": 0.5, "where": {"shot": "a"}}}
    claim = {"id": "c", "matcher": "vendor", "metric": "fnir", "at": "fpir=0.001"}
    claims = [claim | {"bound": "<= 0.01", "gallery_size": 40_000_000}]
    plan = planned(scaled, "--speed", str(scaled.speed), one_to_many=searches, claims=claims)
    *_, every, some = plan["designs"]
    # Half of the people are enrolled with one photograph; everybody is searched for with the other.
    assert plan["gallery_people"] == 42_500_000
    assert every["kind"] == some["kind"] == "1:N"
    assert every["comparisons"] == 85e6 * 42.5e6
    assert (some["comparisons"], some["templates"]) == (85e3 * 42.5e6, 42.5e6 + 85e3)
    assert some["share"] == 0.001
    # 42,500 people who are not enrolled, as many who are.
    assert some["half_widths"] == {
        "fpir=0.001": pytest.approx(Z * math.sqrt(0.999 / 0.001 / 42_500), rel=1e-6)
    }
    assert some["claims"] == {"c": pytest.approx(Z * math.sqrt(0.99 / 0.01 / 42_500), rel=1e-6)}
    told = " ".join(scaled("--scale-to", "170e6", one_to_many=searches, claims=claims).split())
    assert "a gallery is not thinned" in told


def test_masks_multiply_templates_and_comparisons(scaled):
    masks = {"synthetic": [{"shape": "wide", "coverage": "low", "colour": "black"}]}
    masks |= {"apply_to": ["probe", "both"]}
    plan = planned(scaled, masks=masks)
    assert plan["people"] == 170_000_000 // 4  # two photographs, and both again under a mask
    # Of two people: 4 comparisons bare, 8 of one mask (either wears it), 4 of two.
    pairs, people = 42.5e6 * (42.5e6 - 1) / 2, 42.5e6
    every = plan["designs"][0]["comparisons"]
    assert every == pytest.approx(16 * pairs + 4 * people, rel=1e-9)


def test_a_published_list_is_planned_as_all_pairs(bench, scaled):
    bench.listed([{"probe_id": "p0a", "reference_id": f"p{k}b"} for k in range(40)])
    assert planned(scaled)["designs"][0]["comparisons"] == 170e6 * (170e6 - 1) / 2


def test_what_would_have_too_few_people_is_left_out(scaled):
    names = [each["name"] for each in json.loads(scaled("--scale-to", "1000", "--json"))["designs"]]
    assert names == ["every comparison", "1 person in 32, all comparisons"]
    (every, _) = json.loads(scaled("--scale-to", "1000", "--json"))["designs"]
    assert every["half_widths"] == {"fmr=1e-6": None}  # 0.1 false match is to be expected


def test_it_is_said_for_a_person(scaled):
    told = " ".join(scaled("--scale-to", "170e6").split())
    assert "170,000,000 templates of 512 numbers, 85,000,000 people: 324 GiB, or 13 shards" in told
    assert "evenmatch bench --matcher KIND --json > speed.json" in told
    assert "spread by 1 of their mean" in told
    # The fewest people: sqrt(4 / 85,000 + 1 / 3,612) = 1.80%, times 1.96.
    assert "fmr=1e-6 ±0.04% ±0.11% ±0.26% ±3.53%" in told
    assert "1:1: D knows every rate above to 10% of itself with 1 in 1,000,006" in told
    told = " ".join(scaled("--scale-to", "170e6", "--speed", str(scaled.speed)).split())
    assert "of one a made-up card, 1e+10 comparisons a second of 256 numbers" in told
    assert "2e+03 photographs a second through facenet" in told
    assert "evenmatch bench" not in told


def test_a_speed_without_a_matcher_says_what_was_not_measured(scaled):
    scaled.speed.write_text(json.dumps(SPEED | {"images_per_second": None, "matcher": None}))
    told = " ".join(scaled("--scale-to", "170e6", "--speed", str(scaled.speed)).split())
    assert "making templates was not measured: add --matcher KIND" in told


@pytest.mark.parametrize(
    "wrong",
    [
        {"comparisons_per_second": 0},
        {"comparisons_per_second": "fast"},
        {"images_per_second": -1},
        {"images_per_second": 0},
        {"dim": 0},
        {"dim": math.inf},
        {"comparisons_per_second": 10**400},
        {"device": None, "device_name": None, "dim": None},
    ],
)
def test_a_speed_that_nothing_measured_is_refused(scaled, wrong):
    scaled.speed.write_text(json.dumps(SPEED | wrong))
    with pytest.raises(RequestError, match="is not what the benchmark prints"):
        scaled("--scale-to", "1e6", "--speed", str(scaled.speed))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--speed", "speed.json"], "add --scale-to with its templates"),
        (["--dim", "128"], "add --scale-to with its templates"),
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
