"""Valid benchmarks in every format, each read as an audit reads it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import yaml
from fuzzing.watch import Made

from evenmatch.config import load_config
from evenmatch.data.benchmark import benchmark_files, load_samples
from evenmatch.data.card import load_card
from evenmatch.data.croissant import croissant
from evenmatch.data.identities import read_identities
from evenmatch.data.marks import read_marks
from evenmatch.data.protocols import load_trials
from evenmatch.shelf.card_pages import card_document, print_card

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CARD: dict[str, Any] = {
    "schema": 1,
    "name": "made-up",
    "title": "A made-up benchmark",
    "source": {"homepage": "https://example.org", "citation": "Nobody, 2026.", "version": "1"},
    "licence": {"id": "CC0-1.0", "use": "any"},
    "consent": {"basis": "synthetic"},
    "status": {"state": "active"},
    "access": {
        "how": "download",
        "files": [
            {"url": "https://example.org/a.zip", "sha256": "0" * 64, "bytes": 12, "path": "a.zip"}
        ],
    },
    "size": {"subjects": 4, "images": 9},
    "samples": {"loader": "manifest", "manifest": "samples.csv"},
    "attributes": {
        "sex": {"of": "subject", "values": ["female", "male"], "labelled_by": "construction"},
        "age": {"of": "sample", "values": [], "labelled_by": "unknown"},
    },
    "protocols": {"all-pairs": {"kind": "all-pairs"}},
    "known_issues": ["It was made up."],
}
MANIFEST = """sample_id,subject_id,path,sex,age,mask
a1,a,a/1.jpg,female,31,unmasked
a2,a,a/2.jpg,female,32,masked
b1,b,b/1.jpg,male,,unmasked
b2,b,b/2.jpg,male,70,
c1,c,c/1.jpg,,18,unmasked
"""
PAIRS = "probe_id,reference_id,mated,fold\na1,a2,1,1\nb1,b2,1,1\na1,b1,0,2\nc1,a2,0,2\n"
CONFIG: dict[str, Any] = {
    "schema": 1,
    "name": "made-up",
    "seed": 5,
    "benchmark": {"card": "made-up.yaml", "root": "x", "protocol": "all-pairs"},
    "matchers": [
        {"name": "a", "kind": "scores", "path": "a.csv", "score_kind": "distance"},
        {"name": "b", "kind": "dlib", "faces": "central"},
        {"name": "c", "kind": "command", "command": ["./c", "--x"], "environment": ["TOKEN"]},
        {"name": "d", "kind": "http", "url": "http://127.0.0.1:1/", "timeout": 5},
        {"name": "e", "kind": "templates", "path": "e.npz", "score_kind": "cosine"},
    ],
    "masks": {"synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}]},
    "groups": [["sex"], ["sex", "age"]],
    "classes": {"age": [18, 30.5]},
    "one_to_one": {"operating_points": ["fmr=0.01", "threshold=0.5"], "calibrate_on": {"sex": "x"}},
    "one_to_many": {
        "gallery": {"where": {"session": "s0"}},
        "searches": {"where": {"session": "s1"}},
        "operating_points": ["fpir=0.1"],
        "ranks": [1, 5],
    },
    "statistics": {"primary": [{"metric": "fmr", "group_by": ["sex"]}], "gaps": {"age": [1, 5]}},
    "policy": {"consent": ["informed"], "override": {"x": "a reason long enough"}},
    "tracking": {"uri": "sqlite:///x.db"},
    "report": {"formats": ["csv"]},
    "compute": {"device": "cpu"},
}


def card(folder: Path) -> Made:
    """A card, shown and exported."""
    path = folder / "card.yaml"
    path.write_text(yaml.safe_dump(CARD, sort_keys=False))

    def read() -> None:
        found = load_card(str(path))
        found.digest()
        croissant(found)
        for form in ("json", "croissant"):
            card_document(found, form)
        print_card(found)

    return Made([path], read)


def config(folder: Path) -> Made:
    """A run's config, written back and read again."""
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(CONFIG, sort_keys=False))

    def read() -> None:
        found = load_config(path)
        found.digest()
        if type(found).model_validate(found.as_written()) != found:
            raise AssertionError("a config written back reads as another")

    return Made([path], read)


