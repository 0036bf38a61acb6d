"""The sentence that a publication should print beside any number of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenmatch.data.meanings import CONSENT, LICENCE_USE, STATE, meaning
from evenmatch.data.policy import OVERRIDDEN
from evenmatch.reporting.label_sources import attribute_source
from evenmatch.reporting.sections.people import size_words
from evenmatch.reporting.selection import ALL

if TYPE_CHECKING:
    from evenmatch.results.model import MatcherFacts, RunResult


def publication_sentence(result: RunResult) -> str:
    """Return one sentence that says what was measured, on whom, by whose leave and with what."""
    card = result.card
    parts = [
        f"Error rates were measured on {_benchmark(card)}",
        size_words(result),
        f"consent basis: {meaning(CONSENT, _of(card, 'consent', 'basis'))}",
        _licence(card),
        _state(card, result.notices),
        _labels(result),
        _drawn_masks(result.config),
        *(_matcher(matcher) for matcher in result.matchers),
        _made_by(result),
    ]
    # One sentence: a semicolon parts its facts, so none may stand inside a fact.
    return f"{'; '.join(each.rstrip('.').replace(';', ',') for each in parts if each)}."


def _of(card: dict[str, Any], key: str, name: str) -> str:
    """Return a fact of a card, `unknown` where the card leaves it out."""
    found = card.get(key)
    return str(found.get(name) or "unknown") if isinstance(found, dict) else "unknown"


def _benchmark(card: dict[str, Any]) -> str:
    title = card.get("title") or card.get("name") or "an unnamed benchmark"
    made = f", made from {', '.join(parents)}" if (parents := card.get("derived_from")) else ""
    version = _of(card, "source", "version")
    return f"the benchmark {title} ({card.get('name')}), version {version}{made}"


def _licence(card: dict[str, Any]) -> str:
    use = meaning(LICENCE_USE, _of(card, "licence", "use"))
    return f"licence: {_of(card, 'licence', 'id')}, use: {use}"


def _made_by(result: RunResult) -> str:
    version = result.provenance.versions.get("evenmatch", "of unknown version")
    return f"evenmatch {version}, run {result.provenance.run_id}"


def _state(card: dict[str, Any], notices: list[str]) -> str:
    """Return what a reader must know of a set that its makers took back or that broke a rule."""
    state = _of(card, "status", "state")
    said = [meaning(STATE, state)] if state in ("withdrawn", "superseded") else []
    reasons = [notice.partition(OVERRIDDEN)[2] for notice in notices if OVERRIDDEN in notice]
    said += [f"used against the audit's policy for this reason: {reason}" for reason in reasons]
    return ", and ".join(said)


def _labels(result: RunResult) -> str:
    """Return who wrote the labels of the groups that the tables speak of."""
    names = {
        name: None
        for row in result.groups
        if row.group_by != ALL
        for name in row.group_by.split("+")
    }
    said = [f"{name}: {attribute_source(result, name)}" for name in names]
    return f"group labels and their sources: {', '.join(said)}" if said else "no breakdown by group"


def _drawn_masks(config: dict[str, Any]) -> str:
    """Return that masks were drawn, which no reader may take for real ones."""
    drawn = (config.get("masks") or {}).get("synthetic") or ()
    return f"masks drawn by software ({len(drawn)} of them), not worn" if drawn else ""


def _matcher(matcher: MatcherFacts) -> str:
    """Return a matcher with its weights and the photographs it was trained on."""
    weights = matcher.facts.get("weights")
    if weights is None:
        source = matcher.facts.get("score file")
        how = f"scores supplied as the file {source}" if source else "weights unknown"
    else:
        how = f"weights {weights}"
    trained = matcher.facts.get("training set") or "unknown"
    return f"matcher {matcher.name} ({matcher.kind}): {how}, trained on: {trained}"
