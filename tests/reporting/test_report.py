"""The page holds everything, loads nothing, and stays a page whatever the labels say."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from evenmatch.reporting.audit import render_audit, result_text, write_audit
from evenmatch.reporting.html import render_report, source_hash
from evenmatch.reporting.inline import inline_svg
from evenmatch.reporting.plots import draw_plots
from evenmatch.reporting.selection import View
from evenmatch.results.reading import read_results

VOID = {"meta", "link", "br", "img", "input", "hr"}
SECTIONS = [
    "verdict", "people", "points", "fmr", "fnmr", "masks", "explore", "one-to-many", "failures",
    "scores", "methods", "provenance", "reproduce", "rows",
]  # fmt: skip


class Page(HTMLParser):
    """Collects tags and checks that they nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Remember a tag, and that it is open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Remember a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Check that the innermost open tag is the one that ends."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Remember text."""
        self.text.append(data)

    def all(self, tag):
        """Return the attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def result(make_result):
    return make_result(matchers=("dlib",))


@pytest.fixture(scope="module")
def plots(result):
    return draw_plots(result)


@pytest.fixture(scope="module")
def hostile_plots(hostile):
    return draw_plots(hostile)


@pytest.fixture(scope="module")
def page(result, plots):
    return render_report(result, plots)


@pytest.fixture(scope="module")
def hostile_page(hostile, hostile_plots):
    return render_report(hostile, hostile_plots)


def test_sections_come_in_order_and_in_the_contents(page):
    parsed = Page(page)
    assert parsed.open == []
    assert [attrs["id"] for attrs in parsed.all("section")] == SECTIONS
    links = [attrs["href"] for attrs in parsed.all("a")]
    assert [f"#{name}" for name in SECTIONS] == links[1 : len(SECTIONS) + 1]


def test_the_page_loads_nothing(page, hostile_page):
    for text in (page, hostile_page):
        for tag, attrs in Page(text).tags:
            assert tag not in ("link", "iframe", "object", "embed", "base")
            for name in ("src", "xlink:href", "srcset", "poster"):
                assert attrs.get(name, "#").startswith(("#", "data:image/png"))
            assert not [name for name in attrs if name.startswith("on")]
        assert not re.search(
            r"@import|url\((?!#)|fetch\(|XMLHttp|WebSocket|https?://[^\s\"]+\.js", text
        )


def test_only_the_pages_own_scripts_may_run(page, hostile_page):
    for text in (page, hostile_page):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
        allowed = set(re.findall(r"'(sha256-[^']+)'", unescape(policy)))
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        assert {source_hash(each) for each in scripts} == allowed
        assert "default-src 'none'" in unescape(policy)
        assert "unsafe-eval" not in policy
        assert len(re.findall("<script", text)) == len(scripts) + 1  # and the data


def test_the_page_is_small_enough_to_send(page):
    assert len(page.encode()) < 2_000_000


def test_every_row_of_every_table_is_on_the_page(result, page):
    text = "".join(Page(page).text)
    lines = set(text.splitlines())
    for row in result.error_rates:
        start = f"{row.matcher},{row.metric},{row.operating_point or ''},"
        assert any(
            line.startswith(start) and f",{row.errors},{row.trials},{row.subjects}," in line
            for line in lines
        ), row
    assert text.count("\ndlib,extract,no_face,") == sum(
        (row.matcher, row.reason) == ("dlib", "no_face") for row in result.failures
    )


def test_every_figure_has_words_and_a_table_near_it(page, plots):
    parsed = Page(page)
    drawn_by_script = ("explore-curve", "explore-dots")
    figures = [attrs for attrs in parsed.all("svg") if attrs.get("id") not in drawn_by_script]
    assert len(figures) == len(plots) == len(parsed.all("figure")) - len(drawn_by_script)
    assert all(len(attrs["aria-label"]) > 20 for attrs in figures)
    for anchor in ("fmr", "fnmr", "masks", "one-to-many", "scores"):
        part = page.partition(f'<section id="{anchor}"')[2].partition("</section>")[0]
        assert "<figure>" in part
        assert "<table>" in part


def test_ids_are_unique_and_references_resolve(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_hostile_labels_stay_labels(hostile, hostile_page):
    parsed = Page(hostile_page)
    assert parsed.open == []
    assert "i" not in {tag for tag, _ in parsed.tags}
    text = "".join(parsed.text)
    for row in hostile.groups:
        assert row.group in text
        assert row.group_by in text


def test_states_are_said_in_words(page):
    assert "at most " in page
    assert "not decidable with this data" in page
    assert re.search(r"too few people \(\d\)", page)


def test_notices_and_consent_come_before_the_numbers(result, page):
    assert page.index(result.notices[0]) < page.index("Verdict in plain words</h2>")
    assert "synthetic (no real person is shown)" in page
    assert "The generator was trained on rendered faces" in page


def test_references_are_given_to_follow(page):
    for number in ("2306.01198", "NIST.IR.8280", "NIST.IR.8311", "NIST.IR.8331", "NIST.IR.8429"):
        assert number in page


def test_a_tracking_password_is_not_on_the_page(result, plots):
    config = result.config | {"tracking": {"uri": "https://me:secret@example.org"}}
    assert "secret" not in render_report(result.model_copy(update={"config": config}), plots)


def test_tables_have_headings_of_rows_and_columns(page):
    parsed = Page(page)
    scopes = {attrs.get("scope") for attrs in parsed.all("th")}
    assert scopes == {"row", "col"}
    assert len(parsed.all("caption")) == len(parsed.all("table"))
    assert parsed.all("html") == [{"lang": "en"}]


def test_an_audit_with_one_mask_and_no_search_has_no_empty_sections(make_result):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",), masks=(("unknown",) * 2,))
    small = small.model_copy(update={"identification": [], "curves": [], "distributions": []})
    text = render_report(small, [])
    assert 'id="masks"' not in text
    assert 'id="one-to-many"' not in text
    assert 'id="fnmr"' in text


def test_figures_repeat_to_the_byte_and_follow_the_theme(make_result):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    first, second = draw_plots(small), draw_plots(small)
    assert [plot.svg for plot in first] == [plot.svg for plot in second]
    assert [plot.png for plot in first] == [plot.png for plot in second]
    inlined = inline_svg(first[0])
    assert "var(--ink)" in inlined
    assert "#1c2733" not in inlined
    assert len(inlined) < len(first[0].svg)


def test_figure_names_are_unique_and_plain(plots, hostile_plots):
    for each in (plots, hostile_plots):
        names = [plot.name for plot in each]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9._+-]+", name) for name in names)


def test_an_audit_folder_reads_back_and_renders_again(make_result, tmp_path):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    folder = write_audit(small, tmp_path / "audit")
    assert read_results(folder) == small
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    render_audit(read_results(folder), folder)
    after = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before == after
    assert {"results.json", "report.html", "error_rates.csv"} <= set(after)


def test_only_the_formats_asked_for_are_written(make_result, tmp_path):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    only = small.model_copy(update={"config": small.config | {"report": {"formats": ["json"]}}})
    write_audit(only, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "digests.json"}


def test_results_have_one_row_a_line_in_the_models_order(result):
    lines = result_text(result).splitlines()
    assert lines[1].startswith('"schema_version": 1')
    assert sum(line.startswith('  {"matcher": "dlib", "metric": "fta"') for line in lines) == sum(
        (row.matcher, row.metric) == ("dlib", "fta") for row in result.error_rates
    )


def test_photographs_without_a_template_are_told_of_bare_faces_whatever_comes_first(result):
    bare = View(result).acquisition("dlib")
    assert bare.probe_mask == "unmasked"
    turned = result.model_copy(update={"error_rates": result.error_rates[::-1]})
    masked_first = next(row for row in turned.error_rates if row.metric == "fta")
    assert masked_first.probe_mask != "unmasked"
    assert View(turned).acquisition("dlib") == bare
    told = f"{bare.errors:,} of {bare.trials:,}, {bare.subjects:,} people"
    assert told in render_report(turned, ())


def test_a_group_of_too_few_people_has_no_curve(make_result):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    rows = [
        row.model_copy(update={"status": "suppressed", "rate": None})
        if row.probe_group == "female"
        else row
        for row in small.error_rates
    ]
    drawn = draw_plots(small.model_copy(update={"error_rates": rows}))
    curves = next(plot for plot in drawn if (plot.section, plot.group_by) == ("det", "sex"))
    assert ">male<" in curves.svg
    assert ">female<" not in curves.svg


def test_an_audit_without_failures_says_so(make_result):
    small = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    text = render_report(small.model_copy(update={"failures": []}), [])
    assert "No photograph and no comparison failed." in text
