"""evenmatch in a notebook: what is imported, what an audit gives, what displays itself."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

import evenmatch
from evenmatch.errors import RequestError
from evenmatch.reporting.tables import TABLES


@pytest.fixture
def audit(small):
    claim = {
        "id": "brochure",
        "text": "never wrong",
        "source": "page 2",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "threshold=0.5",
        "bound": "<= 0.01",
    }
    config = evenmatch.load_config(small.file(claims=[claim]))
    return evenmatch.evaluate(config, small.folder / "out")


def test_importing_evenmatch_loads_nothing_heavy():
    code = (
        "import sys, evenmatch\n"
        "heavy = {'numpy', 'pandas', 'torch', 'mlflow', 'matplotlib', 'pydantic', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert {'evaluate', 'load_config', 'open_audit', 'Audit'} <= set(dir(evenmatch))\n"
        "from evenmatch import load_config\n"
        "assert not {'torch', 'mlflow', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_name_that_is_not_there_is_an_attribute_error_that_lists_the_others():
    with pytest.raises(AttributeError, match="it has Audit, evaluate, load_config, open_audit"):
        _ = evenmatch.evalute


def test_tables_are_data_frames_with_the_columns_and_values_of_the_csv_files(audit):
    tables = audit.tables()
    assert set(tables) == set(TABLES)
    for name, frame in tables.items():
        written = pd.read_csv(audit.folder / f"{name}.csv", keep_default_na=False, dtype=str)
        assert list(frame.columns) == list(written.columns)
        assert len(frame) == len(written)
    rates = audit.table("error_rates")
    assert str(rates["errors"].dtype) == "Int64"
    assert str(rates["rate"].dtype) == "float64"
    fmr = rates[(rates["metric"] == "fmr") & (rates["group_by"] == "all")].iloc[0]
    assert (fmr["errors"], fmr["trials"]) == (0, 12)
    assert pd.isna(fmr["rate"])  # three people: counts, and no rate


def test_a_table_without_rows_still_has_its_columns_and_types(audit):
    assert audit.table("identification").empty
    assert str(audit.table("identification")["searches"].dtype) == "Int64"


def test_an_unknown_table_is_refused_with_the_names_there_are(audit):
    with pytest.raises(RequestError, match="choose one of error_rates, identification"):
        audit.table("eror_rates")


def test_figures_display_themselves(audit):
    figures = audit.figures()
    assert figures
    for name, figure in figures.items():
        assert figure.name == name
        assert ET.fromstring(figure._repr_svg_()).tag.endswith("svg")  # noqa: S314 - our own file


def test_an_audit_shows_its_rates_and_verdicts_with_everything_escaped(audit):
    noticed = audit.result.model_copy(update={"notices": ["<b>Read & think"]})
    shown = evenmatch.Audit(audit.folder, noticed)._repr_html_()
    page = ET.fromstring(f"<div>{shown}</div>")  # noqa: S314 - our own text
    cells = [cell.text for cell in page.iter("td")]
    assert cells == [
        "vendor",
        "threshold=0.5",
        "unknown / unknown",
        "too few people (3)",
        "too few people (3)",
    ]
    assert "<b>" not in shown
    assert "Note: &lt;b&gt;Read &amp; think" in shown
    assert "undecided" in shown


def test_an_audit_made_earlier_is_opened_from_its_folder(audit, tmp_path):
    again = evenmatch.open_audit(str(audit.folder))
    assert again.result == audit.result
    with pytest.raises(RequestError, match=r"holds no results\.json"):
        evenmatch.open_audit(tmp_path)


def test_a_notebook_runs_from_config_to_figure(small, tmp_path):
    """Executed cell by cell in a process of its own, as a notebook would."""
    cells = [
        "from evenmatch import evaluate, load_config",
        f"config = load_config({str(small.file())!r})",
        f"audit = evaluate(config, {str(tmp_path / 'out')!r})",
        "audit._repr_html_()",
        "rates = audit.table('error_rates')",
        "rates.groupby(['metric', 'failures'])['errors'].sum()",
        "[figure._repr_svg_() for figure in audit.figures().values()]",
        "assert len(audit.tables()['error_rates']) == len(rates) > 0",
    ]
    script = "cells = " + repr(cells) + "\nscope = {}\nfor cell in cells: exec(cell, scope)"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=120)
