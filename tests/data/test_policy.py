"""What an audit may touch."""

import pytest

from evenmatch.data.card import Card, load_card
from evenmatch.data.policy import check_policy
from evenmatch.errors import RequestError

REASON = "agreed with the ethics board"


def card(basis="informed", state="active", note="") -> Card:
    shelf = load_card("demo-faces").model_dump(by_alias=True)
    return Card.model_validate(
        shelf
        | {"name": "set", "consent": {"basis": basis}, "status": {"state": state, "note": note}}
    )


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
        "The benchmark 'set' was withdrawn (no reason given) and rests on consent basis "
        f"'unknown', and `policy.consent` allows ['informed']. Used all the same; reason given: "
        f"{REASON}"
    )


def test_an_override_names_one_card_and_helps_no_other():
    with pytest.raises(RequestError):
        check_policy(card("unknown"), ["informed"], {"another-set": REASON})
