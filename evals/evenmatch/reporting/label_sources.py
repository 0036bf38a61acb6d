"""Who wrote the labels that a table or figure groups by: said below every one of them.

A measured skin tone also carries its caveat there, so that no table of it can be cut out without.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evenmatch.data.mappings import mapped_from
from evenmatch.data.measured_tone import CAVEAT, MEASURED, SKIN_TONE
from evenmatch.data.samples import UNKNOWN
from evenmatch.reporting.sections.blocks import FigureBlock, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block, Section
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import RunResult


def with_sources(view: View, sections: Sequence[Section]) -> list[Section]:
    """Return the sections with a note under each table and figure that shows groups."""
    notes = {group_by: _note(view.result, group_by) for group_by in view.group_bys}
    return [
        replace(section, blocks=tuple(_noted(block, notes) for block in section.blocks))
        for section in sections
    ]


def attribute_source(result: RunResult, name: str) -> str:
    """Say who wrote an attribute's labels, and of a measured skin tone what it is not."""
    if name in _part(result.config, "measured") and _part(result.config, "measured")[name]:
        source = MEASURED
    elif name in _part(result.config, "mappings"):
        column = str(result.config["mappings"][name]["from"])
        source = mapped_from(_labelled_by(result, column), column)
    else:
        source = _labelled_by(result, name)
    if (name, source) == (SKIN_TONE, MEASURED):
        return f"{source} ({CAVEAT})"
    return source


def _labelled_by(result: RunResult, name: str) -> str:
    return str(_part(_part(result.card, "attributes"), name).get("labelled_by", UNKNOWN))


def _part(content: dict[str, Any], key: str) -> dict[str, Any]:
    part = content.get(key)
    return part if isinstance(part, dict) else {}


def _note(result: RunResult, group_by: str) -> dict[str, str]:
    return {name: attribute_source(result, name) for name in group_by.split("+")}


def _noted(block: Block, notes: dict[str, dict[str, str]]) -> Block:
    if isinstance(block, Table):
        named = [name for name in notes if _names(block, name)]
        return replace(block, note=_sentence(notes, named))
    if isinstance(block, FigureBlock):
        return replace(block, note=_sentence(notes, [block.plot.group_by]))
    return block


def _names(block: Table, group_by: str) -> bool:
    """Whether a table's caption or its words at the left name a grouping."""
    word = rf"(?<![\w+]){re.escape(group_by)}(?![\w+])"
    if re.search(word, block.caption):
        return True
    return any(cell.text == group_by for row in block.rows for cell in row[: block.labels])


def _sentence(notes: dict[str, dict[str, str]], named: Sequence[str]) -> str:
    every = {name: source for each in named for name, source in notes.get(each, {}).items()}
    if not every:
        return ""
    said = "; ".join(f"{name}: {source}" for name, source in every.items())
    return f"Labelled by: {said}."
