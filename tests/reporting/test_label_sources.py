"""Below every table and figure by group stands who wrote the labels."""

from types import SimpleNamespace

import pytest

from evenmatch.reporting.label_sources import attribute_source, with_sources
from evenmatch.reporting.sections.blocks import Section, Text, table

RESULT = SimpleNamespace(
    config={
        "mappings": {"region": {"from": "country"}},
        "measured": {"skin_tone": {"bands": {}}},
    },
    card={
        "attributes": {
            "sex": {"labelled_by": "self-reported"},
            "country": {"labelled_by": "document"},
        }
    },
)
VIEW = SimpleNamespace(result=RESULT, group_bys=["sex", "sex+region", "skin_tone"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sex", "self-reported"),
        ("region", "document (mapped from country)"),
        ("camera", "unknown"),
        ("skin_tone", "measured (measures paint, lamp and camera, and is nobody's ethnicity)"),
    ],
)
def test_an_attribute_has_the_source_of_its_labels(name, said):
    assert attribute_source(RESULT, name) == said


def test_a_measured_tone_of_the_benchmarks_own_carries_the_caveat_too():
    card = {"attributes": {"skin_tone": {"labelled_by": "measured"}}}
    result = SimpleNamespace(config={}, card=card)
    assert "nobody's ethnicity" in attribute_source(result, "skin_tone")


@pytest.mark.parametrize(
    ("caption", "cell", "said"),
    [
        ("False match rate by sex, dlib", "female", "sex: self-reported"),
        ("Failures", "sex", "sex: self-reported"),
        (
            "Rates by sex+region, dlib",
            "x",
            "sex: self-reported; region: document (mapped from country)",
        ),
        ("Sexes of nobody", "female", ""),
    ],
)
def test_a_table_is_noted_by_its_caption_or_by_its_words_at_the_left(caption, cell, said):
    blocks = (table(caption, ("A", "B"), [(cell, "sex")]), Text("by sex"))
    (section,) = with_sources(VIEW, [Section("a", "A", "", blocks)])
    noted, text = section.blocks
    assert noted.note == (f"Labelled by: {said}." if said else "")
    assert text == blocks[1]
