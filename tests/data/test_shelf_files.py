"""Cards and loaders agree: a benchmark of three made-up people, laid out as its card says."""

import pytest

from evenmatch.data.benchmark import benchmark_files, load_samples
from evenmatch.data.card import card_names, load_card
from evenmatch.data.protocols import load_trials

# Every fixture is the published layout with as few lines as it can have; photographs are empty
# files, since nothing here opens one.
LFW_FOLDERS = ("A_B/A_B_0001.jpg", "A_B/A_B_0002.jpg", "C_D/C_D_0001.jpg")
LFW_PAIRS = "1\t1\nA_B\t1\t2\nA_B\t1\tC_D\t1\n"
KUMAR = (
    "person\timagenum\tMale\tSmiling\tBaby\tChild\tYouth\tMiddle Aged\tSenior"
    "\tNo Eyewear\tEyeglasses\tSunglasses"
)
FLAT_PAIRS = "A_B_0001.jpg 1\nA_B_0002.jpg 1\nA_B_0001.jpg 0\nC_D_0001.jpg 0\n"
CELEBA = [name for name in load_card("celeba").attributes if name not in {"sex", "partition"}]


def lfw(folder: str, pairs: str) -> dict[str, str]:
    return {
        **{f"{folder}/{name}": "" for name in LFW_FOLDERS},
        pairs: LFW_PAIRS,
        "pairsDevTest.txt": "1\nA_B\t1\t2\nA_B\t1\tC_D\t1\n",
        "male_names.txt": "A_B_0001.jpg\nA_B_0002.jpg\n",
        "female_names.txt": "C_D_0001.jpg\n",
        "lfw_attributes.txt": f"# Kumar et al.\n#\t{KUMAR}\nA B\t1" + "\t0.5" * 10 + "\n",
    }


def rfw() -> dict[str, str]:
    files = {}
    for label in ("Caucasian", "Indian", "Asian", "African"):
        for person, shots in ((f"m.{label}1", (1, 2)), (f"m.{label}2", (1,))):
            for shot in shots:
                files[f"data/{label}/{person}/{person}_{shot:04d}.jpg"] = ""
        files[f"txts/{label}/{label}_pairs.txt"] = (
            f"m.{label}1\t1\t2\nm.{label}1\t1\tm.{label}2\t1\n"
        )
    return files


def ijb(folder: str, prefix: str, letter: str) -> dict[str, str]:
    head = (
        "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT,"
        "GENDER,SKINTONE,AGE\n"
    )
    rows = {
        f"gallery_{letter}1": "1,7,img/1.jpg,70,1,2,30,40,1,3,2\n",
        f"gallery_{letter}2": "2,8,img/2.jpg,80,1,2,30,40,0,1,3\n",
        "probe_mixed": "3,7,frames/3.jpg,71,1,2,30,40,1,3,2\n",
    }
    lists = {f"{folder}/{prefix}_1N_{name}.csv": head + row for name, row in rows.items()}
    matches = {f"{folder}/{prefix}_11_{letter}1_{letter}2_matches.csv": "1,3\n2,3\n"}
    pictures = {f"images/{path}": "" for path in ("img/1.jpg", "img/2.jpg", "frames/3.jpg")}
    return lists | matches | pictures


def celeba() -> dict[str, str]:
    names = ["Male", *(name.title() for name in CELEBA)]
    rows = [("000001.jpg", "1"), ("000002.jpg", "1"), ("000003.jpg", "-1")]
    return {
        **{f"img_align_celeba/{name}": "" for name, _ in rows},
        "identity_CelebA.txt": "000001.jpg 1\n000002.jpg 1\n000003.jpg 2\n",
        "list_attr_celeba.txt": f"3\n{' '.join(names)}\n"
        + "".join(f"{name} {' '.join([sign] * len(names))}\n" for name, sign in rows),
        "list_eval_partition.txt": "000001.jpg 0\n000002.jpg 0\n000003.jpg 2\n",
    }


def cfp() -> dict[str, str]:
    files = {
        f"Data/Images/{person}/{view}/{shot}.jpg": ""
        for person in ("001", "002")
        for view in ("frontal", "profile")
        for shot in ("01", "02")
    }
    for letter, view in (("F", "frontal"), ("P", "profile")):
        files[f"Protocol/Pair_list_{letter}.txt"] = "".join(
            f"{2 * (person - 1) + shot} ../Data/Images/00{person}/{view}/0{shot}.jpg\n"
            for person in (1, 2)
            for shot in (1, 2)
        )
    for kind in ("FF", "FP"):
        files[f"Protocol/Split/{kind}/01/same.txt"] = "1,2\n"
        files[f"Protocol/Split/{kind}/01/diff.txt"] = "1,3\n"
    return files


def bssr1() -> dict[str, str]:
    lists = {"users": ("u1", "u2"), "enrollees": ("e1", "e2")}
    return {
        f"sets/dos/{file}.xml": "<set>"
        + "".join(f'<signature name="{name}" subject_id="{name[1]}"/>' for name in names)
        + "</set>"
        for file, names in lists.items()
    }


