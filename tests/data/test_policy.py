"""What an audit may touch."""

import pytest
import yaml

from evenmatch.data.card import Card, describe, load_card
from evenmatch.data.policy import check_policy, origin_notices
from evenmatch.errors import RequestError
from evenmatch.results.reading import read_results
from evenmatch.run import evaluate

REASON = "agreed with the ethics board"


def card(basis="informed", state="active", note="", **changes) -> Card:
    shelf = load_card("demo-faces").model_dump(by_alias=True)
    status = {"state": state, "note": note}
    return Card.model_validate(
        shelf | {"name": "set", "consent": {"basis": basis}, "status": status} | changes
    )


def licensed(use) -> Card:
    return card(licence={"id": "terms", "use": use})


def test_without_a_policy_every_consent_basis_is_allowed():
    assert check_policy(card("unknown"), None, {}) is None


def test_an_allowed_basis_passes_in_silence():
    assert check_policy(card("informed"), ["informed", "synthetic"], {}) is None


def test_another_basis_is_refused_with_the_way_to_override_it():
    with pytest.raises(
        RequestError, match=r"'public-web'.*\['informed'\].*policy.override: \{set: "
    ):
        check_policy(card("public-web"), ["informed"], {})


def test_no_basis_at_all_may_be_allowed():
    with pytest.raises(RequestError, match="consent basis 'synthetic'"):
        check_policy(card("synthetic"), [], {})


def test_a_withdrawn_benchmark_is_refused_even_without_a_policy():
    with pytest.raises(RequestError, match=r"was withdrawn \(its makers asked\)"):
        check_policy(card(state="withdrawn", note="its makers asked"), None, {})


@pytest.mark.parametrize("state", ["active", "request-only", "superseded"])
def test_other_states_are_no_obstacle(state):
    assert check_policy(card(state=state), None, {}) is None


def test_an_override_turns_the_refusal_into_a_notice_with_its_reason():
    said = check_policy(card("unknown", "withdrawn"), ["informed"], {"set": REASON})
    assert said == (
        "The benchmark 'set' was withdrawn (no reason given) and rests on consent basis 'unknown' "
        "(nobody can say whether the people agreed), and `policy.consent` allows ['informed']. "
        f"Used all the same; reason given: {REASON}."
    )


def test_an_override_names_one_card_and_helps_no_other():
    with pytest.raises(RequestError):
        check_policy(card("unknown"), ["informed"], {"another-set": REASON})


def test_a_withdrawn_benchmark_is_refused_with_what_to_use_instead():
    status = {"state": "withdrawn", "note": "Deleted.", "instead": ["lfw", "demo-faces"]}
    with pytest.raises(RequestError, match=r"\(Deleted\); choose 'lfw' or 'demo-faces', or record"):
        check_policy(card(status=status), None, {})


def test_without_a_rule_every_licence_is_allowed():
    assert check_policy(licensed("none-given"), None, {}, None) is None


@pytest.mark.parametrize("use", ["any", "research-only"])
def test_a_licence_that_is_allowed_passes_in_silence(use):
    assert check_policy(licensed(use), None, {}, ["any", "research-only"]) is None


def test_another_licence_is_refused_by_benchmark_rule_and_way_out():
    with pytest.raises(RequestError) as caught:
        check_policy(licensed("research-only"), None, {}, ["any"])
    assert str(caught.value) == (
        "benchmark 'set' has the licence 'terms' for use 'research-only' (a commercial test, or a "
        "sale, needs its makers' leave), and `policy.licence` allows ['any']; choose another "
        "benchmark, or record a reason under `policy.override: {set: ...}`, which the report "
        "prints."
    )


def test_every_broken_rule_is_told_at_once():
    with pytest.raises(RequestError, match=r"was withdrawn.*consent basis.*has the licence"):
        check_policy(card("unknown", "withdrawn"), ["informed"], {}, ["research-only"])


def test_a_set_made_from_a_withdrawn_one_carries_that_in_a_notice(tmp_path, monkeypatch):
    plain = describe(card("public-web", "withdrawn", "Its makers deleted it."))
    (tmp_path / "set.yaml").write_text(yaml.safe_dump(plain))
    child = card(name="child", derived_from=["set", "something on no shelf"])
    fresh = card(derived_from=["something on no shelf"])
    monkeypatch.setattr("evenmatch.data.card._CHECKOUT", tmp_path)
    (said,) = origin_notices(child)
    assert said == (
        "The benchmark 'child' is made from 'set', which was withdrawn (Its makers deleted it). "
        "Consent there: public-web (photographs taken from the web, the people were not asked)."
    )
    assert origin_notices(fresh) == ()


def test_a_run_is_refused_and_with_a_reason_runs_and_keeps_it(small):
    small.card["status"] = {"state": "withdrawn", "note": "Its makers deleted it."}
    with pytest.raises(
        RequestError, match=r"'made-up' was withdrawn.*policy.override: \{made-up: "
    ):
        evaluate(small.config(), small.folder)
    config = small.config(policy={"override": {"made-up": REASON}})
    kept = read_results(evaluate(config, small.folder).folder)
    assert kept.notices[0].endswith(f"Used all the same; reason given: {REASON}.")
    assert kept.config["policy"]["override"] == {"made-up": REASON}


def test_a_run_states_the_licences_it_may_touch(small):
    small.card["licence"] = {"id": "terms", "use": "research-only"}
    with pytest.raises(RequestError, match=r"'research-only'.*`policy.licence` allows"):
        evaluate(small.config(policy={"licence": ["any"]}), small.folder)
    allowed = small.config(policy={"licence": ["any", "research-only"]})
    assert not evaluate(allowed, small.folder).result.notices
    with pytest.raises(RequestError, match=r"policy.licence.0: found 'free'; allowed: 'any'"):
        small.config(policy={"licence": ["free"]})
