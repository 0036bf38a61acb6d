"""The run's YAML file: defaults, refusals, overrides and what its digest stands for."""

from pathlib import Path

import pytest
import yaml

from evenmatch.config import EarlierAudit, RunConfig, load_config
from evenmatch.documents import parse_document
from evenmatch.errors import RequestError

CONFIGS = Path(__file__).parents[1] / "configs"
LEAST = {
    "schema": 1,
    "name": "x",
    "benchmark": {"card": "demo-faces"},
    "matchers": [{"name": "d", "kind": "dlib"}],
}


def parsed(**changes) -> RunConfig:
    return parse_document(RunConfig, LEAST | changes, "run.yaml")


def refused(**changes) -> str:
    with pytest.raises(RequestError) as caught:
        parsed(**changes)
    said = str(caught.value)
    assert "\n" not in said, said
    assert said.endswith(".")
    return said


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(LEAST))
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_is_understood_and_named_after_its_file(path):
    assert load_config(path).name == path.stem


def test_four_keys_are_enough_and_the_rest_has_the_documented_defaults():
    config = parsed()
    assert config.statistics.level == 0.95
    assert config.statistics.replicates == 10_000
    assert config.one_to_one.calibrate_on == "unmasked"
    assert config.one_to_many is None
    assert config.compute.keep_scores == 5_000_000
    assert config.report.formats == ("html", "csv", "json")
    assert config.tracking is not None
    assert config.tracking.uri == "sqlite:///mlflow.db"


@pytest.mark.parametrize("key", ["schema", "name", "benchmark", "matchers"])
def test_each_of_the_four_is_required(key):
    raw = {name: value for name, value in LEAST.items() if name != key}
    with pytest.raises(RequestError, match=f"{key}: this key is required; add it."):
        parse_document(RunConfig, raw, "run.yaml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gruops": []}, "gruops: unknown key; did you mean 'groups'?"),
        ({"schema": 2}, "schema: found 2; allowed: 1"),
        ({"name": "../x"}, "name: found '../x'"),
        ({"name": ""}, "name: found ''"),
        ({"name": "NA"}, "spreadsheet programs read this word as nothing"),
        ({"seed": -1}, "seed: found -1"),
        ({"matchers": []}, "matchers: found []; it may not be empty, so add an entry"),
        ({"groups": ["sex"]}, "groups.0: found 'sex'; write a list, such as [a, b]"),
        ({"groups": [[]]}, "names each attribute once"),
        ({"groups": [["sex", "sex"]]}, "names each attribute once"),
        ({"groups": [["mask"]]}, "mask status is an axis of every table already"),
        ({"groups": [["a", "b"], ["b", "a"]]}, "a grouping is written twice"),
        ({"classes": {"age": [30, 18]}}, "the edges of 'age' must rise"),
        ({"classes": {"age": [float("nan")]}}, "the edges of 'age' must rise"),
        ({"classes": {"age": []}}, "the edges of 'age' must rise"),
        ({"statistics": {"level": 1}}, "statistics.level: found 1"),
        ({"policy": {"consent": ["yes"]}}, "policy.consent.0: found 'yes'; allowed: 'informed'"),
        ({"policy": {"override": {"set": "why"}}}, "policy.override.set: found 'why'"),
        ({"compute": {"device": "gpu"}}, "a device is auto, cpu, cuda or cuda:0"),
        ({"benchmark": "demo"}, "benchmark: found 'demo'; write keys and values there"),
        ({"one_to_many": {"ranks": [1, 1]}}, "each once, such as [1, 5, 20]"),
        ({"one_to_many": {"gallery": {"enrolled": 2}}}, "one_to_many.gallery.enrolled: found 2"),
        ({"masks": {"synthetic": [{"shape": "long"}]}}, ""),
    ],
)
def test_what_is_not_understood_is_refused_by_name(changes, said):
    with pytest.raises(RequestError) as caught:
        parsed(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "scores"}, "needs `path` or `candidates`; add it"),
        ({"kind": "scores", "path": "a.csv", "weights": "w"}, "it reads no photographs; remove it"),
        ({"kind": "dlib", "path": "a.csv"}, "(it belongs to kind 'scores' or 'templates'); remove"),
        ({"kind": "dlib", "score_kind": "distance"}, "`score_kind` is no key of a matcher of"),
        ({"kind": "dlib", "faces": "first"}, "allowed: 'largest', 'central' or 'refuse'"),
    ],
)
def test_a_matchers_keys_fit_its_kind(entry, said):
    assert said in refused(matchers=[{"name": "m"} | entry])