def override(folder: Path) -> Made:
    """A key set on the command line."""
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    said = folder / "said.txt"
    said.write_text("one_to_one.operating_points=[fmr=0.01, fmr=0.001]")
    return Made(
        [said], lambda: load_config(path, (said.read_text(errors="surrogateescape"),)).digest(),
        replaced=(),
    )  # fmt: skip


def published(
    folder: Path, loader: str, files: Mapping[str, str | bytes], lists: tuple[str, ...] = (),
    photographs: tuple[str, ...] = (), **samples: Any,
) -> Made:  # fmt: skip
    """A benchmark in a published format: its photographs, labels and lists."""
    path = folder / "card.yaml"
    content = {**CARD, "samples": {"loader": loader, **samples}, "attributes": {}}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    root = folder / "root"
    for name in photographs:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    known = load_card(str(path))

    def read() -> None:
        found = load_samples(known, root, (), {})
        if lists:
            reads, places = benchmark_files(known, root)
            for name in lists:
                load_trials([root / name], found, lambda each: reads.trials(each, places))

    return Made([root / name for name in files], read)


def manifest(folder: Path) -> Made:
    """A manifest and a list of pairs, with bands and groups."""
    made = published(
        folder, "manifest", {"samples.csv": MANIFEST, "pairs.csv": PAIRS}, ("pairs.csv",)
    )
    path = folder / "labelled.yaml"
    path.write_text(yaml.safe_dump(CARD, sort_keys=False))
    known = load_card(str(path))
    root = folder / "root"

    def read() -> None:
        load_samples(known, root, (("sex",), ("age", "sex")), {"age": (18.0, 30.5)})
        made.read()

    return Made(made.files, read)


def agedb(folder: Path) -> Made:
    """AgeDB's file names and a list of pairs."""
    names = ("AgeDB/0_MariaCallas_35_f.jpg", "AgeDB/1_MariaCallas_7_f.jpg")
    pairs = f"probe_id,reference_id,mated\n{names[0][6:]},{names[1][6:]},1\n"
    return published(folder, "agedb", {"pairs.csv": pairs}, ("pairs.csv",), names)


def bfw(folder: Path) -> Made:
    """BFW's table of pairs."""
    head = "fold,p1,p2,label,id1,id2,att1,att2,vgg16,a1,a2,g1,g2,e1,e2\n"
    one, two = "asian_females/n000009/0010_01.jpg", "asian_females/n000009/0043_01.jpg"
    other = "black_males/n000100/0001_01.jpg"
    rows = (
        f"1,{one},{two},1,0,0,asian_females,asian_females,0.82,AF,AF,F,F,A,A\n"
        f"2,{one},{other},0,0,1,asian_females,black_males,0.2,AF,BM,F,M,A,B\n"
    )
    name = "bfw-v0.1.5-datatable.csv"
    return published(folder, "bfw", {name: head + rows}, (name,))


def bssr1(folder: Path) -> Made:
    """BSSR1's lists of users and enrolled people."""
    head = '<?xml version="1.0"?>\n<biometric-signature-set>\n'
    files = {
        f"sets/dos/{name}.xml": head
        + "".join(f'<signature name="{n}.x" subject_id="{n}"/>\n' for n in range(3))
        + "</biometric-signature-set>\n"
        for name in ("users", "enrollees")
    }
    return published(folder, "bssr1", files)


def calfw(folder: Path) -> Made:
    """CALFW's list, two lines a comparison."""
    names = ("AJ_Cook_0001.jpg", "AJ_Cook_0002.jpg", "Bo_0001.jpg")
    text = f"{names[0]} 1\n{names[1]} 1\n{names[0]} 0\n{names[2]} 0\n"
    photographs = tuple(f"aligned images/{name}" for name in names)
    return published(folder, "calfw", {"pairs.txt": text}, ("pairs.txt",), photographs)


