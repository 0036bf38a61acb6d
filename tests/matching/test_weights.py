"""Digests and cards of weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.weights import WeightCard, file_sha256, settings_digest


def test_a_files_digest_is_the_published_one(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "abc") == expected


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_the_order_of_settings_does_not_matter(settings):
    backwards = dict(reversed(settings.items()))
    assert settings_digest(settings) == settings_digest(backwards)


def test_a_changed_setting_changes_the_digest():
    assert settings_digest({"a": "1"}) != settings_digest({"a": "2"})


@pytest.mark.parametrize(
    ("expected", "said"),
    [("0" * 64, "as published"), ("1" * 64, "not the published file"), (None, "unconfirmed")],
)
def test_the_card_says_what_its_digest_was_compared_with(expected, said):
    card = WeightCard("w", "somebody", "MIT", "faces", "0" * 64, expected)
    assert said in card.facts()["weights sha256"]