def test_two_matchers_may_not_share_a_file_name():
    entries = [{"name": name, "kind": "dlib"} for name in ("Vendor", "vendor")]
    assert "two matchers have the name 'Vendor'; rename one." in refused(matchers=entries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fpir=0.01", "'fpir=0.01' is no operating point here; write one of fmr=..., threshold="),
        ("fmr=0.0.1", "has no plain number; write fmr=0.001"),
        ("fmr = 0.1", "is not an operating point; write fmr=0.001"),
        ("fmr=1%", "has no plain number"),
        ("fmr=1", "lies between 0 and 1"),
        ("fmr=0", "lies between 0 and 1"),
        ("threshold=nan", "has no plain number"),
        ("threshold=1e999", "a threshold is a finite number"),
        ("0.01", "is not an operating point"),
    ],
)
def test_an_operating_point_is_written_one_way(text, said):
    assert said in refused(one_to_one={"operating_points": [text]})


def test_operating_points_are_kept_as_written():
    points = ("fmr=1e-3", "fmr=.5", "threshold=-0.60", "threshold=+1.")
    assert parsed(one_to_one={"operating_points": points}).one_to_one.operating_points == points


@pytest.mark.parametrize("points", [[], ["fmr=0.1", "fmr=0.1"]])
def test_operating_points_are_some_and_distinct(points):
    assert "at least one operating point, and each once" in refused(
        one_to_one={"operating_points": points}
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("all", "all"),
        ("same-group", "same-group"),
        ({"sex": "male"}, {"sex": "male"}),
        ({"run": "reports/a/1"}, EarlierAudit(run=Path("reports/a/1"))),
    ],
)
def test_calibrate_on_tells_an_earlier_audit_from_a_group(written, meant):
    config = parsed(one_to_one={"calibrate_on": written})
    assert config.one_to_one.calibrate_on == meant
    assert parse_document(RunConfig, config.as_written(), "again") == config


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("unmaskd", "found 'unmaskd'; allowed: 'all', 'unmasked' or 'same-group'"),
        ({}, "it may not be empty"),
        ({"sex": 1}, "one_to_one.calibrate_on.sex: found 1"),
        ({"run": "a", "sex": "male"}, "one_to_one.calibrate_on.sex: unknown key"),
        (["all"], "found ['all']; allowed: 'all'"),
    ],
)
def test_a_mistaken_calibrate_on_is_one_sentence(written, said):
    assert said in refused(one_to_one={"calibrate_on": written})


def test_a_filter_takes_one_value_or_several_and_no_numbers():
    where = {"sex": "male", "variation": ["a", "b"]}
    config = parsed(one_to_one={"probe": {"where": where}})
    assert config.one_to_one.probe is not None
    assert config.one_to_one.probe.where == {"sex": ("male",), "variation": ("a", "b")}
    for value in (1, True, [1], None):
        said = refused(one_to_one={"probe": {"where": {"x": value}}})
        assert "in quotes where it looks like a number or yes/no" in said


def test_the_run_as_written_parses_back_to_itself():
    for path in CONFIGS.glob("*.yaml"):
        config = load_config(path)
        assert parse_document(RunConfig, config.as_written(), "again") == config


@pytest.mark.parametrize(
    "changes",
    [
        {"tracking": None},
        {"report": {"formats": ["csv"]}},
        {"compute": {"workers": 7}},
        {"benchmark": {"card": "other", "root": "elsewhere"}},
    ],
)
def test_the_digest_leaves_out_what_changes_no_number(changes):
    assert parsed(**changes).digest() == parsed().digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"groups": []},
        {"statistics": {"level": 0.9}},
        {"one_to_one": {"calibrate_on": "all"}},
        {"matchers": [{"name": "d", "kind": "dlib", "faces": "refuse"}]},
    ],
)
def test_the_digest_changes_with_what_changes_a_number(changes):
    assert parsed(**changes).digest() != parsed().digest()


def test_set_changes_one_key_at_any_depth(file):
    overrides = ("seed=7", "statistics.level=0.9", "matchers.0.faces=refuse", "groups=[[sex]]")
    config = load_config(file, overrides)
    assert (config.seed, config.statistics.level) == (7, 0.9)
    assert config.matchers[0].faces == "refuse"
    assert config.groups == (("sex",),)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed", "write it as key=value, such as seed=7"),
        ("=7", "write it as key=value"),
        ("sed=7", "sed: unknown key; did you mean 'seed'?"),
        ("name.first=x", "'name' holds no keys|cannot be set there"),
        ("matchers.3.name=x", "'3' holds no keys"),
        ("matchers.²=x", "'²' cannot be set there"),
        ("seed=[", "correct the YAML there"),
        ("seed=many", "seed: found 'many'"),
    ],
)
def test_a_wrong_set_is_refused(file, override, said):
    with pytest.raises(RequestError, match=said):
        load_config(file, (override,))