def celeba(folder: Path) -> Made:
    """CelebA's identities, attributes and partition."""
    files = {
        "identity_CelebA.txt": "000001.jpg 2880\n000002.jpg 2880\n000003.jpg 7\n",
        "list_attr_celeba.txt": "3\nBald Male Young \n"
        "000001.jpg -1  1  1\n000002.jpg -1  1 -1\n000003.jpg  1 -1  1\n",
        "list_eval_partition.txt": "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n",
    }
    return published(folder, "celeba", files)


def cfp(folder: Path) -> Made:
    """CFP's numbered photographs and folds."""
    views = {
        view: "".join(f"{n} ../Data/Images/00{n}/{view}/01.jpg\n" for n in (1, 2))
        for view in ("frontal", "profile")
    }
    photographs = tuple(
        f"Data/Images/00{n}/{view}/01.jpg" for n in (1, 2) for view in ("frontal", "profile")
    )
    from evenmatch.data.loaders.registry import find_loader

    places = find_loader("cfp").files
    files = {places[view]: text for view, text in views.items()}
    files |= {"Protocol/Split/FP/01/same.txt": "1,1\n", "Protocol/Split/FP/01/diff.txt": "1,2\n"}
    return published(folder, "cfp", files, ("Protocol/Split/FP",), photographs)


def ijb(folder: Path) -> Made:
    """IJB-C's templates, metadata and matches."""
    head = "TEMPLATE_ID,SUBJECT_ID,FILENAME,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n"
    files = {
        "protocols/ijbc_1N_gallery_G1.csv": head + "1,10,img/1.jpg,5,6,30,40\n",
        "protocols/ijbc_1N_gallery_G2.csv": head + "2,20,img/3.png,5,6,30,40\n",
        "protocols/ijbc_1N_probe_mixed.csv": head
        + "3,10,frames/7.png,1,2,30,40\n3,10,img/9.jpg,1,2,3,4\n4,20,img/3.png,5,6,30,40\n",
        "protocols/ijbc_metadata.csv": "SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,"
        "FACE_HEIGHT,AGE,SKINTONE,GENDER\n10,img/1.jpg,501,5,6,30,40,2,3,Male\n"
        "10,frames/7.png,503,1,2,30,40,3,4,Female\n20,img/3.png,601,5,6,30,40,1,-1,nan\n",
        "protocols/ijbc_11_G1_G2_matches.csv": "1,3\n1,4\n2,3\n2,4\n",
    }
    return published(folder, "ijb", files, ("protocols/ijbc_11_G1_G2_matches.csv",))


def insightface(folder: Path) -> Made:
    """InsightFace's verification sets, of every protocol of pickle, arrays of numpy among them."""
    import numpy as np

    names = [b"\xff\xd8\xff" + name for name in (b"a1", b"a2", b"b1", b"b2", b"a1", b"b1")]
    arrays = [np.frombuffer(name, dtype=np.uint8) for name in names]
    said = [True, True, False]
    sets: dict[str, str | bytes] = {
        f"p{protocol}.bin": pickle.dumps((names, said), protocol=protocol) for protocol in range(6)
    }
    sets["arrays.bin"] = pickle.dumps((arrays, np.array(said)), protocol=4)
    sets["old.bin"] = pickle.dumps((arrays, [np.bool_(each) for each in said]), protocol=2)
    made = published(folder, "insightface", sets)
    from evenmatch.data.loaders.registry import find_loader

    loader = find_loader("insightface")

    def read() -> None:
        for path in made.files:
            loader.load({"bin": path})
            loader.trials(path, {"bin": path})

    return Made(made.files, read)


