"""The committed sample audit: small, of generated faces, and not stale.

Stale means that the program would write other tables, columns, settings or sentences today, not
that a float differs in its last digits. `make sample` writes it anew.
"""

import csv
import gzip
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from evenmatch import Audit
from evenmatch.config import load_config
from evenmatch.data.card import load_card
from evenmatch.reporting.tables import TABLES, columns, csv_text
from evenmatch.results.model import SCHEMA_VERSION, RunResult

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "reports" / "sample"
REMEDY = "the sample audit is stale; run: make sample"


@pytest.fixture(scope="module")
def content():
    return json.loads(gzip.decompress((SAMPLE / "results.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def result(content):
    return RunResult.model_validate(content)


def test_it_is_small_and_holds_no_score_and_no_pseudonym():
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_500_000
    assert {path.suffix for path in files} <= {".csv", ".html", ".md", ".gz"}
    assert not (SAMPLE / "gallery.csv").exists()


def test_it_is_the_demonstration_as_its_config_is_today(result):
    config = load_config(ROOT / "configs" / "demo.yaml", ("tracking=null",))
    assert result.config == config.as_written(), REMEDY
    assert result.provenance.card_digest == load_card("demo-faces").digest(), REMEDY
    assert result.schema_version == SCHEMA_VERSION, REMEDY


def test_every_part_of_a_result_is_in_it(content):
    assert set(content) == set(RunResult.model_fields), REMEDY


@pytest.mark.parametrize("name", TABLES)
def test_each_table_is_what_the_results_give(result, name):
    written = (SAMPLE / f"{name}.csv").read_text(encoding="utf-8")
    assert tuple(next(csv.reader([written.split("\n")[0]]))) == columns(TABLES[name]), REMEDY
    assert written == csv_text(getattr(result, name), TABLES[name]), REMEDY


def test_the_page_is_of_the_same_run_and_loads_nothing(result):
    page = (SAMPLE / "report.html").read_text(encoding="utf-8")
    assert result.provenance.run_id in page, REMEDY
    assert 'src="http' not in page


def test_no_folder_of_the_machine_that_made_it_is_in_it(content):
    assert content["config"]["benchmark"]["root"] is None
    for path in SAMPLE.iterdir():
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert str(ROOT).encode() not in text
        assert b"/home/" not in text


def test_the_readmes_picture_is_small():
    picture = ROOT / "docs" / "pictures" / "report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 150_000


def test_the_figure_that_the_readme_names_is_one_of_them(result):
    named = re.search(r'figures\(\)\["(.+?)"\]', (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named[1] in Audit(SAMPLE, result).figures()


def test_what_is_cited_is_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["title"], cited["version"]) == (project["name"], project["version"])
    assert cited["license"] == project["license"]
