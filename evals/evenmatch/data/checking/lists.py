"""What a benchmark's lists say: sizes, labels, photographs and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.checking.finding import Finding, finding
from evenmatch.data.protocols import MATED_WORDS, NON_MATED_WORDS, place_of
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.card import Card
    from evenmatch.data.loaders.format import Loaded, Loader, Places


def filed_photographs(loaded: Loaded) -> pd.DataFrame:
    """Return `sample_id, subject_id, path` for every photograph filed, with its box if it has one.

    Where samples are templates of several photographs, each of those is a row.
    """
    if loaded.media is None:
        return loaded.table[["sample_id", "subject_id", "path"]]
    subjects = loaded.table.set_index("sample_id")["subject_id"]
    subjects = subjects[~subjects.index.duplicated()]
    return loaded.media.assign(subject_id=loaded.media["sample_id"].map(subjects).fillna(""))


def size_findings(card: Card, loaded: Loaded, filed: pd.DataFrame) -> list[Finding]:
    """Compare people and photographs with what the benchmark's makers say."""
    with_path = filed.loc[filed["path"] != "", "path"].nunique()
    found = {"subjects": loaded.table["subject_id"].nunique(), "images": with_path or len(filed)}
    said = {"subjects": card.size.subjects, "images": card.size.images}
    findings = []
    for what, name in (("subjects", "number of people"), ("images", "number of photographs")):
        expected, there = said[what], found[what]
        if expected == "unknown":
            findings.append(Finding(name, 0, remark=f"{there:,}; the card does not say how many"))
        else:
            differs = [f"{there:,} here, {expected:,} on the card"] if there != expected else []
            # A manifest that a person wrote may leave people out; a published list may not.
            wrong = card.samples.loader != "manifest" or there > expected
            findings.append(finding(name, there, differs, wrong=wrong, remark=card.size.note))
    return findings


def twice_finding(filed: pd.DataFrame) -> Finding:
    """Find photographs that are listed again, as the same or as another sample.

    Templates share photographs by design; there, a face is wrong twice in one template, or in
    templates of two people.
    """
    shown = filed[filed["path"] != ""]
    if "media_id" in filed:
        face = ["path", "left", "top", "width", "height"]
        people = shown.drop_duplicates([*face, "subject_id"])
        shared = people[people.duplicated(face, keep=False) & people["left"].notna()]
        inside = shown[shown.duplicated(["sample_id", *face], keep=False)]
        lines = _filed_as(inside, ["sample_id", "path"]) + _filed_as(shared, ["path"])
    else:
        lines = _filed_as(shown[shown.duplicated("path", keep=False)], ["path"])
        ids = filed["sample_id"]
        lines += [f"sample_id {each}" for each in ids[ids.duplicated()].drop_duplicates()]
    return finding("photographs listed twice", len(filed), lines)


def _filed_as(rows: pd.DataFrame, by: list[str]) -> list[str]:
    lines = []
    for _, same in rows.groupby(by, sort=False):
        samples = ", ".join(dict.fromkeys(same["sample_id"]))
        people = ", ".join(dict.fromkeys(same["subject_id"]))
        lines.append(f"{same['path'].iloc[0]}: as {samples} of {people}")
    return lines


def label_finding(card: Card, loaded: Loaded) -> Finding:
    """Find subjects whose labels disagree among their photographs; blank disagrees too."""
    table, lines, looked_at = loaded.table, [], 0
    for name, attribute in card.attributes.items():
        if attribute.of != "subject" or name not in table:
            continue
        labels = table[name].str.strip().replace("", "unknown")
        values = labels.groupby(table["subject_id"], sort=False).unique()
        looked_at += len(values)
        lines += [
            f"{subject}: {name} is {' and '.join(sorted(several))}"
            for subject, several in values.items()
            if len(several) > 1
        ]
    remark = "" if looked_at else "the lists hold no label of people"
    return finding("labels that disagree", looked_at, lines, remark=remark)


