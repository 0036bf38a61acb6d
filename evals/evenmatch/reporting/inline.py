"""A figure's SVG made fit to stand inside the page: lean, themed, and with ids of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from markupsafe import Markup

from evenmatch.reporting.plots.style import GRID, INK, MUTED

if TYPE_CHECKING:
    from evenmatch.reporting.plots import Plot

_THEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--rule)"}
_PREAMBLE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_GLOBAL_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_LONG_DECIMAL = re.compile(r"(?<![\w.])(-?\d+\.\d{2})\d+")
_ID = re.compile(r'\sid="([^"]*)"')
_OPENING = re.compile(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)


def inline_svg(plot: Plot) -> Markup:
    """Return a figure as an SVG element with its alternative text, safe inside a page.

    Coordinates keep two decimals (a hundredth of a point), unreferenced ids go, referenced ones
    take the figure's name so that no two figures share one, and ink follows the page's theme.
    """
    text = _GLOBAL_STYLE.sub("", _PREAMBLE.sub("", plot.svg)).strip()
    referenced = set(re.findall(r"[\"(]#([^\")]+)[\")]", text))
    text = _TAG.sub(lambda tag: _lean(tag.group(), plot.name, referenced), text)
    text = re.sub(r">\s+<", "><", text)
    body = _OPENING.sub("", text, count=1)
    found = _OPENING.search(text)
    box = found.group(1) if found else "0 0 600 400"
    width = float(box.split()[2])
    label = escape(plot.alt, {'"': "&quot;", "'": "&#39;"})
    opening = (
        f'<svg role="img" aria-label="{label}" viewBox="{box}" '
        f'style="max-width:{width * 1.25:.0f}px" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    # Labels were escaped by the SVG writer; the alternative text is escaped above.
    return Markup(opening + body)  # noqa: S704 - see the line above


def _lean(tag: str, name: str, referenced: set[str]) -> str:
    """Return one tag with short numbers, own ids and themed ink."""
    tag = _LONG_DECIMAL.sub(r"\1", tag) if "base64" not in tag else tag
    tag = _ID.sub(lambda found: _own_id(found.group(1), name, referenced), tag)
    tag = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", tag)
    for colour, variable in _THEME.items():
        tag = tag.replace(colour, variable)
    tag = re.sub(r"'DejaVu Sans'[^;\"]*", "sans-serif", tag)
    return re.sub(r"\s+", " ", tag)


def _own_id(identifier: str, name: str, referenced: set[str]) -> str:
    """Return an id attribute of the figure's own, or nothing where no one refers to it."""
    return f' id="{name}-{identifier}"' if identifier in referenced else ""