MFR2 = {
    **{f"{name[:-4]}.png": "" for name in LFW_FOLDERS},
    "mfr2_labels.txt": "A_B, 1, surgical\nA_B, 2, no-mask\nC_D, 1, cloth\n",
    "pairs.txt": "A_B 1 2\nA_B 1 C_D 1\n",
}
MLFW = {
    **{f"aligned/{name}": "" for name in ("A_B_0001_0000.jpg", "A_B_0002.jpg", "C_D_0001.jpg")},
    "masks.csv": "sample_id,mask\nA_B_0001_0000.jpg,masked\nA_B_0002.jpg,unmasked\n",
    "pairs.txt": "A_B_0001_0000.jpg A_B_0002.jpg 1\nA_B_0001_0000.jpg C_D_0001.jpg 0\n",
}
FLAT = {f"aligned images/{name}": "" for name in ("A_B_0001.jpg", "A_B_0002.jpg", "C_D_0001.jpg")}
BFW = {
    "bfw-v0.1.5-datatable.csv": "fold,p1,p2,label\n"
    "1,asian_females/n1/1.jpg,asian_females/n1/2.jpg,1\n"
    "1,asian_females/n1/1.jpg,white_males/n2/1.jpg,0\n",
    **{
        f"uncropped-face-samples/{path}": ""
        for path in ("asian_females/n1/1.jpg", "asian_females/n1/2.jpg", "white_males/n2/1.jpg")
    },
}
FOLDERS = {"1/a.jpg": "", "1/b.jpg": "", "2/a.jpg": ""}
LAID_OUT = {
    "agedb": {f"AgeDB/{name}": "" for name in ("0_A_35_f.jpg", "1_A_60_f.jpg", "2_B_20_m.jpg")},
    "bfw": BFW,
    "calfw": {**FLAT, "pairs_CALFW.txt": FLAT_PAIRS},
    "casia-facev5": FOLDERS,
    "celeba": celeba(),
    "cfp-fp": cfp(),
    "cplfw": {**FLAT, "pairs_CPLFW.txt": FLAT_PAIRS},
    "digiface-1m": FOLDERS,
    "ijb-b": ijb("protocol", "ijbb", "S"),
    "ijb-c": ijb("protocols", "ijbc", "G"),
    "lfw": lfw("lfw", "pairs.txt"),
    "lfw-deepfunneled": lfw("lfw-deepfunneled", "pairs.txt"),
    "mfr2": MFR2,
    "mlfw": MLFW,
    "nist-bssr1": bssr1(),
    "rfw": rfw(),
    "vggface2-test": {f"test/{path}": "" for path in FOLDERS},
    "xqlfw": lfw("xqlfw", "xqlfw_pairs.txt"),
}


@pytest.fixture
def laid_out(tmp_path):
    def write(files: dict[str, str]):
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("name", LAID_OUT)
def test_a_benchmark_laid_out_as_its_card_says_is_read_with_every_label(name, laid_out):
    card, root = load_card(name), laid_out(LAID_OUT[name])
    samples = load_samples(card, root, [], {})
    assert len(samples) >= 3
    labels = set(samples.table.columns) - {"sample_id", "subject_id", "path", "mask"}
    declared = set(card.attributes) - {"mask"}
    if name == "xqlfw":  # LFW's labels may be put beside it; its card promises none
        labels -= set(load_card("lfw").attributes)
    assert labels == declared
    if "mask" in card.attributes:
        assert set(samples.mask_values) - {"unknown"} == {"masked", "unmasked"}


@pytest.mark.parametrize("name", LAID_OUT)
def test_every_listed_protocol_of_a_card_is_read_by_its_loader(name, laid_out):
    card, root = load_card(name), laid_out(LAID_OUT[name])
    loader, places = benchmark_files(card, root)
    samples = load_samples(card, root, [], {})
    for protocol in card.protocols.values():
        if protocol.kind == "listed":
            paths = [root / file for file in protocol.files]
            trials = load_trials(paths, samples, lambda path: loader.trials(path, places))
            mated = samples.people[trials.probes] == samples.people[trials.references]
            assert 0 < mated.sum() < mated.size


def test_every_card_but_those_with_a_manifest_is_laid_out_here():
    elsewhere = {
        "agedb-30",  # a pickle of photographs: the loader's own tests make one
        *("ms-celeb-1m", "megaface", "diversity-in-faces"),  # never to be laid out
    }
    with_manifest = {name for name in card_names() if load_card(name).samples.loader == "manifest"}
    assert set(card_names()) == set(LAID_OUT) | elsewhere | with_manifest


@pytest.mark.parametrize(
    "name",
    [
        "morph",
        "meds-ii",
        "demogpairs",
        "bupt-balancedface",
        "k-face",
        "rmfrd",
        "chicago-face-database",
    ],
)
def test_a_manifest_written_as_a_card_tells_is_read(name, laid_out):
    card = load_card(name)
    head = ["sample_id", "subject_id", "path", *card.attributes]
    values = [
        attribute.values[0] if attribute.values else "30" for attribute in card.attributes.values()
    ]
    rows = [["a", "1", "a.jpg", *values], ["b", "2", "b.jpg", *values]]
    text = "\n".join(",".join(row) for row in [head, *rows])
    samples = load_samples(card, laid_out({card.samples.manifest: text}), [], {})
    assert len(samples) == 2
    assert set(samples.attributes) == set(card.attributes) - {"mask"}
