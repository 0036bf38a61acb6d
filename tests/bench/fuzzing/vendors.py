"""What a vendor hands over: scores in every format, templates, lists, and lines of its program."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from fuzzing.watch import Made

from evenmatch.data.samples import Samples
from evenmatch.matching import vendor_messages
from evenmatch.matching.candidates import read_candidates, read_enrolled
from evenmatch.matching.score_file import FormatOptions
from evenmatch.matching.scores import read_scores
from evenmatch.matching.vendor_templates import TemplateFile

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = ("a1", "a2", "b1", "b2")
PATHS = ("x/a/1.jpg", "x/a/2.jpg", "x/b/1.jpg", "x/b/2.png")


def samples() -> Samples:
    """Return a benchmark of two people."""
    table = pd.DataFrame(
        {
            "sample_id": IDS,
            "subject_id": [each[0] for each in IDS],
            "path": PATHS,
            "mask": "unmasked",
        }
    )
    return Samples(table, Path(), {}, ("unmasked",))


def _scores(
    folder: Path, name: str, content: str | bytes, form: str | None, **options: Any
) -> Made:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    known = samples()

    def read() -> None:
        table = read_scores(path, known, form=form, options=FormatOptions(**options))
        scores, _ = table.lookup(np.array([0, 0]), np.array([1, 2]))
        if np.isinf(scores).any():
            raise AssertionError("a score that is not finite was taken")

    beside = [each for each in options.values() if isinstance(each, Path) and each.is_file()]
    return Made([path, *beside], read)


CONTRACT = "probe_id,reference_id,score,status\na1,a2,0.9,\na1,b1,0.1,ok\na2,b1,,no_face\n"
BFW = """fold,p1,p2,label,id1,id2,att1,vgg16,resnet50
1,x/a/1.jpg,x/a/2.jpg,1,0,0,x,0.75,0.5
1,x/a/1.jpg,x/b/1.jpg,0,0,1,x,0.25,-1e-3
"""


def score_csv(folder: Path) -> Made:
    """Scores as CSV."""
    return _scores(folder, "s.csv", CONTRACT, None, failed_score=-1)


def score_parquet(folder: Path) -> Made:
    """Scores as Parquet."""
    path = folder / "s.parquet"
    (folder / "s.csv").write_text(CONTRACT)
    pd.read_csv(folder / "s.csv").to_parquet(path)
    return _scores(folder, "s.parquet", path.read_bytes(), None)


def score_bfw(folder: Path) -> Made:
    """BFW's table of scores."""
    return _scores(folder, "bfw.csv", BFW, "bfw", column="vgg16")


def score_bob4(folder: Path) -> Made:
    """Four columns of bob."""
    text = "a1 a1 a2 0.75\n# made\n\na1 b1 b1 nan\n"
    return _scores(folder, "four.txt", text.replace("a1 a1", "a1 a1"), "bob-4col")


def score_bob5(folder: Path) -> Made:
    """Five columns of bob."""
    return _scores(
        folder, "five.txt", "a a1 a a2 0.75\na a1 b b1 NaN\nb b2 b b1 1e-3\n", "bob-5col"
    )


def score_matrix(folder: Path) -> Made:
    """A matrix as text with ids for both sides."""
    (folder / "rows.txt").write_text("a1\nb1\n")
    (folder / "columns.csv").write_text("sample_id\na2\nb2\n")
    ids = {"ids": folder / "rows.txt", "column_ids": folder / "columns.csv"}
    return _scores(folder, "m.txt", "0.9,0.1\n0.2,nan\n", "matrix", **ids)


def score_npy(folder: Path) -> Made:
    """A matrix as an array."""
    (folder / "ids.txt").write_text("\n".join(IDS))
    matrix = np.full((4, 4), 0.25)
    np.save(folder / "m.npy", matrix)
    content = (folder / "m.npy").read_bytes()
    return _scores(folder, "m.npy", content, "matrix", ids=folder / "ids.txt")


def score_bssr1(folder: Path) -> Made:
    """Similarity files of BSSR1 and the lists they belong to."""
    table = pd.DataFrame(
        {
            "sample_id": ["user/0.x", "user/1.x", "enrollee/0.x", "enrollee/1.x"],
            "subject_id": ["0", "1", "0", "1"],
            "path": "",
            "mask": "unmasked",
        }
    )
    known = Samples(table, Path(), {}, ("unmasked",))
    files = []
    for name in ("users", "enrollees"):
        rows = "".join(f'<signature name="{n}.x" subject_id="{n}"/>\n' for n in range(2))
        files.append(folder / f"{name}.xml")
        files[-1].write_text(f"<?xml version='1.0'?>\n<set>\n{rows}</set>\n")
    (folder / "sims").mkdir()
    for n in range(2):
        files.append(folder / "sims" / f"{n}.x")
        files[-1].write_text("biometricscores.nist.gov/similarity\n2\n0.5\n-1\nend\n")
    options = FormatOptions(sets=folder, failed_score=-1)
    return Made(
        files, lambda: read_scores(folder / "sims", known, form="bssr1-xml", options=options)
    )


def candidates(folder: Path) -> Made:
    """Candidate lists and who was enrolled."""
    lists, gallery = folder / "lists.csv", folder / "gallery.csv"
    lists.write_text(
        "search_id,rank,candidate_id,score,status\na2,1,a1,0.9,\na2,2,b1,0.5,ok\nb2,,,,timeout\n"
    )
    gallery.write_text("sample_id,status\na1,\nb1,ok\n")
    known = samples()

    def read() -> None:
        read_candidates(lists, known, gallery=read_enrolled(gallery, known, "given"))

    return Made([lists, gallery], read)


