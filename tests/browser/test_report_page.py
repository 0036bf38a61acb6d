"""The page as its readers use it: keyboard, downloads, a narrow screen, paper, hostile labels."""

import csv
import io
import itertools
import json
import time

import pandas as pd
import pytest

from evenmatch.reporting.overview import write_overview
from evenmatch.reporting.pdf import write_pdf
from evenmatch.reporting.tables import as_read

NAMED = "document.querySelector"
ROWS = """JSON.stringify([...document.querySelectorAll('#{} tbody tr')].map(row =>
    [...row.cells].map(cell => (cell.dataset.v ?? cell.textContent))))"""
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def comparisons(audit):
    """Every comparison of the audit, as its evidence has it."""
    return pd.read_parquet(audit.folder / "scores" / "vendor.parquet")


@pytest.fixture(scope="module")
def column(audit):
    return audit.result.groups[-1].group_by


@pytest.fixture
def page(browser, audit):
    browser.open(audit.folder / "report.html")
    return browser


def table(page, name):
    return [[part.split("\n") for part in row] for row in json.loads(page.js(ROWS.format(name)))]


def at(page):
    return float(page.js(f"{NAMED}('#explore-at').dataset.threshold"))


def counted(rows, threshold):
    """Return false matches, non-mated trials, misses and mated trials, counted anew."""
    other, own = rows[~rows["mated"] & (rows["status"] == "ok")], rows[rows["mated"]]
    missed = ~(own["score"] >= threshold)
    return [int((other["score"] >= threshold).sum()), len(other), int(missed.sum()), len(own)]


def test_the_slider_starts_at_the_chosen_threshold(page, audit):
    assert at(page) == audit.result.thresholds[0].threshold
    assert "fmr=0.01" in page.js(f"{NAMED}('#explore-now').textContent")


def test_keys_move_every_groups_rates_to_what_the_scores_say(page, comparisons, column):
    page.js(f"{NAMED}('#explore-at').focus()")
    seen = set()
    for key in ("ArrowRight", "ArrowRight", "PageUp", "ArrowLeft", "Home", "ArrowRight", "End"):
        page.key(key)
        threshold = at(page)
        seen.add(threshold)
        for group, fmr, matches, fnmr, misses in table(page, "explore-groups"):
            probe, reference = (comparisons[f"{side}_{column}"] for side in ("probe", "reference"))
            both = (probe == group[0]) & (reference == group[0])
            wanted = counted(comparisons if group[0] == "all" else comparisons[both], threshold)
            assert [*map(int, matches), *map(int, misses)] == wanted
            if wanted[0] >= 3:
                assert float(fmr[0]) == wanted[0] / wanted[1]
            else:
                assert fmr[0] == ""
            if wanted[2] >= 3:
                assert float(fnmr[0]) == wanted[2] / wanted[3]
    assert len(seen) > 4


def test_the_matrix_moves_with_the_slider(page, comparisons, audit, column):
    page.js(f"{NAMED}('#explore-at').focus()")
    for _ in range(5):
        page.key("ArrowLeft")
    labels = [row.group for row in audit.result.groups if row.group_by == column]
    cells = table(page, "explore-matrix")
    assert [row[0][0] for row in cells] == labels
    one, two = (comparisons[f"{side}_{column}"] for side in ("probe", "reference"))
    for (a, row), (b, label) in itertools.product(enumerate(cells), enumerate(labels)):
        pair = {labels[a], label}
        rows = comparisons[one.isin(pair) & two.isin(pair) & ((one != two) | (a == b))]
        errors, trials, *_ = counted(rows, at(page))
        if errors >= 3:
            assert float(row[b + 1][0]) == errors / trials


def test_false_alerts_a_day_move_with_the_slider_and_with_the_readers_number(page, audit):
    found = pd.read_parquet(audit.folder / "searches" / "vendor.parquet")
    searches = found[~found["mated"]].groupby("probe_id")["score"].max().fillna(-1)
    page.js(f"{NAMED}('#explore-at').focus()")
    for key, a_day in (("ArrowLeft", 60_000), ("ArrowLeft", 500)):
        page.js(
            f"(box => {{ box.value = {a_day}; box.dispatchEvent(new Event('input')) }})"
            f"({NAMED}('#explore-searches'))"
        )
        page.key("ArrowLeft")
        page.js(f"{NAMED}('#explore-at').focus()")
        page.key(key)
        what, group, rate, counts, number = table(page, "explore-alerts")[0]
        alarms = int((searches >= at(page)).sum())
        assert (what, group) == (["False alerts"], ["all"])
        assert [*map(int, counts)] == [alarms, len(searches)]
        assert float(number[0]) == pytest.approx(a_day * alarms / len(searches))
        assert float(rate[0]) == alarms / len(searches)


def test_screen_readers_hear_the_threshold_and_the_rates(page):
    page.js(f"{NAMED}('#explore-at').focus()")
    before = page.js(f"{NAMED}('#explore-at').getAttribute('aria-valuetext')")
    page.key("ArrowRight")
    after = page.js(f"{NAMED}('#explore-at').getAttribute('aria-valuetext')")
    assert before != after
    assert "Everyone: false matches" in after
    assert "false non-matches" in page.js(f"{NAMED}('#explore-dots').getAttribute('aria-label')")


def test_a_button_goes_to_each_chosen_threshold(page):
    page.js("document.querySelectorAll('#explore-marks button')[1].click()")
    first = at(page)
    page.js("document.querySelectorAll('#explore-marks button')[0].click()")
    assert 0.5 in (first, at(page))
    assert first != at(page)


