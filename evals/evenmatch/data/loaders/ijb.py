"""IJB-B and IJB-C: templates of several photographs and frames, as NIST or InsightFace list them.

NIST's files give a row a photograph: template, subject, file, and the box of the face. InsightFace
publishes loose crops with a list of template and medium, and the same lists of subjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from evenmatch.data.loaders.columns import NOTHING, majority, read_columns
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.ijb_trials import read_matches
from evenmatch.data.loaders.published import read_rows
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

ROLES: Final = ("gallery_1", "gallery_2", "probes")
BOX: Final = {"FACE_X": "left", "FACE_Y": "top", "FACE_WIDTH": "width", "FACE_HEIGHT": "height"}
LABELS: Final = {"GENDER": "sex", "SKINTONE": "skin_tone", "AGE": "age"}
_MORE: Final = (*BOX, "SIGHTING_ID", *LABELS)
_SEXES: Final = {"f": "female", "female": "female", "m": "male", "male": "male"}


def _load(places: Places) -> Loaded:
    crops = places["faces"].is_file()
    rows, notices = _listed(
        places, ("TEMPLATE_ID", "SUBJECT_ID", *(() if crops else ("FILENAME",)))
    )
    if crops:
        media, said = _cropped(places["faces"], set(rows["TEMPLATE_ID"]))
    else:
        rows, said = _with_metadata(places["metadata"], rows)
        media, boxless = _media(rows)
        said += boxless
    notices += said
    table, said = _templates(rows)
    known = table["sample_id"].isin(set(media["sample_id"]))
    if not known.all():
        said += (f"IJB: {int((~known).sum())} templates have no photograph and were left out.",)
    return Loaded(
        table[known].reset_index(drop=True),
        places["images"],
        media=media.reset_index(drop=True),
        notices=(*notices, *said),
    )


def _listed(places: Places, required: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of every list of templates that is there, and which list each is in."""
    alone = places["covariates"].is_file()
    roles = [role for role in ROLES if places[role].is_file()]
    if not alone and not roles:
        raise RequestError(
            f"{places['gallery_1']}: there is no such file, nor another list of templates; set "
            "`benchmark.root`, or place `gallery_1`, `gallery_2` and `probes` in `samples.files`."
        )
    files = {places[role]: role.removesuffix("s") for role in reversed(roles)}
    if alone:
        files = {places["covariates"]: "covariate"}
    parts = [_list(path, required).assign(role=role) for path, role in reversed(files.items())]
    rows = pd.concat(parts, ignore_index=True)
    _refuse_two_subjects(rows)
    lists = rows.groupby("TEMPLATE_ID")["role"].nunique()
    again = int((lists > 1).sum())
    if not again:
        return rows, ()
    return rows, (f"IJB: {again} templates are in two lists; each has the role of the first.",)


def _list(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    wanted = (*(() if "FILENAME" in required else ("FILENAME",)), *_MORE)
    rows = _stripped(read_columns(path, required, wanted))
    for name in ("TEMPLATE_ID", "SUBJECT_ID"):
        rows[name] = rows[name].str.replace(r"\.0$", "", regex=True)
        blank = rows.index[rows[name].str.lower().isin(NOTHING)]
        if len(blank):
            raise RequestError(
                f"{path}: row {blank[0] + 2}: {name} is blank; fetch the list again."
            )
    if rows.empty:
        raise RequestError(f"{path}: lists no template; fetch it again.")
    return rows


def _stripped(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: table[name].astype(str).str.strip() for name in table})


def _refuse_two_subjects(rows: pd.DataFrame) -> None:
    both = rows[["TEMPLATE_ID", "SUBJECT_ID"]].drop_duplicates()
    twice = both[both["TEMPLATE_ID"].duplicated(keep=False)]
    if len(twice):
        template = twice["TEMPLATE_ID"].iloc[0]
        whose = ", ".join(twice.loc[twice["TEMPLATE_ID"] == template, "SUBJECT_ID"])
        raise RequestError(
            f"IJB: template {template} has two subjects ({whose}). Two protocols number their "
            "templates anew: place the lists of one protocol only in `samples.files`, or correct "
            "the lists."
        )


