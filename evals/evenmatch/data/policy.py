"""What an audit may touch: consent, and whether a benchmark was withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evenmatch.data.card import Card


def check_policy(
    card: Card, allowed: Sequence[str] | None, overrides: Mapping[str, str]
) -> str | None:
    """Refuse a benchmark the audit may not touch; return a sentence where it was overridden.

    Args:
        card: the benchmark.
        allowed: consent bases the audit allows; None allows all.
        overrides: card name to the reason for touching it all the same.

    Raises:
        RequestError: the card is withdrawn, or its consent basis is not allowed.
    """
    problems = []
    if card.status.state == "withdrawn":
        problems.append(f"was withdrawn ({card.status.note or 'no reason given'})")
    if allowed is not None and card.consent.basis not in allowed:
        problems.append(
            f"rests on consent basis {card.consent.basis!r}, and `policy.consent` allows "
            f"{list(allowed)}"
        )
    if not problems:
        return None
    problem = f"benchmark {card.name!r} {' and '.join(problems)}"
    if card.name in overrides:
        return f"The {problem}. Used all the same; reason given: {overrides[card.name]}"
    raise RequestError(
        f"{problem}; choose another benchmark, or record a reason under "
        f"`policy.override: {{{card.name}: ...}}`."
    )
