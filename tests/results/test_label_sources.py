"""Who labelled a grouping stands in every row about it."""

import csv

from evenmatch.reporting.tables import TABLES
from evenmatch.run import evaluate


def test_every_table_by_group_has_a_column_for_who_labelled_it():
    for name, kind in TABLES.items():
        if "group_by" in kind.model_fields:
            assert "labelled_by" in kind.model_fields, name


def test_rows_by_group_name_the_source_and_rows_over_everybody_none(bench):
    people = [(f"s{person}{shot}", f"s{person}") for person in range(24) for shot in "12"]
    sexes = ("female", "male")
    bench.manifest(
        [
            {"sample_id": one, "subject_id": who, "sex": sexes[int(who[1:]) % 2], "age_band": "old"}
            for one, who in people
        ]
    )
    bench.attribute("sex", "subject", sexes)
    bench.attribute("age_band", "subject", ["old"])
    bench.card["attributes"]["sex"]["labelled_by"] = "annotator"
    bench.card["attributes"]["age_band"]["labelled_by"] = "classifier"
    bench.scores(
        [
            (one, other, 0.9 if who == whom else 0.1 + 0.6 * (len(one) == 3))
            for place, (one, who) in enumerate(people)
            for other, whom in people[:place]
        ]
    )
    audit = evaluate(bench.config(groups=[["sex"], ["sex", "age_band"]]), bench.folder)
    wanted = {"all": "", "sex": "annotator", "sex+age_band": "annotator, classifier"}
    for name in ("error_rates", "equity", "tradeoff"):
        with (audit.folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows, name
        assert {row["group_by"]: row["labelled_by"] for row in rows}.items() <= wanted.items()
        assert all(row["labelled_by"] == wanted[row["group_by"]] for row in rows)