def saved(page, caption):
    """Press a table's download button and return the file's cells."""
    folder = page.downloads()
    before = set(folder.iterdir())
    page.js(
        f"[...document.querySelectorAll('.tools button')].find(each => each.getAttribute("
        f"'aria-label') === {json.dumps(f'Download CSV: {caption}')}).click()"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        new = set(folder.iterdir()) - before
        made = [path for path in new if path.suffix == ".csv" and path.stat().st_size]
        # The name is there before the content, and a part's beside it while that comes.
        if made and len(new) == len(made):
            text = made[0].read_text(encoding="utf-8-sig")
            return list(csv.DictReader(io.StringIO(text, newline="")))
        time.sleep(0.05)
    raise AssertionError(caption)


def test_a_downloaded_table_has_the_tables_numbers_in_full(page, audit, column):
    caption = f"False match rate by {column}, vendor, at fmr=0.01"
    cells = saved(page, caption)
    rows = {
        row.probe_group: row
        for row in audit.result.error_rates
        if (row.metric, row.operating_point, row.group_by) in
        (("fmr", "fmr=0.01", column), ("fmr", "fmr=0.01", "all"))
        and row.probe_group == row.reference_group
    }  # fmt: skip
    assert len(cells) == len(rows)
    for line in cells:
        row = rows[as_read(line["Group"])]
        assert line["Rate: state"] == row.status
        assert line["Rate"] == repr(row.rate)
        assert (line["Interval: low"], line["Interval: high"]) == (repr(row.low), repr(row.high))
        assert (line["False matches"], line["comparisons"]) == (str(row.errors), str(row.trials))
    assert "'=cmd|' /C calc'!A0" in {line["Group"] for line in cells}


def test_all_rows_download_as_they_are_written(page, audit):
    written = (audit.folder / "equity.csv").read_text(encoding="utf-8")
    assert saved(page, "equity.csv") == list(csv.DictReader(io.StringIO(written)))


def test_the_slider_and_its_table_download_alike(page):
    cells = saved(page, "Both rates of every group at the slider's threshold")
    shown = table(page, "explore-groups")
    assert [[line["False matches"], line["Comparisons"]] for line in cells] == [
        row[2] for row in shown
    ]


def test_a_table_can_be_copied(page):
    page.js("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    page.js("document.querySelector('#people .tools button').click()")
    text = page.js("new Promise(done => setTimeout(() => done(window.copied), 200))")
    assert len(text.splitlines()) > 5
    assert all("\t" in line for line in text.splitlines())
    assert page.js("document.getElementById('said').textContent") == "Copied."


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_screen_never_scrolls_sideways(browser, audit, dark):
    browser.open(audit.folder / "report.html", width=360, height=740, dark=dark)
    browser.js(OPEN_ALL)
    assert browser.js("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 360)])
def test_axe_finds_nothing(browser, audit, axe, dark, width):
    browser.open(audit.folder / "report.html", dark=dark, width=width)
    browser.js(OPEN_ALL)
    browser.js(axe + "; 0")
    found = browser.js(
        "axe.run({resultTypes: ['violations']}).then(found => JSON.stringify("
        "found.violations.map(each => [each.id, each.help, each.nodes.length, "
        "each.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])))"
    )
    assert json.loads(found) == []


def test_hostile_labels_do_nothing(page, audit, column):
    page.js(OPEN_ALL)
    assert page.complaints() == []
    assert page.js("document.querySelectorAll('script').length") == 3
    groups = [row[0][0] for row in table(page, "explore-groups")]
    assert groups[1:] == [row.group for row in audit.result.groups if row.group_by == column]
    assert page.js("document.querySelector('#explore-by').textContent") == f"all{column}"
    assert page.js("document.querySelector('main i, main b') === null")


def test_the_first_key_offers_to_skip_and_focus_is_seen(page):
    page.key("Tab")
    skip = "document.activeElement"
    assert page.js(f"{skip}.className") == "skip"
    assert page.js(f"{skip}.getBoundingClientRect().left") >= 0
    assert page.js(f"getComputedStyle({skip}).outlineStyle") == "solid"


def test_a_reader_who_wants_no_motion_gets_none(browser, audit):
    browser.open(audit.folder / "report.html")
    reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.ask("Emulation.setEmulatedMedia", features=reduced)
    assert browser.js("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_paper_shows_tables_and_no_buttons(browser, audit):
    browser.open(audit.folder / "report.html", width=794, media="print")
    hidden = "[...document.querySelectorAll('.tools, .contents, #explore-at')]"
    assert browser.js(f"{hidden}.every(each => getComputedStyle(each).display === 'none')")
    assert browser.js("document.documentElement.scrollWidth") <= 794


def test_the_page_prints_to_pdf(browser, audit, tmp_path):  # noqa: ARG001 - there is a browser
    page = (audit.folder / "report.html").read_text(encoding="utf-8")
    printed = write_pdf(page, tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") > 5 or b"/Count" in printed


def test_the_list_of_audits_shows_every_rate_without_scrolling_sideways(browser, audit):
    browser.open(write_overview(audit.folder.parents[1]))
    regions = json.loads(
        browser.js(
            "JSON.stringify([...document.querySelectorAll('.scroll')]"
            ".map(each => [each.clientWidth, each.scrollWidth]))"
        )
    )
    assert regions
    assert all(seen >= whole > 500 for seen, whole in regions)
