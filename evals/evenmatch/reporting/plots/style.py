"""How figures look: colours anyone can tell apart, text that stays text, files that repeat."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import matplotlib as mpl
from matplotlib.figure import Figure

from evenmatch.files import slug
from evenmatch.reporting.numbers import NOT_DECIDABLE, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes

# Names for ink that the page replaces by its own, so that a figure follows light and dark mode.
INK, MUTED, GRID = "#1c2733", "#5b6875", "#d9dee3"

# Okabe and Ito's colours, the lightest ones darkened to 3:1 on white; markers and dashes differ
# too, so that nothing rests on colour alone.
COLOURS = ("#0072b2", "#d55e00", "#00845f", "#b0568a", "#a37200", "#3f8fc0", "#7a6fb0", "#667078")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (3, 3)))

MOST_SAID = 8  # rows told in a figure's words
_LONGEST = 34
_Row = TypeVar("_Row")
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "evenmatch",
    "pdf.fonttype": 42,  # text stays text, in fonts that journals accept
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.color": MUTED,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class Plot:
    """A finished figure.

    Attributes:
        name: file stem, unique in the audit.
        section: which part of the report shows it.
        matcher: whose rates it shows.
        group_by: the breakdown it shows, or `all`.
        title: what it shows, for the caption.
        alt: what a reader who cannot see it should know.
        svg: the figure as SVG text, the same bytes each time.
        png: the figure as PNG.
        pdf: the figure as PDF, for a paper.
    """

    name: str
    section: str
    matcher: str
    group_by: str
    title: str
    alt: str
    svg: str
    png: bytes
    pdf: bytes = b""

    def _repr_svg_(self) -> str:
        """Show the figure itself where a notebook's cell ends with it."""
        return self.svg


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever a `matplotlibrc` of the user's or the folder's says.

    A glyph that the PNG's font lacks is no reason to warn.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from font")
        yield


def canvas(width: float, height: float, *, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels side by side, in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(1, columns, squeeze=False)
    return figure, list(panels[0])


def finish(figure: Figure) -> tuple[str, bytes, bytes]:
    """Return a figure as SVG text, as PNG and as PDF, without dates, so that all repeat exactly."""
    vector, raster, printed = io.StringIO(), io.BytesIO(), io.BytesIO()
    undated = {"CreationDate": None, "Creator": None, "Producer": None}
    figure.savefig(vector, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    figure.savefig(raster, format="png", dpi=144, facecolor="white", metadata={"Software": None})
    figure.savefig(printed, format="pdf", metadata=undated)
    return vector.getvalue(), raster.getvalue(), printed.getvalue()


def finished(figure: Figure, section: str, where: tuple[str, str], title: str, alt: str) -> Plot:
    """Return a figure with its name and its words.

    Args:
        figure: what was drawn.
        section: which part of the report shows it.
        where: whose rates it shows, and by which breakdown.
        title: what it shows.
        alt: the same for a reader who cannot see it.
    """
    svg, png, pdf = finish(figure)
    return Plot(slug(section, *where), section, *where, title, alt, svg, png, pdf)


def alt_text(title: str, rows: Sequence[_Row], say: Callable[[_Row], str]) -> str:
    """Return a figure's words for a reader who cannot see it: its title and its first rows."""
    said = [say(row) for row in rows[:MOST_SAID]]
    rest = len(rows) - len(said)
    more = f" and {count(rest)} more in the table" if rest else ""
    return f"{title}. {'; '.join(said) or NOT_DECIDABLE}{more}."


def short(label: str, longest: int = _LONGEST) -> str:
    """Return a label that fits a figure; the table beside it has the whole one."""
    text = " ".join(label.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def look(number: int) -> tuple[str, str, object]:
    """Return the colour, marker and dash of the nth series; no two of 64 share all three."""
    turn, place = divmod(number, len(COLOURS))
    return COLOURS[place], MARKERS[(place + turn) % 8], DASHES[(place + 3 * turn) % 8]
