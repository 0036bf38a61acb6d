"""`report.md`: the verdicts and the tables as Markdown, for a repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evenmatch.files import slug
from evenmatch.reporting import plain_words
from evenmatch.reporting.claim_words import claim_sentences
from evenmatch.reporting.numbers import count, spoken
from evenmatch.reporting.sections.blocks import Facts, Listing, Table, Text
from evenmatch.reporting.sections.people import size_words
from evenmatch.reporting.selection import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.reporting.sections.blocks import Block, Section
    from evenmatch.results.model import RunResult

_ONLY_ON_THE_PAGE = ("explore", "rows")
_SPECIAL = re.compile(r"([\\`*_{}\[\]#!|~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render_markdown(result: RunResult, *, drawn: bool = True) -> str:
    """Return the report as Markdown: what is folded on the page is left to the page.

    Args:
        result: the audit.
        drawn: whether the page and its figures are written beside it.
    """
    from evenmatch.reporting.html import sections  # noqa: PLC0415 - the page is asked only here

    view = View(result)
    title = str(result.card.get("title") or result.card.get("name") or result.name)
    under = " · ".join(filter(None, (title, size_words(result), f"run {_run(result)}")))
    parts = [f"# {plain(result.name)}: face matcher audit", plain(under)]
    parts += [f"> {plain(notice)}" for notice in result.notices]
    parts += ["## Verdict in plain words", plain(plain_words.opening(result))]
    parts += [_listed(claim_sentences(result))]
    for verdict in plain_words.verdicts(result):
        parts += [f"### {plain(verdict.matcher)}", plain(verdict.overall or "")]
        parts += [_listed(verdict.differences)]
    for section in sections(view, ()):
        if section.anchor not in _ONLY_ON_THE_PAGE:
            parts += _section(section)
    parts += _closing(view, drawn=drawn)
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """Return text that Markdown shows as it is: on one line, with nothing that it would obey."""
    text = " ".join(text.split())
    escaped = _SPECIAL.sub(r"\\\1", re.sub("[&<>]", lambda found: _ENTITIES[found.group()], text))
    # At the start of a line a dash, an equals sign or a number with a point mean something.
    return re.sub(r"^(\d+)([.)])(?=\s|$)|^()([-+=])", r"\1\3\\\2\4", escaped)


def _run(result: RunResult) -> str:
    return result.provenance.run_id


def _section(section: Section) -> Iterator[str]:
    yield f"## {plain(section.title)}"
    yield plain(section.lead)
    for block in section.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    """Return one block; figures and sources stay on the page."""
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Text):
        return f"### {plain(block.text)}" if block.kind == "heading" else plain(block.text)
    if isinstance(block, Facts):
        facts = [f"- {plain(name)}: {_linked(value)}" for name, value in block.items]
        return "\n".join([f"**{plain(block.caption)}**", "", *facts])
    if isinstance(block, Listing):
        return "\n".join(f"- {plain(text)} {_linked(link)}".rstrip() for text, link in block.items)
    return ""


def _table(block: Table) -> str:
    """Return a table; of a long one its name, since the page and the CSV files have it."""
    caption = f"**{plain(block.caption)}**"
    if block.folded:
        return f"{caption}: {count(len(block.rows))} rows, in the page and in the CSV files."
    places = range(len(block.columns))
    sides = ["---" if place < block.labels else "---:" for place in places]
    lines = [_line([plain(name) for name in block.columns]), _line(sides)]
    lines += [_line([plain(spoken(cell.text)) for cell in row]) for row in block.rows]
    return "\n".join([caption, "", *lines, *(["", plain(block.note)] if block.note else [])])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(sentences: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {plain(sentence)}" for sentence in sentences)


def _linked(value: str) -> str:
    """Return an address to follow, or plain text."""
    if value.startswith(("https://", "http://")) and not re.search(r"[\s<>]", value):
        return f"<{value}>"
    return plain(value)


def _closing(view: View, *, drawn: bool) -> Iterator[str]:
    """Say where the rest is."""
    yield "## The rest of this audit"
    lines = ["- every row: the CSV files and `results.json` beside this file"]
    if drawn:
        lines.insert(
            0,
            "- the whole report, with figures and the threshold slider: [report.html](report.html)",
        )
        for matcher in view.matchers:
            for group_by in view.group_bys:
                for metric, words in (("fmr", "false matches"), ("fnmr", "false non-matches")):
                    if view.rows(view.headline_slice(matcher, metric, group_by)):
                        name = slug(metric, matcher, group_by)
                        said = plain(f"{words} by {spoken(group_by)}, {spoken(matcher)}")
                        lines.append(f"- figure: [{said}](plots/{name}.svg)")
    yield "\n".join(lines)
