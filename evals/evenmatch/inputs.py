"""Everything a run starts from, read and checked before the first template is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from evenmatch.config import RunConfig
from evenmatch.data.benchmark import benchmark_files, benchmark_root, load_samples
from evenmatch.data.card import Card, load_card
from evenmatch.data.conditions import with_drawn_masks
from evenmatch.data.groups import ALL, Groups, group_rows
from evenmatch.data.identities import Identities, read_identities
from evenmatch.data.marks import Marks, read_marks
from evenmatch.data.masks import MaskArtist
from evenmatch.data.policy import check_policy, origin_notices
from evenmatch.data.progress import Progress, silent
from evenmatch.data.protocols import ListedTrials, load_trials
from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.documents import parse_document
from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.measurements import measure_attributes, without_measured
from evenmatch.results.model import GroupSize
from evenmatch.results.reading import read_results
from evenmatch.scoring.planning import Roles, plan_one_to_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evenmatch.data.measured_tone import ToneReadings
    from evenmatch.data.samples import Samples
    from evenmatch.results.model import RunResult
    from evenmatch.scoring.plan import Plan, Roster


@dataclass(frozen=True)
class Inputs:
    """A benchmark as a run sees it.

    Attributes:
        card: where it came from.
        given: its photographs as they are, which score files speak of.
        samples: the same and every one again under each drawn mask.
        grouping_names: the groupings, each a tuple of attributes.
        references: attributes that choose a reference group or the scope of a claim, with or
            without a table.
        trials: the listed comparisons; None for all pairs.
        artist: draws the masks; None where none are asked for.
        digest: SHA-256 over manifest, protocol and photographs.
        notices: sentences a reader must see before the numbers.
        marks: what a review found wrong; None where there was none.
        training: matcher to the identities it was trained on, where the run lists them.
        tones: the angles of skin measured, where the run asks for them.
    """

    card: Card
    given: Samples
    samples: Samples
    grouping_names: tuple[tuple[str, ...], ...]
    references: tuple[str, ...]
    trials: ListedTrials | None
    artist: MaskArtist | None
    digest: str
    notices: tuple[str, ...]
    marks: Marks | None = None
    training: Mapping[str, Identities] = field(default_factory=dict)
    tones: ToneReadings | None = None

    def groups(self, samples: Samples) -> Groups:
        """Partition rows by the groupings asked for."""
        return group_rows(samples, self.grouping_names, self.references)

    def published(self, samples: Samples) -> Samples:
        """Return rows with the attributes that have a table; no other label leaves the machine."""
        tabled = {name for group_by in (*self.grouping_names, self.references) for name in group_by}
        kept = {name: each for name, each in samples.attributes.items() if name in tabled}
        return replace(samples, attributes=kept)

    def plans(self, samples: Samples, roster: Roster, config: RunConfig) -> list[Plan]:
        """Plan the one-to-one comparisons of every mask condition."""
        one_to_one = config.one_to_one
        roles = Roles(
            probe=one_to_one.probe.where if one_to_one.probe else None,
            reference=one_to_one.reference.where if one_to_one.reference else None,
        )
        return plan_one_to_one(samples, roster, roles, self.trials, config.masks.apply_to)


def read_inputs(config: RunConfig, progress: Progress = silent) -> Inputs:
    """Read the benchmark a run names.

    Raises:
        RequestError: the card, the files or the policy forbid it; the sentence says which.
    """
    card = load_card(config.benchmark.card)
    policy = config.policy
    override = check_policy(card, policy.consent, policy.override, policy.licence)
    root = benchmark_root(card, config.benchmark.root)
    protocol = card.protocol(config.benchmark.protocol)
    calibrate_on = config.one_to_one.calibrate_on
    chosen = tuple(calibrate_on) if isinstance(calibrate_on, dict) else ()
    claimed = (name for claim in config.claims for name in claim.scope)
    references = tuple(dict.fromkeys((*chosen, *claimed)))
    labelled = load_samples(
        card,
        root,
        without_measured([*(config.groups or ()), references], config.measured),
        config.classes,
        {name: entry.mapping() for name, entry in config.mappings.items()},
    )
    given, tones = measure_attributes(labelled, config.measured, progress)
    named, absent = _groupings(card, config, given)
    loader, places = benchmark_files(card, root)
    lists = [root / file for file in protocol.files]
    marks = config.benchmark.marks
    trials = load_trials(lists, given, lambda path: loader.trials(path, places)) if lists else None
    drawings = [mask.drawing() for mask in config.masks.synthetic]
    return Inputs(
        card=card,
        given=given,
        samples=with_drawn_masks(given, [str(drawing) for drawing in drawings]),
        grouping_names=tuple(named),
        references=references,
        trials=trials,
        artist=MaskArtist(config.masks.landmarks, drawings) if drawings else None,
        digest=_digest(given, [*lists, *([marks] if marks else [])], trials),
        notices=(
            *([override] if override else []),
            *origin_notices(card),
            *given.notices,
            *absent,
            *(trials.notices if trials else ()),
        ),
        marks=read_marks(marks, given) if marks else None,
        tones=tones,
        training={
            entry.name: read_identities(entry.training_identities)
            for entry in config.matchers
            if entry.training_identities
        },
    )


def _groupings(
    card: Card, config: RunConfig, given: Samples
) -> tuple[Sequence[tuple[str, ...]], tuple[str, ...]]:
    """Return the groupings asked for, or the default ones, and what the files lack for those."""
    if config.groups is not None:
        return config.groups, ()
    named = _default_groups(card, config)
    lacking = [name for (name,) in named if name not in given.attributes]
    said = (
        f"The files hold no labels of {', '.join(lacking)}, which the card declares: no table "
        "is by them."
    )
    kept = [group_by for group_by in named if group_by[0] not in lacking]
    return kept, (said,) if lacking else ()


def _default_groups(card: Card, config: RunConfig) -> tuple[tuple[str, ...], ...]:
    """Each attribute of people that the card declares or the run makes, alone; numbers banded."""
    of_people = {name: each for name, each in card.attributes.items() if each.of == "subject"}
    named = [name for name, each in of_people.items() if each.values or name in config.classes]
    named += [name for name, entry in config.mappings.items() if entry.source in of_people]
    named += ["skin_tone"] if config.measured.skin_tone else []
    return tuple((name,) for name in named)


def group_sizes(inputs: Inputs, groups: Groups) -> list[GroupSize]:
    """Count the people and photographs of every group, and say who labelled them."""
    table, rows = inputs.given.table, []
    labelled_by = inputs.given.labelled_by
    for group_by, members in groups.groupings.items():
        sources = [] if group_by == ALL else [labelled_by[name] for name in group_by.split("+")]
        for group in members:
            inside = table[groups.rows(group)]
            rows.append(
                GroupSize(
                    group_by=group_by,
                    group=group.label,
                    subjects=int(inside["subject_id"].nunique()),
                    samples=len(inside),
                    labelled_by=", ".join(dict.fromkeys(sources)),
                )
            )
    return rows


def _digest(samples: Samples, lists: Sequence[Path], trials: ListedTrials | None) -> str:
    """Digest the labels, the listed trials and every photograph's bytes."""
    total = hashlib.sha256()
    total.update(samples.table.to_csv(index=False).encode())
    for file in lists:
        total.update(_file_digest(file))
    if trials and any(file.is_dir() for file in lists):
        # A folder of lists may go by numbers that other files explain: what was read counts.
        for side in (trials.probes, trials.references):
            total.update(side.astype("<i4").tobytes())
    if samples.media is not None:
        total.update(samples.media.to_csv(index=False).encode())
    behind = samples.table if samples.media is None else samples.media
    for path in behind["path"].drop_duplicates():
        total.update(_file_digest(samples.root / path) if path else b"")
    return total.hexdigest()


