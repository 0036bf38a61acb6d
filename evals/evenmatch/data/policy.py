"""What an audit may touch: consent, licence, and whether a benchmark was withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from evenmatch.data.card import card_names, load_card
from evenmatch.data.meanings import CONSENT, LICENCE_USE, meaning
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evenmatch.data.card import Card

LicenceUse = Literal["any", "research-only", "no-redistribution", "none-given", "unknown"]

OVERRIDDEN = "Used all the same; reason given: "


def check_policy(
    card: Card,
    allowed: Sequence[str] | None,
    overrides: Mapping[str, str],
    licences: Sequence[str] | None = None,
) -> str | None:
    """Refuse a benchmark the audit may not touch; return a sentence where it was overridden.

    Args:
        card: the benchmark.
        allowed: consent bases the audit allows; None allows all.
        overrides: card name to the reason for touching it all the same.
        licences: uses a licence has to allow, as cards name them; None takes any licence.

    Raises:
        RequestError: the card is withdrawn, or its consent basis or licence is not allowed.
    """
    problems = _broken_rules(card, allowed, licences)
    if not problems:
        return None
    problem = f"benchmark {card.name!r} {' and '.join(problems)}"
    if card.name in overrides:
        return f"The {problem}. {OVERRIDDEN}{overrides[card.name].rstrip('. ')}."
    raise RequestError(
        f"{problem}; choose {_others(card)}, or record a reason under "
        f"`policy.override: {{{card.name}: ...}}`, which the report prints."
    )


def _broken_rules(
    card: Card, allowed: Sequence[str] | None, licences: Sequence[str] | None
) -> list[str]:
    """Return every rule that the benchmark breaks, each as the end of a sentence."""
    problems = []
    if card.status.state == "withdrawn":
        problems.append(f"was withdrawn ({card.status.note.rstrip('. ') or 'no reason given'})")
    if allowed is not None and card.consent.basis not in allowed:
        problems.append(
            f"rests on consent basis {card.consent.basis!r} "
            f"({CONSENT[card.consent.basis]}), and `policy.consent` allows {list(allowed)}"
        )
    if licences is not None and card.licence.use not in licences:
        problems.append(
            f"has the licence {card.licence.id!r} for use {card.licence.use!r} "
            f"({LICENCE_USE[card.licence.use]}), and `policy.licence` allows {list(licences)}"
        )
    return problems


def _others(card: Card) -> str:
    """Return what a card says to use in its place, or any other benchmark."""
    return " or ".join(map(repr, card.status.instead)) or "another benchmark"


def origin_notices(card: Card) -> tuple[str, ...]:
    """Return a sentence for each withdrawn benchmark on the shelf that this one is made from."""
    on_shelf = set(card_names())
    parents = [load_card(name) for name in card.derived_from if name in on_shelf]
    return tuple(
        f"The benchmark {card.name!r} is made from {parent.name!r}, which was withdrawn "
        f"({parent.status.note.rstrip('. ') or 'no reason given'}). Consent there: "
        f"{meaning(CONSENT, parent.consent.basis)}."
        for parent in parents
        if parent.status.state == "withdrawn"
    )
