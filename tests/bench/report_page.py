"""How heavy the page of an audit with 64 groups is, and how soon it is shown.

`python tests/bench/report_page.py [GROUPS]` makes an audit of made-up templates, renders it and
opens it in the Chromium installed here. The time is from the order to open the file until the
first frame after everything on the page, its slider too, is in place: the median of five.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.conftest import Tab  # the tests' own browser
from conftest import CARD, attribute
from evenmatch.config import load_config
from evenmatch.reporting.audit import render_audit
from evenmatch.reporting.pdf import find_chromium
from evenmatch.run import evaluate

PEOPLE, SHOTS, DIMENSION = 32, 2, 32
FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def make_audit(folder, groups):
    """Write made-up templates of people in many groups, and audit them."""
    rng = np.random.default_rng(3)
    labels = [f"group {number:02}" for number in range(groups)]
    rows = [
        (f"{label}-{person}-{shot}", f"{label}-{person}", label, "ab"[shot], "")
        for label in labels
        for person in range(PEOPLE)
        for shot in range(SHOTS)
    ]
    table = pd.DataFrame(rows, columns=["sample_id", "subject_id", "group", "shot", "path"])
    table.to_csv(folder / "samples.csv", index=False)
    middle = rng.standard_normal((groups, DIMENSION)).repeat(PEOPLE * SHOTS, axis=0)
    person = rng.standard_normal((groups * PEOPLE, DIMENSION)).repeat(SHOTS, axis=0)
    shot = rng.standard_normal((len(rows), DIMENSION))
    made = (0.4 * middle + person + 0.5 * shot).astype(np.float32)
    np.savez(folder / "made.npz", ids=table["sample_id"].to_numpy(str), templates=made)
    card = CARD | {
        "attributes": {
            "group": attribute("subject", labels),
            "shot": attribute("sample", ["a", "b"]),
        }
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    run = {
        "schema": 1,
        "name": "many-groups",
        "benchmark": {"card": str(folder / "card.yaml"), "root": str(folder)},
        "matchers": [
            {"name": "made", "kind": "templates", "path": str(folder / "made.npz")}
            | {"score_kind": "cosine"}
        ],
        "groups": [["group"]],
        "one_to_one": {"operating_points": ["fmr=0.01", "fmr=0.001"]},
        "one_to_many": {
            "gallery": {"where": {"shot": "a"}, "enrolled": 0.5},
            "searches": {"where": {"shot": "b"}},
            "operating_points": ["fpir=0.1"],
            "ranks": [1],
        },
        "tracking": None,
        "statistics": {"replicates": 100},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(run))
    return evaluate(load_config(folder / "run.yaml"), folder / "reports")


def main():
    """Print the page's size and the time until it is shown."""
    groups = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audit = make_audit(folder, groups)
        begun = time.monotonic()
        render_audit(audit.result, audit.folder)
        drawn = time.monotonic() - begun
        page = audit.folder / "report.html"
        shown, moved = [], []
        for turn in range(5):
            place = folder / f"browser-{turn}"
            place.mkdir()
            tab = Tab(find_chromium(), place)
            begun = time.monotonic()
            tab.open(page)
            tab.js(FRAME)
            shown.append(time.monotonic() - begun)
            tab.js("document.getElementById('explore-at').focus()")
            begun = time.monotonic()
            tab.key("ArrowRight")
            tab.js(FRAME)
            moved.append(time.monotonic() - begun)
            tab.close()
        print(f"groups             {groups}")
        print(f"page               {page.stat().st_size / 1e6:.2f} MB (wanted: under 6)")
        print(f"shown in           {statistics.median(shown):.2f} s (wanted: under 2)")
        print(f"one slider step    {statistics.median(moved):.2f} s")
        print(f"rendering          {drawn:.1f} s, figures and tables")
        print(f"results.json       {(audit.folder / 'results.json').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
