"""The short report for a repository: sentences, tables that are tables, tame labels."""

import re

import pytest

from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.markdown import plain, render_markdown


@pytest.fixture(scope="module")
def small(make_result):
    return make_result({"sex": ("female", "male")}, matchers=("dlib",))


@pytest.fixture(scope="module")
def text(small):
    return render_markdown(small)


def test_verdicts_come_before_tables_and_sections_in_the_pages_order(text):
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "Verdict in plain words"
    assert headings[-1] == "The rest of this audit"
    assert headings.index("False matches") < headings.index("False non-matches")
    assert "Explore the threshold" not in headings
    assert text.count("\n# ") == 0
    assert text.startswith("# london-demo: face matcher audit\n")


def test_tables_have_as_many_cells_in_every_line(text):
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert len(tables) > 5
    for each in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in each.splitlines()}
        assert len(widths) == 1, each


def test_notices_lead_and_figures_are_linked_where_they_are_drawn(small, text):
    assert f"> {plain(small.notices[0])}" in text
    assert "plots/fmr.dlib.sex.svg" in text
    assert "plots/" not in render_markdown(small, drawn=False)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", r"a\|b"),
        ("[x](javascript:1)", r"\[x\](javascript:1)"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("1.23%", "1.23%"),
        ("===", r"\==="),
        ("two\n\nlines", "two lines"),
        ("`code` *b* _i_", r"\`code\` \*b\* \_i\_"),
    ],
)
def test_labels_are_shown_and_not_obeyed(label, shown):
    assert plain(label) == shown


def test_hostile_labels_do_nothing(hostile):
    text = render_markdown(hostile)
    # Addresses of references stand in angle brackets; nothing else may.
    assert set(re.findall(r"<(?!https?://)[^>]*>", text)) == set()
    assert "&lt;script&gt;" in text


def test_every_link_leads_to_a_file_of_the_audit(small, tmp_path):
    formats = {"report": {"formats": ["html", "csv", "json", "md"]}}
    folder = write_audit(small.model_copy(update={"config": small.config | formats}), tmp_path)
    written = (folder / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", written)
    assert len(links) > 2
    assert all((folder / link).is_file() for link in links)
