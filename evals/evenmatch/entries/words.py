"""Words that a run's author chooses, and that tables and pages carry."""

from __future__ import annotations

from evenmatch.data.benchmark import VANISHING


def readable(word: str) -> str:
    """Return a word unchanged.

    Raises:
        ValueError: spreadsheet programs would read it as nothing.
    """
    if word.lower() in VANISHING:
        raise ValueError("spreadsheet programs read this word as nothing; choose another.")
    return word