def lfw(folder: Path) -> Made:
    """LFW's pairs, people, lists of names and scores of attributes."""
    columns = "person imagenum Male Asian Baby Child Youth,Middle Aged,Senior Smiling"
    heads = [
        *columns.split(",", maxsplit=1)[0].split(),
        "Middle Aged",
        *columns.split(",")[2].split(),
    ]
    heads += ["No Eyewear", "Eyeglasses", "Sunglasses"]
    row = "\t".join(["Ann Lee", "1", *["0.25"] * (len(heads) - 2)])
    files = {
        "pairs.txt": "1\t1\nAnn_Lee\t1\t2\nAnn_Lee\t1\tBo\t1\n",
        "people.txt": "2\n1\nAnn_Lee\t2\n1\nBo\t1\n",
        "male_names.txt": "Bo_0001.jpg\n",
        "female_names.txt": "Ann_Lee_0001.jpg\nAnn_Lee_0002.jpg\n",
        "lfw_attributes.txt": "# about\n#\t" + "\t".join(heads) + f"\n{row}\n",
    }
    photographs = ("lfw/Ann_Lee/Ann_Lee_0001.jpg", "lfw/Ann_Lee/Ann_Lee_0002.jpg")
    return published(folder, "lfw", files, ("pairs.txt",), (*photographs, "lfw/Bo/Bo_0001.jpg"))


def mfr2(folder: Path) -> Made:
    """MFR2's mask labels and pairs."""
    files = {
        "mfr2_labels.txt": "AdrianDudley, 1, no-mask\nAdrianDudley, 2, surgical\nBoLee, 1, N95\n",
        "pairs.txt": "AdrianDudley 1 2\nAdrianDudley 2 BoLee 1\n",
    }
    people = ("AdrianDudley/AdrianDudley_0001.png", "AdrianDudley/AdrianDudley_0002.png")
    return published(folder, "mfr2", files, ("pairs.txt",), (*people, "BoLee/BoLee_0001.png"))


def mlfw(folder: Path) -> Made:
    """MLFW's pairs and a list of masks."""
    names = ("Aaron_E_0001_0000.jpg", "Aaron_E_0002_0001.jpg", "Bo_0001_0000.jpg")
    files = {
        "masks.csv": f"sample_id,mask\n{names[0]},masked\n{names[1]},unmasked\n",
        "pairs.txt": f"{names[0]}\t{names[1]}\t1\n{names[0]}\t{names[2]}\t0\n",
    }
    photographs = tuple(f"aligned/{name}" for name in names)
    return published(folder, "mlfw", files, ("pairs.txt",), photographs)


def rfw(folder: Path) -> Made:
    """RFW's lists of pairs."""
    name = "txts/African/African_pairs.txt"
    photographs = tuple(
        f"data/African/{who}/{who}_000{shot}.jpg" for who in ("m.01", "m.02") for shot in (1, 2)
    )
    text = "m.01\t1\t2\nm.01\t2\tm.02\t1\n"
    return published(folder, "rfw", {name: text}, (name,), photographs)


def _samples(folder: Path) -> Any:
    path = folder / "plain.yaml"
    path.write_text(yaml.safe_dump({**CARD, "attributes": {}}, sort_keys=False))
    (folder / "samples.csv").write_text(MANIFEST)
    return load_samples(load_card(str(path)), folder, (), {})


def marks(folder: Path) -> Made:
    """A reviewer's marks."""
    samples, path = _samples(folder), folder / "marks.csv"
    path.write_text(
        "probe_id,reference_id,answer,note\na1,b1,looks-right,\na1,a2,looks-right,x\nb1,c1,same-person,\n"
    )
    return Made([path], lambda: read_marks(path, samples))


def identities(folder: Path) -> Made:
    """Lists of who is in a training set."""
    plain, table = folder / "people.txt", folder / "people.csv"
    plain.write_text("# a list\nAnn Lee\nBo_Li\nn000001\n")
    table.write_text('Class_ID,Name,Sample_Num\nn000001,"Lee, Ann",5\nn000002,"Bo Lí",7\n')
    return Made([plain, table], lambda: (read_identities(plain), read_identities(table)))


KINDS = {
    "card": card, "config": config, "override": override, "manifest": manifest, "agedb": agedb,
    "bfw": bfw, "bssr1": bssr1, "calfw": calfw, "celeba": celeba, "cfp": cfp, "ijb": ijb,
    "insightface": insightface, "lfw": lfw, "mfr2": mfr2, "mlfw": mlfw, "rfw": rfw, "marks": marks,
    "identities": identities,
}  # fmt: skip
