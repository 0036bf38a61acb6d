"""The overview of a reports folder: every audit with its verdicts and leading rates."""

import json
from html.parser import HTMLParser

import pytest

from evenmatch.reporting.overview import write_overview, write_overview_above
from evenmatch.run import evaluate

HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep a tag and where it leads."""
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        """Keep what is read."""
        self.words += data


@pytest.fixture
def reports(small, tmp_path):
    """Two audits of one benchmark under two names; the second has a page and a hostile claim."""
    small.card["title"] = HOSTILE
    claim = {
        "id": "brochure",
        "text": "t",
        "source": "s",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "threshold=0.5",
        "bound": "<= 0.01",
    }
    out = tmp_path / "reports"
    evaluate(small.config(), out)
    evaluate(small.config(name="second", claims=[claim], report={"formats": ["html"]}), out)
    return out


def test_every_audit_is_listed_with_its_verdicts_rates_and_page(reports):
    page = write_overview(reports)
    assert page == reports / "index.html"
    shown = Page(page.read_text())
    assert "2 audits" in shown.words
    assert "undecided" in shown.words
    assert "too few people (3)" in shown.words
    assert "0 of 12, 3 people" in shown.words
    (second,) = (reports / "second").iterdir()
    assert f"second/{second.name}/report.html" in shown.links
    assert not any(link.startswith("made-up/") for link in shown.links)  # it has no page


def test_what_others_named_is_text_and_nothing_is_loaded(reports):
    text = write_overview(reports).read_text()
    shown = Page(text)
    assert "script" not in shown.tags
    assert HOSTILE in shown.words
    assert not any("//" in link for link in shown.links)


def test_programs_read_the_same_beside_it(reports):
    write_overview(reports)
    document = json.loads((reports / "index.json").read_text())
    assert document["schema"] == 1
    first, second = document["audits"]
    assert (first["name"], second["name"]) == ("made-up", "second")
    assert (first["report"], first["subjects"]) == (None, 3)
    assert second["claims"][0]["verdict"] == "undecided"
    fmr = first["rates"][0]
    assert (fmr["metric"], fmr["errors"], fmr["trials"], fmr["rate"]) == ("fmr", 0, 12, None)


def test_an_audit_that_did_not_change_is_not_read_again(reports, monkeypatch):
    write_overview(reports)
    before = (reports / "index.html").read_bytes()
    monkeypatch.setattr("evenmatch.reporting.overview.read_results", None)
    write_overview(reports)
    assert (reports / "index.html").read_bytes() == before


def test_an_audit_that_went_away_is_gone_and_a_damaged_one_is_named(reports):
    write_overview(reports)
    (results,) = reports.glob("second/*/results.json")
    results.write_text("{")
    shown = Page(write_overview(reports).read_text())
    assert "Cannot be read" in shown.words
    results.unlink()
    assert "1 audit" in Page(write_overview(reports).read_text()).words


def test_a_damaged_list_is_made_anew_and_a_foreign_page_is_left_alone(reports, caplog):
    (reports / "index.html").write_text("<h1>my own site</h1>")
    assert write_overview(reports) is None
    assert (reports / "index.html").read_text() == "<h1>my own site</h1>"
    assert "rename it" in caplog.text
    (reports / "index.html").unlink()
    (reports / "index.json").write_text('{"schema": 0, "audits": []}')
    assert write_overview(reports) is not None
    (reports / "index.json").write_text("[1, 2]")
    assert write_overview(reports) is None
    assert (reports / "index.json").read_text() == "[1, 2]"


def test_rendering_an_audit_again_updates_the_overview_only_in_its_own_folder(
    small, tmp_path, reports
):
    audit = evaluate(small.config(), reports)
    assert write_overview_above(audit.folder, audit.result) == reports.absolute() / "index.html"
    copy = tmp_path / "elsewhere" / "copy"
    copy.mkdir(parents=True)
    (audit.folder / "results.json").rename(copy / "results.json")
    assert write_overview_above(copy, audit.result) is None
    assert not (tmp_path / "index.html").exists()


def test_a_folder_without_audits_says_so(tmp_path):
    assert "no audit in this folder yet" in write_overview(tmp_path).read_text()
