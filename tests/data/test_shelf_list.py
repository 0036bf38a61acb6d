"""The shelf at a glance: rows for scripts, a table for people, and a README that is not stale."""

import json

import pytest
from typer.testing import CliRunner

from evenmatch import cli
from evenmatch.data.card import Card, card_names, cards_dir, load_card
from evenmatch.data.shelf import (
    BEGIN,
    END,
    markdown_table,
    refresh_readme,
    refreshed,
    shelf_row,
    shelf_rows,
)
from evenmatch.errors import RequestError

KEYS = ["name", "state", "consent", "licence", "subjects", "images", "labels", "masks"]


def card(**changes) -> Card:
    plain = load_card("demo-faces").model_dump(by_alias=True)
    return Card.model_validate(plain | {"attributes": {}} | changes)


def attribute(labelled_by, of="subject"):
    return {"of": of, "labelled_by": labelled_by}


def printed(*words):
    answer = CliRunner().invoke(cli.app, ["datasets", *words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_scripts_get_a_list_of_objects_with_the_promised_keys():
    listed = json.loads(printed("list", "--json"))
    assert [row["name"] for row in listed] == card_names()
    for row in listed:
        assert list(row) == KEYS
        for key in ("subjects", "images"):
            assert row[key] == "unknown" or isinstance(row[key], int)
        assert all(isinstance(label, str) for label in row["labels"])
        assert row["masks"] in ("none", "real", "constructed")


def test_people_get_a_table_of_80_columns_that_names_every_card():
    lines = printed("list").splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert all(name in text for name in card_names())


def test_a_label_carries_who_wrote_it_and_the_mask_has_a_column_of_its_own():
    attributes = {
        "sex": attribute("annotator"),
        "ethnicity": attribute("classifier"),
        "mask": attribute("annotator", of="sample"),
    }
    row = shelf_row(card(attributes=attributes))
    assert row.labels == ("sex (annotator)", "ethnicity (classifier)")
    assert row.masks == "real"


@pytest.mark.parametrize(
    ("labelled_by", "masks"),
    [("construction", "constructed"), ("annotator", "real"), ("unknown", "real")],
)
def test_masks_made_by_construction_are_told_from_real_ones(labelled_by, masks):
    made = card(attributes={"mask": attribute(labelled_by, of="sample")})
    assert shelf_row(made).masks == masks
    assert shelf_row(card()).masks == "none"


def test_people_read_labels_by_who_wrote_them_and_of_many_the_first_few():
    attributes = {f"a{number}": attribute("annotator") for number in range(7)}
    row = shelf_row(card(attributes=attributes | {"sex": attribute("document")}))
    assert row.by_source() == ["a0, a1, a2, a3, a4, 2 more (annotator)", "sex (document)"]
    assert len(row.labels) == 8


def test_a_size_that_nobody_stated_is_unknown_and_no_number():
    row = shelf_row(card(size={"subjects": 5749}))
    assert (row.subjects, row.images) == (5749, "unknown")
    assert "| 5,749 | unknown |" in markdown_table([row])


def test_a_bar_in_a_licence_does_not_break_the_table():
    row = shelf_row(card(licence={"id": "A|B", "use": "unknown"}))
    assert "A\\|B" in markdown_table([row]).splitlines()[-1]


def test_the_readme_of_the_shelf_is_what_the_cards_say():
    page = (cards_dir() / "README.md").read_text(encoding="utf-8")
    assert refreshed(page, shelf_rows()) == page, "run: python -m evenmatch.data.shelf"


def test_only_the_table_between_the_marks_is_written_again(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert refresh_readme(tmp_path) == page
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| card |")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text
    assert "[demo-faces](demo-faces.yaml)" in text


def test_a_page_without_marks_or_no_page_is_refused(tmp_path):
    with pytest.raises(RequestError, match="refresh the table in a checkout"):
        refresh_readme(tmp_path)
    (tmp_path / "README.md").write_text(f"{BEGIN} and no end")
    with pytest.raises(RequestError, match="has no table to refresh; put the lines"):
        refresh_readme(tmp_path)


def test_a_card_is_shown_to_people_in_80_columns_with_what_its_words_mean():
    text = printed("show", "demo-faces")
    assert max(map(len, text.splitlines())) <= 80
    together = " ".join(text.split())
    assert "synthetic (no real person is shown)" in together
    assert "any (on the licence's own conditions)" in together
    assert "measured (measured from the pixels)" in together


@pytest.mark.parametrize("name", card_names())
def test_every_card_can_be_shown(name):
    assert name in printed("show", name)


def test_a_file_that_is_not_confirmed_is_shown_as_such(bench):
    bench.card["access"] = {"how": "download", "files": [{"url": "https://a.b/c", "path": "c.zip"}]}
    bench.raw()
    together = " ".join(printed("show", str(bench.folder / "card.yaml")).split())
    assert "https://a.b/c (not confirmed)" in together.replace("( ", "(")
    assert "c.zip" in together


def test_a_card_as_a_document_reads_back(tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(printed("show", "demo-faces", "--format", "yaml"))
    assert load_card(str(path)) == load_card("demo-faces")
    assert json.loads(printed("show", "demo-faces", "--format", "json"))["name"] == "demo-faces"


def test_a_form_that_does_not_exist_is_refused_with_those_that_do():
    answer = CliRunner().invoke(cli.app, ["datasets", "show", "demo-faces", "--format", "pdf"])
    assert answer.exit_code == 2
    assert "croissant" in answer.output
