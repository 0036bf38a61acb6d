"""IJB-B and IJB-C: lists of templates, media, boxes, labels by vote, matches; a whole audit."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest
from PIL import Image

from evenmatch.data.card import DEMO_ROOT
from evenmatch.errors import RequestError
from evenmatch.matching import registry
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.run import evaluate

G1, G2 = "protocols/ijbc_1N_gallery_G1.csv", "protocols/ijbc_1N_gallery_G2.csv"
PROBES = "protocols/ijbc_1N_probe_mixed.csv"
METADATA = "protocols/ijbc_metadata.csv"
MATCHES = "protocols/ijbc_11_G1_G2_matches.csv"
HEAD = "TEMPLATE_ID,SUBJECT_ID,FILENAME,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n"
FULL = (
    "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT,"
    "FRAME_NUM,FACIAL_HAIR,AGE,INDOOR_OUTDOOR,SKINTONE,GENDER,YAW,ROLL\n"
)


@pytest.fixture
def ijb(published):
    made = published("ijb")
    made.bench.attribute("sex", "subject")
    made.bench.attribute("skin_tone", "subject")
    made.bench.attribute("role", "sample", ["gallery_1", "gallery_2", "probe", "covariate"])
    made.write(G1, HEAD + "1,10,img/1.jpg,5,6,30,40\n1,10,img/2.jpg,0,0,20,20\n")
    made.write(G2, HEAD + "2,20,img/3.png,5,6,30,40\n")
    probes = "3,10,frames/7.png,1,2,30,40\n3,10,frames/8.png,1,2,30,40\n3,10,img/9.jpg,1,2,3,4\n"
    made.write(PROBES, HEAD + probes + "4,20,img/3.png,5,6,30,40\n")
    made.write(
        METADATA,
        "SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT,AGE,SKINTONE,GENDER\n"
        "10,img/1.jpg,501,5,6,30,40,2,3,Male\n"
        "10,img/2.jpg,502,0,0,20,20,3,3,Male\n"
        "10,frames/7.png,503,1,2,30,40,3,4,Female\n"
        "10,frames/8.png,503,1,2,30,40,3,3,Male\n"
        "10,img/9.jpg,504,1,2,3,4,,,\n"
        "20,img/3.png,601,5,6,30,40,1,-1,nan\n",
    )
    made.write(MATCHES, "1,3\n1,4\n2,3\n2,4\n")
    return made


def test_a_row_is_a_template_with_its_subject_and_the_list_it_is_in(ijb):
    assert ijb.rows("path", "role") == [
        ["1", "10", "", "gallery_1"],
        ["2", "20", "", "gallery_2"],
        ["3", "10", "", "probe"],
        ["4", "20", "", "probe"],
    ]
    assert ijb.samples().attributes["role"] == ("gallery_1", "gallery_2", "probe")


def test_media_are_sightings_with_boxes(ijb):
    samples = ijb.samples()
    media = samples.media[samples.media["sample_id"] == "3"]
    assert media["media_id"].tolist() == ["503", "503", "504"]
    assert media["path"].tolist() == ["frames/7.png", "frames/8.png", "img/9.jpg"]
    assert media[["left", "top", "width", "height"]].to_numpy()[0].tolist() == [1, 2, 30, 40]
    assert samples.root == ijb.folder / "images"


def test_labels_are_what_most_photographs_say(ijb):
    assert ijb.rows("sex", "skin_tone", "age") == [
        ["1", "10", "male", "3", "unknown"],  # 2 and 3 once each
        ["2", "20", "unknown", "unknown", "1"],
        ["3", "10", "male", "3", "3"],
        ["4", "20", "unknown", "unknown", "1"],
    ]
    sex, tone, age = ijb.samples().notices
    assert sex.startswith("IJB: GENDER differs between the photographs of 1 persons; their sex is")
    assert tone.startswith("IJB: SKINTONE differs between the photographs of 1 persons")
    assert age.startswith("IJB: AGE differs between the photographs of 1 templates; their age is")


def test_lists_that_say_everything_need_no_metadata(ijb):
    ijb.write(G1, FULL + "1,10,img/1.jpg,77,5,6,30,40,,0,4,1,2,1,0,0\n")
    ijb.write(G2, FULL + "2,20,img/3.png,78,5,6,30,40,,0,5,1,6,0,0,0\n")
    ijb.write(PROBES, FULL + "3,10,img/9.jpg,79,5,6,30,40,,0,4,1,2,1,0,0\n")
    (ijb.folder / METADATA).unlink()
    assert [row[2:] for row in ijb.rows("sex", "skin_tone", "age")] == [
        ["1", "2", "4"],
        ["0", "6", "5"],
        ["1", "2", "4"],
    ]
    assert ijb.samples().media["media_id"].tolist() == ["77", "78", "79"]
    assert ijb.samples().notices == ()


def test_without_sightings_and_labels_every_file_is_a_medium_and_that_is_said(ijb):
    (ijb.folder / METADATA).unlink()
    samples = ijb.samples()
    assert samples.media["media_id"].tolist() == samples.media["path"].tolist()
    assert samples.notices == (
        "IJB: neither the lists nor ijbc_metadata.csv say SIGHTING_ID, GENDER, SKINTONE, AGE.",
    )


def test_photographs_the_metadata_does_not_know_are_counted(ijb):
    ijb.write(METADATA, "SUBJECT_ID,FILENAME,GENDER\n10,img/1.jpg,female\n")
    assert ijb.rows("sex")[0] == ["1", "10", "female"]
    assert "knows nothing of 6 of 7 photographs" in ijb.samples().notices[0]


def test_matches_are_trials_gallery_first_in_the_file(ijb):
    assert ijb.trials(MATCHES) == [("3", "1"), ("4", "1"), ("3", "2"), ("4", "2")]


def test_a_list_with_labels_is_held_against_the_subjects(ijb):
    ijb.write("meta/ijbc_template_pair_label.txt", "1 3 1\n1 4 0\n")
    assert ijb.trials("meta/ijbc_template_pair_label.txt") == [("3", "1"), ("4", "1")]
    ijb.write("meta/ijbc_template_pair_label.txt", "1 3 1\n1 4 1\n")
    with pytest.raises(RequestError, match="mated is '1', but the subjects say the opposite"):
        ijb.trials("meta/ijbc_template_pair_label.txt")


def test_a_heading_above_the_matches_is_passed_over(ijb):
    ijb.write("match.csv", "ENROLL_TEMPLATE_ID,VERIF_TEMPLATE_ID\n1,3\n")
    assert ijb.trials("match.csv") == [("3", "1")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "begins with ''"),
        ("1\n2\n", "begins with '1', and a row should name two templates"),
        ("1,3,1,0\n", "a row should name two templates"),
        ("a,b\n", "lists no comparison"),
        ("1,3\n1,3,4,5\n", "no readable list of matches"),
        (b"1,3\n\xff,4\n", "no readable list of matches"),
        (b"\xff\xfe1,3\n", "no readable list of matches"),
        ("1,99\n", "probe_id is no sample"),
        ("1,3\n1\n", "is no sample"),
        ("1,1\n", "compares a photograph with itself"),
    ],
)
def test_broken_matches_are_refused(ijb, content, reason):
    ijb.write(MATCHES, content)
    with pytest.raises(RequestError, match=reason):
        ijb.trials(MATCHES)


def test_loose_crops_have_media_of_their_own_and_no_box(ijb):
    crops = "1.jpg 1 100\n2.jpg 1 100\n3.jpg 3 200\n4.jpg 9 1\n"
    ijb.write("meta/ijbc_face_tid_mid.txt", crops)
    samples = ijb.samples()
    assert samples.table["sample_id"].tolist() == ["1", "3"]
    assert samples.media["media_id"].tolist() == ["100", "100", "200"]
    assert np.isnan(samples.media[["left", "width"]].to_numpy()).all()
    assert samples.notices == (
        "IJB: 1 templates are in no list of subjects and were left out.",
        "IJB: 2 templates have no photograph and were left out.",
    )


def test_crops_of_another_benchmark_are_refused(ijb):
    ijb.write("meta/ijbc_face_tid_mid.txt", "1.jpg 77 1\n")
    with pytest.raises(RequestError, match="names no template of the lists"):
        ijb.samples()


def test_covariate_templates_stand_alone_since_they_are_numbered_anew(ijb):
    ijb.bench.card["samples"]["files"] = {"covariates": "protocols/covariate.csv"}
    ijb.write("protocols/covariate.csv", HEAD + "1,20,img/3.png,5,6,30,40\n")
    assert ijb.rows("role") == [["1", "20", "covariate"]]


def test_photographs_listed_again_count_once_and_boxes_without_area_are_no_boxes(ijb):
    ijb.write(G1, HEAD + "1,10,img/1.jpg,5,6,30,40\n" * 2 + "1,10,img/2.jpg,5,6,0,40\n")
    samples = ijb.samples()
    assert samples.media["path"].tolist()[:2] == ["img/1.jpg", "img/2.jpg"]
    assert np.isnan(samples.media["left"].iloc[1])
    assert "1 of 8 photographs of templates have no usable box" in samples.notices[0]
    assert "1 photographs are listed again in their template" in samples.notices[1]


def test_a_template_in_two_lists_has_the_role_of_the_first(ijb):
    ijb.write(G2, HEAD + "1,10,img/5.jpg,5,6,30,40\n2,20,img/3.png,5,6,30,40\n")
    assert ijb.rows("role")[0] == ["1", "10", "gallery_1"]
    assert "1 templates are in two lists" in ijb.samples().notices[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "lacks the column 'TEMPLATE_ID'"),
        ("TEMPLATE_ID,FILENAME\n1,a.jpg\n", "lacks the column 'SUBJECT_ID'"),
        (HEAD, "no template|holds no row"),
        (HEAD + ",10,a.jpg,1,2,3,4\n", "row 2: TEMPLATE_ID is blank"),
        (HEAD + "1,nan,a.jpg,1,2,3,4\n", "row 2: SUBJECT_ID is blank"),
        (HEAD + "1,10,,1,2,3,4\n", "template 1 lists a photograph without a name"),
        (HEAD + "1,10,a.jpg,x,2,3,4\n", "FACE_X of a photograph of template 1 is 'x'"),
        (HEAD + "1,10,a.jpg,inf,2,3,4\n", "which is no number"),
        (
            HEAD + "1,10,a.jpg,1,2,3,4\n1,11,b.jpg,1,2,3,4\n",
            r"template 1 has two subjects \(10, 11",
        ),
        (HEAD + "3,99,a.jpg,1,2,3,4\n", "template 3 has two subjects .*place the lists of one"),
        (HEAD + "1,10,../../a.jpg,1,2,3,4\n", "leads outside"),
        (b"TEMPLATE_ID,\xff\n", "no readable UTF-8 CSV"),
    ],
)
def test_a_broken_list_is_refused(ijb, content, reason):
    ijb.write(G1, content)
    with pytest.raises(RequestError, match=reason):
        ijb.samples()


def test_no_list_at_all_is_refused(published):
    with pytest.raises(RequestError, match=r"G1\.csv: there is no such file, nor another list"):
        published("ijb").samples()


class Shades:
    """A matcher of another package: 4 by 4 shades as a unit vector; no face in black."""

    seen = 0

    def __init__(self, options):
        self.name, self.digest, self.dimension = options.name, "5ade5", 48
        self.score_kind, self.facts = ScoreKind.INNER_PRODUCT, {}

    def extract(self, photographs):
        """Return one template, or one reason, for each photograph."""
        Shades.seen += len(photographs)
        return [self._template(photograph) for photograph in photographs]

    def _template(self, photograph):
        if not photograph.any():
            return FailureReason.NO_FACE
        small = np.asarray(Image.fromarray(photograph).resize((4, 4)), dtype=np.float64)
        shades = (small - small.mean()).reshape(-1)
        return (shades / max(np.linalg.norm(shades), 1e-9)).astype(np.float32)


@pytest.fixture
def demo_ijb(published, monkeypatch):
    """Eight of the demo's subjects in IJB's form: a gallery, probes, one face of two a picture."""
    point = EntryPoint("shades", f"{__name__}:Shades", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Shades)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group else [])
    Shades.seen = 0
    made = published("ijb", resize_to=128)
    made.bench.attribute("sex", "subject", ["female", "male"])
    made.bench.attribute("role", "sample", ["gallery_1", "gallery_2", "probe"])
    lists = {G1: FULL, G2: FULL, PROBES: FULL}
    for number in range(8):
        sex = "F" if number % 2 else "M"
        for shot, name in enumerate(("near", "close", "apart", "far")):
            face = Image.open(DEMO_ROOT / f"faces/g{number:03d}_{name}.jpg").convert("RGB")
            picture = Image.new("RGB", (200, 100))
            picture.paste(face, (120, 20))
            path = made.folder / f"images/img/{number}{shot}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
            probe = shot > 1
            where = PROBES if probe else (G1 if number < 4 else G2)
            template, sighting = (100 + number if probe else number), number * 10 + shot
            row = f"{template},{number},img/{number}{shot}.png,{sighting},132,32,40,40"
            lists[where] += f"{row},,0,3,1,2,{sex},0,0\n"
        # A second face of somebody in the dark: the box shows nothing.
        lists[PROBES] += (
            f"{100 + number},{number},img/{number}2.png,{900 + number},0,0,20,20,"
            f",0,3,1,2,{sex},0,0\n"
        )
    for name, text in lists.items():
        made.write(name, text)
    matches = "".join(f"{g},{100 + p}\n" for g in range(8) for p in range(8) if g % 2 == p % 2)
    made.write(MATCHES, matches)
    made.bench.card["protocols"] = {"verification": {"kind": "listed", "file": MATCHES}}
    return made


def test_an_audit_of_templates_from_the_lists_to_the_tables(demo_ijb, tmp_path):
    config = demo_ijb.bench.config(
        matchers=[{"name": "shades", "kind": "shades"}],
        groups=[["sex"]],
        one_to_one={"operating_points": ["fmr=0.1", "threshold=0.5"]},
        one_to_many={
            "gallery": {"where": {"role": "gallery_1"}, "enrolled": 1.0},
            "searches": {"where": {"role": "probe"}},
            "operating_points": ["threshold=0.5"],
            "ranks": [1],
        },
        report={"formats": ["csv", "html"]},
    )
    result = evaluate(config, tmp_path).result
    mated = [row for row in result.error_rates if row.metric == "fnmr" and row.group_by == "all"]
    others = [row for row in result.error_rates if row.metric == "fmr" and row.group_by == "all"]
    assert {(row.trials, row.subjects) for row in mated} == {(8, 8)}
    assert {row.trials for row in others} == {24}
    assert {row.probe_group for row in result.error_rates if row.group_by == "sex"} == {
        "female",
        "male",
    }
    facts = result.matchers[0].facts
    assert facts["photographs of templates"].startswith("8 of 40 gave no template")
    # Everybody of the first gallery is enrolled, in one split; the second's people are strangers.
    searched = [row for row in result.identification if not row.gallery.startswith("only:")]
    assert {(row.gallery, row.gallery_templates) for row in searched} == {("split-1", 4)}
    assert {row.searches for row in searched if row.group_by == "all"} == {4}
    assert Shades.seen == 40
    evaluate(config, tmp_path, fresh=True)
    assert Shades.seen == 40  # every face came from the cache