def _with_metadata(path: Path, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fill in from the metadata what the lists do not say themselves: sighting and labels."""
    missing = [name for name in ("SIGHTING_ID", *LABELS) if name not in rows]
    if not missing:
        return rows, ()
    if not path.is_file():
        notice = f"IJB: neither the lists nor {path.name} say {', '.join(missing)}."
        return rows, (notice,)
    keys = ["SUBJECT_ID", "FILENAME"]
    told = _stripped(read_columns(path, tuple(keys), tuple(missing)))
    told["SUBJECT_ID"] = told["SUBJECT_ID"].str.replace(r"\.0$", "", regex=True)
    filled = rows.merge(told.drop_duplicates(keys), on=keys, how="left", indicator="found")
    absent = int((filled["found"] != "both").sum())
    filled = filled.drop(columns="found").fillna("")
    if not absent:
        return filled, ()
    notice = (
        f"IJB: {path.name} knows nothing of {absent} of {len(rows)} photographs of templates; "
        "they add no label."
    )
    return filled, (notice,)


def _media(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row a photograph of a template; a sighting's photographs are one medium."""
    blank = rows.index[rows["FILENAME"] == ""]
    if len(blank):
        raise RequestError(
            f"IJB: template {rows['TEMPLATE_ID'][blank[0]]} lists a photograph without a name; "
            "fetch the list again."
        )
    media = pd.DataFrame({"sample_id": rows["TEMPLATE_ID"], "path": rows["FILENAME"]})
    sighting = rows["SIGHTING_ID"] if "SIGHTING_ID" in rows else pd.Series("", index=rows.index)
    unsaid = sighting.str.lower().isin(NOTHING)
    media.insert(1, "media_id", sighting.where(~unsaid, rows["FILENAME"]))
    for name, side in BOX.items():
        media[side] = _numbers(rows, name)
    whole = media[list(BOX.values())].isna().any(axis=1) | (
        media[["width", "height"]].min(axis=1) <= 0
    )
    media.loc[whole, list(BOX.values())] = np.nan
    kept = media.drop_duplicates(["sample_id", "path", *BOX.values()])
    notices = []
    if whole.any():
        notices.append(
            f"IJB: {int(whole.sum())} of {len(media)} photographs of templates have no usable "
            "box; the whole picture is searched for the face."
        )
    if len(kept) < len(media):
        notices.append(
            f"IJB: {len(media) - len(kept)} photographs are listed again in their template; each "
            "counts once."
        )
    return kept, tuple(notices)


def _numbers(rows: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in rows:
        return pd.Series(np.nan, index=rows.index)
    text = rows[name].mask(rows[name].str.lower().isin({"", "nan"}))
    numbers = pd.to_numeric(text, errors="coerce").astype(np.float64)
    wrong = rows.index[text.notna() & ~np.isfinite(numbers)]
    if len(wrong):
        raise RequestError(
            f"IJB: {name} of a photograph of template {rows['TEMPLATE_ID'][wrong[0]]} is "
            f"{rows[name][wrong[0]]!r}, which is no number; fetch the list again."
        )
    return numbers


def _cropped(path: Path, known: set[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read `1.jpg template medium` a line: crops without a box, since each is one face."""
    found = []
    for row in read_rows(path):
        cells = row.text.split()
        if len(cells) != 3:
            raise RequestError(
                f"{path}: row {row.number} is {row.text[:80]!r}, and should name a crop, its "
                "template and its medium; fetch the list again."
            )
        found.append((cells[1], cells[2], cells[0]))
    media = pd.DataFrame(found, columns=["sample_id", "media_id", "path"], dtype=str)
    media = media.assign(**dict.fromkeys(BOX.values(), np.nan))
    kept = media[media["sample_id"].isin(known)].drop_duplicates()
    if kept.empty:
        raise RequestError(
            f"{path}: names no template of the lists of subjects; place the lists of the same "
            "benchmark in `samples.files`."
        )
    strange = media["sample_id"].nunique() - kept["sample_id"].nunique()
    if not strange:
        return kept, ()
    return kept, (f"IJB: {strange} templates are in no list of subjects and were left out.",)


def _templates(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row a template with its subject, its role and what is said of both."""
    first = rows.drop_duplicates("TEMPLATE_ID")
    table = pd.DataFrame(
        {
            "sample_id": first["TEMPLATE_ID"],
            "subject_id": first["SUBJECT_ID"],
            "path": "",
            "role": first["role"],
        },
        dtype=str,
    )
    notices = []
    for name, label in LABELS.items():
        if name not in rows:
            continue
        said = rows[name].str.replace(r"\.0$", "", regex=True)
        said = said.mask(said.str.lower().isin(NOTHING), "")
        if label == "sex":
            said = said.map(lambda word: _SEXES.get(word.lower(), word))
        of, key = ("template", "TEMPLATE_ID") if label == "age" else ("person", "SUBJECT_ID")
        winner, torn = majority(said, rows[key])
        table[label] = first[key].map(winner).astype(object).fillna("").astype(str)
        if torn:
            notices.append(
                f"IJB: {name} differs between the photographs of {torn} {of}s; their {label} is "
                "what most of them say, and unknown in a tie."
            )
    return table, tuple(notices)


LOADER = Loader(
    files={
        "images": "images",
        "gallery_1": "protocols/ijbc_1N_gallery_G1.csv",
        "gallery_2": "protocols/ijbc_1N_gallery_G2.csv",
        "probes": "protocols/ijbc_1N_probe_mixed.csv",
        "covariates": ".",
        "metadata": "protocols/ijbc_metadata.csv",
        "faces": "meta/ijbc_face_tid_mid.txt",
    },
    load=_load,
    trials=read_matches,
    about="IJB-B and IJB-C: lists of templates, media with boxes or loose crops, matches",
)