VECTORS = np.array([[1.0, 0.0, -0.5], [0.25, 2.0, 0.0], [3.0, 4.0, 0.0]])


def _templates(form: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        path, beside = folder / f"t.{form.split(maxsplit=1)[0]}", None
        columns = {f"d{k}": VECTORS[:, k] for k in range(3)}
        named = {"sample_id": IDS[:3], "status": ["", "", "ok"]}
        match form:
            case "npy":
                np.save(path, VECTORS)
                beside = folder / "ids.txt"
                beside.write_text("\n".join(IDS[:3]))
            case "npz":
                np.savez(path, ids=np.array(IDS[:3]), templates=VECTORS, status=["", "", ""])
            case "csv":
                pd.DataFrame(named | columns).to_csv(path, index=False)
            case "parquet":
                pd.DataFrame(named | columns).to_parquet(path)
            case _:
                lists = {"template": [row.tolist() for row in VECTORS]}
                pd.DataFrame(named | lists).to_parquet(path)
        known = samples()

        def read() -> None:
            for comparison in ("cosine", "euclidean"):
                found = TemplateFile.find(path, beside, comparison).read(known)
                if not np.isfinite(found.vectors).all():
                    raise AssertionError("a template that is not finite was taken")

        return Made([path, *([beside] if beside else [])], read)

    make.__doc__ = f"Templates as {form}."
    return make


def _pieces(folder: Path) -> tuple[Path, Path]:
    """Write templates as a folder of arrays; return it and the file of their ids."""
    pieces, ids = folder / "pieces", folder / "ids.txt"
    pieces.mkdir()
    np.save(pieces / "1.npy", VECTORS[:2].astype(np.float32))
    np.save(pieces / "2.npy", VECTORS[2:].astype(np.float32))
    ids.write_text("\n".join(IDS[:3]))
    return pieces, ids


def _read_apart(place: Path | str, ids: Path) -> None:
    for comparison in ("cosine", "euclidean"):
        found = TemplateFile.find(place, ids, comparison).read(samples(), apart=True)
        if not np.isfinite(found.vectors[0 : len(found.vectors)]).all():
            raise AssertionError("a template that is not finite was taken")


def template_folder(folder: Path) -> Made:
    """Templates as a folder of arrays, read where they lie."""
    pieces, ids = _pieces(folder)
    return Made([*sorted(pieces.iterdir()), ids], lambda: _read_apart(pieces, ids))


def template_url(folder: Path) -> Made:
    """The address of a folder of arrays."""
    import fsspec  # noqa: F401 - absent where the extra is not installed

    pieces, ids = _pieces(folder)
    said = folder / "said.txt"
    said.write_text(f"file://{pieces}")
    return Made(
        [said],
        lambda: _read_apart(os.fsdecode(said.read_bytes()), ids),
        held=True,
        replaced=(),
    )


ANSWERS = (
    {"id": 1, "name": "v", "version": "1", "score_kind": "similarity", "symmetric": True,
     "operations": ["enroll", "compare", "search"]},
    {"id": 1, "template": "AAAA"},
    {"id": 1, "failed": "no_face"},
    {"id": 1, "scores": [0.5, None, 1], "failed": {"1": "no_face"}},
    {"id": 1, "candidates": [[0, 0.9], [2, 0.5]]},
)  # fmt: skip


def lines(folder: Path) -> Made:
    """Lines that a vendor's program answers."""
    path = folder / "answers.jsonl"
    path.write_text("\n".join(map(json.dumps, ANSWERS)))
    refused = 0

    def answered(line: bytes, place: int) -> None:
        answer = vendor_messages.decode(line, 1)
        match place % 5:
            case 0:
                vendor_messages.read_hello(answer)
            case 1 | 2:
                vendor_messages.read_template(answer)
            case 3:
                vendor_messages.read_scores(answer, 3)
            case _:
                vendor_messages.read_candidates(answer, 3, 3, falling=True)

    def read() -> None:
        nonlocal refused
        for place, line in enumerate(path.read_bytes().split(b"\n")):
            try:
                answered(line, place)
            except vendor_messages.AnswerError as wrong:
                refused += 1
                if len(str(wrong)) > 500 or not str(wrong).isprintable():
                    raise AssertionError(f"shows too much: {str(wrong)[:200]!r}") from wrong

    return Made([path], read, form="text", replaced=())


def line_trees(folder: Path) -> Made:
    """One answer of a vendor's program with other values inside."""
    made = lines(folder)
    files = []
    for place, answer in enumerate(ANSWERS):
        files.append(folder / f"{place}.json")
        files[-1].write_text(json.dumps(answer))
    joined = made.files[0]

    def read() -> None:
        joined.write_bytes(b"\n".join(each.read_bytes().replace(b"\n", b" ") for each in files))
        made.read()

    return Made(files, read, out=(joined,), replaced=())


KINDS = {
    "score-csv": score_csv, "score-parquet": score_parquet, "score-bfw": score_bfw,
    "score-bob4": score_bob4, "score-bob5": score_bob5, "score-matrix": score_matrix,
    "score-npy": score_npy, "score-bssr1": score_bssr1, "candidates": candidates,
    "template-npy": _templates("npy"), "template-npz": _templates("npz"),
    "template-csv": _templates("csv"), "template-parquet": _templates("parquet"),
    "template-lists": _templates("parquet lists"), "template-folder": template_folder,
    "template-url": template_url, "answers": lines, "answer-trees": line_trees,
}  # fmt: skip
