"""How the numbers were made, where they come from, and how to make them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from evenmatch.reporting.numbers import count, percent
from evenmatch.reporting.sections.blocks import Facts, Listing, Section, Source, Text, heading
from evenmatch.reporting.tables import TABLES, csv_text

if TYPE_CHECKING:
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.results.model import RunResult

_LONGEST_SOURCES = 1_000_000  # letters of all tables together, so that the page can be sent

_METHODS = (
    (
        "Counts come first: every rate is errors over comparisons, with the distinct people behind"
        " them. A comparison is a match when its similarity is at or above the threshold; "
        "distances are negated. Thresholds are read from the scores without interpolation."
    ),
    (
        "Comparisons share people, so they are not independent. Intervals (clustered_exact) count "
        "how many errors touch each person, reduce the comparisons to an effective number, and "
        "apply the exact binomial interval to it. The interval of Fogliato, Patil and Perona, "
        "clustered_wilson, stands beside it in the table of all rows."
    ),
    (
        "A row says what it can. Fewer than 10 people: the rate is not given. Fewer than 30 "
        "people, or fewer than 3 people or pairs of people in error: only an upper bound is given."
        " A target that the comparisons cannot resolve is said to be not decidable with this data."
    ),
    (
        "Two groups are named as different only where their intervals do not overlap. No such "
        "statement was declared before the data were seen unless this page says so: read them as "
        "observations to be tested on other people. Overlapping intervals do not show equal rates."
    ),
)
_REFERENCES = (
    (
        (
            "R. Fogliato, P. Patil, P. Perona (2024). Confidence intervals for error rates in 1:1 "
            "matching tasks: critical statistical analysis and recommendations. International "
            "Journal of Computer Vision."
        ),
        "https://arxiv.org/abs/2306.01198",
    ),
    (
        (
            "ISO/IEC 19795-1:2021. Biometric performance testing and reporting, part 1: principles"
            " and framework."
        ),
        "https://www.iso.org/standard/73515.html",
    ),
    (
        (
            "ISO/IEC 19795-10:2024. Biometric performance testing and reporting, part 10: "
            "quantifying biometric system performance variation across demographic groups."
        ),
        "https://www.iso.org/standard/81223.html",
    ),
    (
        (
            "P. Grother, M. Ngan, K. Hanaoka (2019). Face recognition vendor test, part 3: "
            "demographic effects. NISTIR 8280."
        ),
        "https://doi.org/10.6028/NIST.IR.8280",
    ),
    (
        (
            "M. Ngan, P. Grother, K. Hanaoka (2020). Ongoing face recognition vendor test, part "
            "6A: face recognition accuracy with masks using pre-COVID-19 algorithms. NISTIR 8311."
        ),
        "https://doi.org/10.6028/NIST.IR.8311",
    ),
    (
        (
            "M. Ngan, P. Grother, K. Hanaoka (2020). Ongoing face recognition vendor test, part "
            "6B: face recognition accuracy with face masks using post-COVID-19 algorithms. NISTIR "
            "8331."
        ),
        "https://doi.org/10.6028/NIST.IR.8331",
    ),
    (
        (
            "P. Grother (2022). Face recognition vendor test, part 8: summarizing demographic "
            "differentials. NISTIR 8429."
        ),
        "https://doi.org/10.6028/NIST.IR.8429.ipd",
    ),
)


def methods_section(result: RunResult) -> Section:
    """Return the methods in short, with references."""
    level = next((row.level for row in result.error_rates), None)
    stated = [Text(f"Intervals are at {percent(level)}, two-sided.")] if level else []
    blocks: list[Block] = [*(Text(text) for text in _METHODS), *stated]
    blocks += [heading("References"), Listing(_REFERENCES)]
    return Section("methods", "Methods in short", "", tuple(blocks))


def reproduce_section(result: RunResult) -> Section:
    """Return digests, versions, the config and the command that repeats the audit."""
    made = result.provenance
    facts = (
        ("Audit", result.name),
        ("Run", made.run_id),
        ("Config digest", made.config_digest),
        ("Card digest", made.card_digest),
        ("Samples digest", made.samples_digest),
        ("Seed", str(made.seed)),
        ("Git revision", made.git_revision or "not known"),
        *((f"Version of {name}", version) for name, version in made.versions.items()),
    )
    # Where an audit was tracked changes no number, and its address may hold a password.
    shown = {key: value for key, value in result.config.items() if key != "tracking"}
    config = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)
    return Section(
        "reproduce",
        "How to reproduce",
        "The same config, card, photographs and weights give the same run and the same counts on "
        "any machine. Save the config below to a file and run: evenmatch run FILE. Photographs, "
        "templates and names are not in this audit; people appear as pseudonyms only.",
        (Facts("What made these numbers", facts), Source("The config of this audit", config)),
    )


def rows_section(result: RunResult) -> Section:
    """Return every row of every table as text that can be read and copied."""
    blocks = []
    texts = {name: csv_text(getattr(result, name), kind) for name, kind in TABLES.items()}
    longest = _longest([len(text) for text in texts.values()])
    for name, text in texts.items():
        rows = getattr(result, name)
        whole = len(text) <= longest
        if not whole:
            text = text[: text.rindex("\n", 0, longest) + 1] + (  # noqa: PLW2901 - the part shown
                f"… the rest is in {name}.csv beside this page.\n"
            )
        file = f"{name}.csv" if whole else ""
        blocks.append(Source(f"{name}.csv, {count(len(rows))} rows", text, file))
    return Section(
        "rows",
        "All rows",
        "Every number of this page comes from these rows, which are also written beside it as "
        "CSV files. Empty means not given; it never means zero.",
        tuple(blocks),
    )


def _longest(lengths: list[int]) -> int:
    """Return the length to which texts are cut so that together they keep to the limit."""
    left = _LONGEST_SOURCES
    for place, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - place)
        if length > share:
            return share
        left -= length
    return max(lengths, default=0)
