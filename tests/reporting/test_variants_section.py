"""The report's section that puts both results side by side."""

import itertools

import pandas as pd
import pytest

from evenmatch.reporting.html import render_report
from evenmatch.run import evaluate

IDS = [(f"{who}{shot}", who) for who in map(str, range(30)) for shot in "xy"]


@pytest.fixture
def page(bench, tmp_path):
    """Render the report of a run whose marks and training set take something out."""

    def render(marks, training=None):
        bench.attribute("sex", "subject", ["female", "male"])
        bench.manifest(
            [{"sample_id": f"p{one}", "subject_id": f"p{who}", "sex": "female"} for one, who in IDS]
        )
        bench.scores(
            [
                (f"p{one}", f"p{other}", 0.9 if who == whom or {who, whom} == {"0", "1"} else 0.1)
                for (one, who), (other, whom) in itertools.combinations(IDS, 2)
            ]
        )
        changes = {}
        if marks:
            path = bench.folder / "marks.csv"
            table = pd.DataFrame(marks, columns=["probe_id", "reference_id", "answer"])
            table.to_csv(path, index=False)
            changes["benchmark"] = bench.raw()["benchmark"] | {"marks": str(path)}
        if training:
            (bench.folder / "t.txt").write_text(training)
            more = {"training_identities": str(bench.folder / "t.txt")}
            changes["matchers"] = [bench.vendor(**more)]
        text = render_report(evaluate(bench.config(**changes), tmp_path / "out").result, [])
        if 'id="variants"' not in text:
            return ""
        section = text[text.index('<section id="variants"') :]
        return " ".join(section[: section.index("</section>")].split())

    return render


def test_a_run_without_marks_or_training_list_has_no_such_section(page):
    assert page([]) == ""


def test_both_results_stand_side_by_side_with_what_was_changed(page):
    section = page([("p0x", "p1y", "same-person"), ("p5x", "p6x", "unusable-left")])
    assert "After review" in section
    assert "1 photograph of 60 left out" in section
    assert "0 people of 30 with none left" in section
    assert "1 identity joined with another that is the same person" in section
    assert "4 / 1,740" in section  # 0 and 1 are one person: four false matches as published
    assert "0 / 1,678" in section  # 59 photographs: 1,711 pairs, 6 + 27 of them mated
    assert "0 / 33" in section
    assert "Labels that nobody looked at may still be wrong" in section
    assert "Without training identities" not in section


def test_people_in_training_have_a_part_of_their_own(page):
    section = page([], "p2\np3\n")
    assert "Without training identities" in section
    assert "4 photographs of 60 left out, 2 people of 30 with none left" in section
    assert "4 / 1,512" in section  # 56 photographs: 1,540 pairs less 28
    assert "joined" not in section.split("<table", 1)[0].split("What was changed", 1)[1]
    assert "After review" not in section
