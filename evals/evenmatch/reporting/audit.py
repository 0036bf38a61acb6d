"""An audit folder: everything in it that is rendered from the result."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from evenmatch.files import clear_halves, write_file
from evenmatch.holding import held
from evenmatch.reporting.digests import note_digests
from evenmatch.reporting.tables import write_tables
from evenmatch.results.reading import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.results.model import RunResult

REPORT = "report.html"
PRINTED = "report.pdf"
SHORT = "report.md"
PLOTS = "plots"
FORMATS = ("html", "csv", "json")


def write_audit(result: RunResult, folder: Path) -> Path:
    """Write an audit's files to the folder and return the folder.

    `results.json` comes first, since everything else can be rendered from it again. Which of the
    others are written is the config's `report.formats`; figures come with the page. The digests
    of the evidence are noted before the rendering: with them and the results an audit is complete.
    """
    _write_results(folder / RESULTS, result_text(result))
    note_digests(folder, renewed=(RESULTS,))
    _render(result, folder)
    note_digests(folder)
    return folder


def _write_results(path: Path, text: str) -> None:
    """Write the results where they differ: whoever is sending the same ones goes on."""
    with suppress(OSError):
        if path.read_bytes() == text.encode():
            return
    write_file(path, text)


def render_audit(result: RunResult, folder: Path) -> Path:
    """Write an audit's tables, figures and page from its result alone, and return the folder."""
    with held(folder, says=f"another program is writing {folder}; this one waits for it.") as alone:
        if alone:
            clear_halves(folder, below=True)
        _render(result, folder)
        note_digests(folder)
    return folder


def _render(result: RunResult, folder: Path) -> None:
    if "csv" in _formats(result):
        write_tables(result, folder)
    for name, content in pages(result):
        if name == PRINTED:
            from evenmatch.reporting.pdf import try_pdf  # noqa: PLC0415

            try_pdf(str(content), folder / name)
        else:
            write_file(folder / name, content)


def pages(result: RunResult) -> Iterator[tuple[str, str | bytes]]:
    """Render an audit's figures and pages: each one's path in the folder, and what it holds.

    Of the printed report it is the page that a browser is to print.
    """
    formats = _formats(result)
    if {"html", "pdf"} & set(formats):
        # Drawing takes a second to import, which an audit without a page does not spend.
        from evenmatch.reporting.html import render_report  # noqa: PLC0415
        from evenmatch.reporting.plots import draw_plots, plot_files  # noqa: PLC0415

        plots = draw_plots(result)
        yield from ((f"{PLOTS}/{name}", content) for name, content in plot_files(plots))
        page = render_report(result, plots)
        if "html" in formats:
            yield REPORT, page
        if "pdf" in formats:
            yield PRINTED, page
    if "md" in formats:
        from evenmatch.reporting.markdown import render_markdown  # noqa: PLC0415

        yield SHORT, render_markdown(result, drawn="html" in formats)


def result_text(result: RunResult) -> str:
    """Return a result as JSON: keys in the model's order, one row a line, always the same bytes."""
    whole = json.loads(result.model_dump_json())
    parts = (f"{json.dumps(key)}: {_part_text(value)}" for key, value in whole.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _part_text(value: object) -> str:
    """Return one part of a result, a list of rows with one row a line."""
    if isinstance(value, list) and value:
        rows = ",\n".join(f"  {_json(row)}" for row in value)
        return f"[\n{rows}\n]"
    return _json(value)


def _json(value: object) -> str:
    """Return strict JSON; infinities are text by now."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


def _formats(result: RunResult) -> tuple[str, ...]:
    """Return the formats the config asks for; all where it does not say."""
    report = result.config.get("report") or {}
    return tuple(report.get("formats") or FORMATS)
