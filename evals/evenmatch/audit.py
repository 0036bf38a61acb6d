"""A finished audit in the hand: its folder, its tables as data frames, its figures."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from evenmatch.errors import RequestError
from evenmatch.reporting.tables import TABLES, columns
from evenmatch.results.reading import read_results

if TYPE_CHECKING:
    import pandas as pd

    from evenmatch.reporting.plots import Plot
    from evenmatch.results.model import RunResult
    from evenmatch.results.row import Row


@dataclass(frozen=True)
class Audit:
    """A finished audit: its folder, and everything it found.

    In a notebook an audit shows its headline rates and verdicts, and each figure itself.

    Attributes:
        folder: where the audit lies.
        result: every row, threshold and digest, as `results.json` has them.
    """

    folder: Path
    result: RunResult

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the audit's tables; cells that are empty in the CSV are missing here.

        Args:
            name: a table's file name without `.csv`, such as `error_rates`.

        Raises:
            RequestError: there is no such table.
        """
        if name not in TABLES:
            raise RequestError(f"there is no table {name!r}; choose one of {', '.join(TABLES)}.")
        return _frame(getattr(self.result, name), TABLES[name])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all of the audit's tables by name, those without a row included."""
        return {name: self.table(name) for name in TABLES}

    def figures(self) -> dict[str, Plot]:
        """Draw the audit's figures, by name; each displays itself in a notebook."""
        from evenmatch.reporting.plots import draw_plots  # noqa: PLC0415 - a second to import

        return {plot.name: plot for plot in draw_plots(self.result)}

    def _repr_html_(self) -> str:
        """Return the headline rates and verdicts as HTML, for a notebook's cell."""
        from evenmatch.summary import HEADINGS, masks_named, overall, verdicts  # noqa: PLC0415 - rich

        title = f"{self.result.name} ({self.result.provenance.run_id})"
        heads = "".join(f"<th>{html.escape(head)}</th>" for head in HEADINGS)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in overall(self.result)
        )
        said = [
            *(f"{name} = {mask}" for name, mask in masks_named(self.result).items()),
            *(sentence for _, sentence in verdicts(self.result)),
            *(f"Note: {notice}" for notice in self.result.notices),
            f"audit {self.folder}",
        ]
        return (
            f"<table><caption>{html.escape(title)}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
            + "".join(f"<p>{html.escape(sentence)}</p>" for sentence in said)
        )


def open_audit(folder: str | Path) -> Audit:
    """Return an audit that was made earlier.

    Args:
        folder: its folder, such as `reports/demo/1a2b3c4d5e6f`.

    Raises:
        RequestError: no audit lies there, or this version cannot read it.
    """
    folder = Path(folder)
    return Audit(folder, read_results(folder))


def _frame(rows: list[Row], kind: type[Row]) -> pd.DataFrame:
    """Return rows as a data frame whose columns have the types of the row's fields."""
    import pandas as pd  # noqa: PLC0415 - half a second that a summary does without

    return pd.DataFrame(
        {
            name: pd.Series(
                [getattr(row, name) for row in rows], dtype=_dtype(kind.model_fields[name])
            )
            for name in columns(kind)
        }
    )


def _dtype(field: Any) -> Any:  # noqa: ANN401 - pydantic's field, pandas' many names of a type
    """Return the column type of a field; numbers that may be absent stay numbers."""
    kinds = set(get_args(field.annotation)) - {type(None)} or {field.annotation}
    for kind, name in ((bool, "boolean"), (int, "Int64"), (float, "float64")):
        if kinds == {kind}:
            return name
    return "object"