def comparison_findings(
    card: Card, root: Path, source: tuple[Loader, Places, Loaded], gone: AbstractSet[str]
) -> list[Finding]:
    """Look through the listed protocols.

    Args:
        card: the benchmark.
        root: its folder.
        source: its loader, places and what they gave.
        gone: samples whose photograph is missing or unreadable.
    """
    loader, places, loaded = source
    subjects = loaded.table.set_index("sample_id")["subject_id"]
    subjects = subjects[~subjects.index.duplicated()]
    rows, absent, wrong, again = 0, [], [], []
    for name, protocol in card.protocols.items():
        for file in protocol.files:
            try:
                listed = loader.trials(root / file, places)
            except RequestError as error:
                wrong.append(f"{name}: {error}")
                continue
            if listed.empty:
                wrong.append(f"{name}: {file}: lists no comparison")
            rows += len(listed)
            where = _stands(f"{name}: {file}", listed)
            listed = listed.reset_index(drop=True)
            absent += _absent(where, listed, subjects, gone)
            wrong += _impossible(where, listed, subjects)
            again += _again(where, listed)
    if not any(protocol.files for protocol in card.protocols.values()):
        remark = "the card lists no comparisons: all pairs are meant"
        return [Finding("comparisons without photograph", 0, remark=remark)]
    return [
        finding("comparisons without photograph", rows, absent),
        finding("comparisons that cannot be", rows, wrong),
        finding("comparisons listed again", rows, again, wrong=False, remark="each counts once"),
    ]


def _stands(file: str, listed: pd.DataFrame) -> Callable[[int], str]:
    """Return what says where a comparison stands, in the words of an audit that refuses one."""
    index = listed.index
    return lambda row: f"{file}: {place_of(index, row)}"


def _absent(
    where: Callable[[int], str],
    listed: pd.DataFrame,
    subjects: pd.Series[str],
    gone: AbstractSet[str],
) -> list[str]:
    sides = listed[["probe_id", "reference_id"]]
    strange = ~sides.isin(set(subjects.index))
    lost = sides.isin(gone)
    lines = []
    for row in listed.index[(strange | lost).any(axis=1)]:
        side = "probe_id" if strange["probe_id"][row] or lost["probe_id"][row] else "reference_id"
        why = "is no sample" if strange[side][row] else "has no photograph that can be read"
        lines.append(f"{where(row)}: {sides[side][row]} {why}")
    return lines


def _impossible(
    where: Callable[[int], str], listed: pd.DataFrame, subjects: pd.Series[str]
) -> list[str]:
    probes, references = listed["probe_id"], listed["reference_id"]
    same = probes.index[probes == references]
    lines = [f"{where(row)}: {probes[row]} with itself" for row in same]
    if "mated" not in listed:
        return lines
    said = listed["mated"].str.strip().str.lower()
    mated, non_mated = said.isin(MATED_WORDS), said.isin(NON_MATED_WORDS)
    strange = listed.index[~mated & ~non_mated & (said != "")]
    one, other = probes.map(subjects), references.map(subjects)
    against = (mated & (one != other)) | (non_mated & (one == other))
    known = one.notna() & other.notna()
    return [
        *lines,
        *(f"{where(row)}: mated is {listed['mated'][row]!r}, neither 1 nor 0" for row in strange),
        *(
            f"{where(row)}: {probes[row]} and {references[row]} are listed as "
            f"{'one person' if mated[row] else 'two people'}, against their subject ids"
            for row in listed.index[against & known]
        ),
    ]


def _again(where: Callable[[int], str], listed: pd.DataFrame) -> list[str]:
    pairs = listed[["probe_id", "reference_id"]]
    return [
        f"{where(row)}: {pairs['probe_id'][row]} with {pairs['reference_id'][row]}"
        for row in pairs.index[pairs.duplicated()]
    ]
