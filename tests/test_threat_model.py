"""The threat model points at modules and tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/.-]+?/|[\w/.-]+\.py)(?:::(\w+))?`", PAGE)


def test_each_module_and_test_that_it_names_is_there():
    assert len(NAMED) > 40
    for path, test in NAMED:
        places = [ROOT / start / path for start in ("evals/evenmatch", "tests", "")]
        if test:
            assert f"def {test}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), test
        else:
            assert any(place.exists() for place in places), path


def test_each_attacker_is_told_what_stops_and_what_does_not():
    sections = PAGE.split("\n## ")[1:-1]
    assert len(sections) == 12
    for section in sections:
        assert "**Not stopped.**" in section, section.splitlines()[0]
        assert "\n- " in section