def _file_digest(path: Path) -> bytes:
    try:
        with ordinary(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        # A photograph that cannot be opened is the matcher's to report, by name and in order.
        return b"unreadable"


def audited(result: RunResult, where: str) -> tuple[RunConfig, Card, Samples]:
    """Return the run, the card and the photographs behind an audit.

    Raises:
        RequestError: the benchmark's files moved.
    """
    config = parse_document(RunConfig, result.config, where)
    card = load_card(config.benchmark.card)
    return config, card, load_samples(card, benchmark_root(card, config.benchmark.root), (), {})


def reveal_pseudonym(audit: Path, pseudonym: str) -> str:
    """Return the sample or subject behind a pseudonym of an audit made on this machine.

    Raises:
        RequestError: the benchmark's files moved, or the pseudonym was made by another key.
    """
    _, card, given = audited(read_results(audit), str(audit))
    table = given.table
    names = Pseudonyms(card.name, anew=False)
    samples = dict(zip(names.of_samples(table["sample_id"]), table["sample_id"], strict=True))
    subjects = dict(zip(names.of_subjects(table["subject_id"]), table["subject_id"], strict=True))
    if pseudonym in samples:
        return f"sample {samples[pseudonym]}"
    if pseudonym in subjects:
        return f"subject {subjects[pseudonym]}"
    raise RequestError(
        f"{pseudonym}: is no pseudonym made with this machine's key for {card.name!r}; reveal it "
        "on the machine that made the audit."
    )
