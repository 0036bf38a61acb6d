"""The report's section on a place of use says what is a measurement and what is not."""

from evenmatch.reporting.html import render_report
from evenmatch.run import evaluate


def test_the_page_says_what_the_rates_mean_and_what_lies_beyond_them(bench, tmp_path):
    rows = [
        {"sample_id": f"p{who:02}-{shot}", "subject_id": f"p{who:02}", "session": f"s{shot}"}
        for who in range(80)
        for shot in range(2)
    ]
    bench.attribute("session", "sample", ["s0", "s1"])
    bench.manifest(rows)
    bench.scores(
        [
            (
                one["sample_id"],
                other["sample_id"],
                0.9 if one["subject_id"] == other["subject_id"] else 0.6 if not place % 7 else 0.1,
            )
            for place, one in enumerate(rows)
            for other in rows[:place]
        ]
    )
    config = bench.config(
        one_to_many={
            "gallery": {"where": {"session": "s0"}},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["threshold=0.5"],
            "splits": 1,
        },
        scenario={
            "title": "A <small> station",
            "gates": {"travellers": 900, "attacks": 3},
            "searches": {"travellers": 900, "enrolled": 50_000_000},
        },
    )
    page = render_report(evaluate(config, tmp_path / "out").result, [])
    section = page[page.index('<section id="outside"') :]
    section = section[: section.index("</section>")]
    assert "What it means outside" in section
    assert "A &lt;small&gt; station" in section
    assert "Rightful travellers turned away" in section
    assert "the size measured here" in section
    assert "50,000,000 people" in section
    assert "extrapolated" in section
    assert "no model is used beyond 4 times" in section
    searches = page[page.index('<section id="one-to-many"') :]
    assert "Wrong candidates" in searches
    assert "False positives by the size of the gallery" in searches
