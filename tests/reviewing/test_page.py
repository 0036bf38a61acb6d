"""The private page of an audit's worst errors: whom it shows, what it hides, where it lies."""

import base64
import json
import re
import stat

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.data.cache_dir import cache_dir, holdings, purge
from evenmatch.data.marks import read_marks
from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.reviewing.page import write_review
from evenmatch.run import evaluate

IDS = [(f"Zoe_{who}{shot}", f"Zoe_{who}") for who in "abcdef" for shot in "123"]


@pytest.fixture(autouse=True)
def _own_reviews(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))


def scores(shift):
    """Give every pair a score of its own, mated ones higher; `shift` changes the order."""
    pairs = [(one, other) for place, one in enumerate(IDS) for other in IDS[:place]]
    for number, ((one, who), (other, whom)) in enumerate(pairs):
        place = (number * 7 + shift) % len(pairs)
        yield one, other, round((0.6 if who == whom else 0.1) + place / 1000, 6)


@pytest.fixture
def photographed(bench):
    """Six people with photographs on disk, compared by two score files."""
    rows = []
    for number, (one, who) in enumerate(IDS):
        path = f"{one}.png"
        Image.new("RGB", (500, 300), (number * 9, 99, 99)).save(bench.folder / path)
        rows.append({"sample_id": one, "subject_id": who, "path": path, "sex": "female"})
    bench.attribute("sex", "subject", ["female", "male"])
    bench.manifest(rows)
    for name, shift in (("one", 0), ("other", 50)):
        bench.scores(list(scores(shift)), name)
    return bench


def audited(bench, out, **changes):
    matchers = [bench.vendor("one"), bench.vendor("other")]
    return evaluate(bench.config(**({"matchers": matchers} | changes)), out).folder


def content(page):
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def unveiled(page):
    """Return what the page learns once a pair is answered."""
    for *_, veil in content(page)["pairs"]:
        data = base64.b64decode(veil)
        pad, text = data[:16], data[16:]
        yield json.loads(bytes(byte ^ pad[place % 16] for place, byte in enumerate(text)))


def worst(name, bench, number):
    """Return a matcher's worst pairs of each kind, by plain sorting of its score file."""
    table = pd.read_csv(bench.folder / f"{name}.csv")
    mated = table["probe_id"].str[:5] == table["reference_id"].str[:5]
    low = table[mated].nsmallest(number, "score")
    high = table[~mated].nlargest(number, "score")
    return {frozenset(pair) for pair in pd.concat([low, high]).iloc[:, :2].itertuples(index=False)}


def test_each_matcher_gives_as_many_and_a_pair_comes_once(photographed, tmp_path):
    page = write_review(audited(photographed, tmp_path / "out"), top=4)
    shown = [frozenset((known["left"], known["right"])) for known in unveiled(page)]
    assert len(shown) == len(set(shown))
    assert set(shown) == worst("one", photographed, 4) | worst("other", photographed, 4)


def test_the_order_comes_from_the_seed_and_tells_nothing(photographed, tmp_path):
    def order(seed, out):
        page = write_review(audited(photographed, tmp_path / out, seed=seed), top=8)
        return [(known["left"], known["one"]) for known in unveiled(page)]

    one, again, other = order(1, "a"), order(1, "b"), order(2, "c")
    assert one == again
    assert sorted(one) == sorted(other)
    assert one != other
    kinds = [mated for _, mated in one]
    assert kinds not in (sorted(kinds), sorted(kinds, reverse=True))


def test_the_page_names_no_matcher_group_score_or_person(photographed, tmp_path):
    text = write_review(audited(photographed, tmp_path / "out")).read_text(encoding="utf-8")
    text = re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]*", "", text)
    for hidden in ("Zoe", "other.csv", "vendor", "female", "0.5", "threshold", "made-up", "score"):
        assert hidden.lower() not in text.lower(), hidden
    veils = {
        len(veil)
        for *_, veil in json.loads(re.search(r'id="data">(.*?)</script>', text)[1])["pairs"]
    }
    assert len(veils) == 1


def test_it_lies_in_the_private_folder_alone_and_is_purged_with_it(photographed, tmp_path):
    audit = audited(photographed, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in audit.rglob("*")}
    page = write_review(audit)
    assert page == cache_dir() / "reviews" / audit.name / "review.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (page.parent, page.parents[1])} == {
        0o700
    }
    assert {path: path.stat().st_mtime_ns for path in audit.rglob("*")} == before
    assert "reviews" in [name for name, *_ in holdings()]
    purge()
    assert not page.exists()


def test_it_loads_nothing_and_runs_only_its_own_script(photographed, tmp_path):
    text = write_review(audited(photographed, tmp_path / "out")).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(src|href)="(?!data:)|https?:|url\(|@import| style="| on\w+="', text)


def test_pictures_are_upright_and_small_and_carry_no_facts_of_the_camera(photographed, tmp_path):
    sideways = Image.new("RGB", (500, 300), (200, 0, 0))
    exif = sideways.getexif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Zoe"  # turned by a quarter; its maker
    for one, _ in IDS:
        sideways.save(photographed.folder / f"{one}.png", exif=exif)
    page = write_review(audited(photographed, tmp_path / "out"), top=3)
    for picture in content(page)["large"]:
        data = base64.b64decode(picture.split(",", 1)[1])
        path = tmp_path / "picture.jpg"
        path.write_bytes(data)
        with Image.open(path) as image:
            assert image.size == (216, 360)
        assert b"Camera" not in data


def test_other_photographs_of_both_identities_are_ready_for_the_second_question(
    photographed, tmp_path
):
    page = write_review(audited(photographed, tmp_path / "out"), top=3)
    for known in unveiled(page):
        left, right = known["others"]
        assert (len(left), len(right)) == ((1, 1) if known["one"] else (2, 2))
        assert (left == right) == known["one"]


def test_a_photograph_that_cannot_be_read_is_shown_as_such(photographed, tmp_path):
    audit = audited(photographed, tmp_path / "out")
    for one, _ in IDS:
        (photographed.folder / f"{one}.png").write_bytes(b"no picture")
    assert set(content(write_review(audit))["large"]) == {""}


def test_drawn_masks_and_failed_comparisons_are_not_shown(photographed, tmp_path):
    table = pd.read_csv(photographed.folder / "one.csv").assign(status="ok")
    keep = table["score"].nlargest(2).index
    table.loc[~table.index.isin(keep), ["score", "status"]] = [None, "refused"]
    table.to_csv(photographed.folder / "one.csv", index=False)
    audit = audited(photographed, tmp_path / "out", matchers=[photographed.vendor("one")])
    assert len(content(write_review(audit))["pairs"]) == 2


def test_what_cannot_be_reviewed_is_refused_with_the_reason(photographed, tmp_path, monkeypatch):
    audit = audited(photographed, tmp_path / "out")
    for top in (0, 1001):
        with pytest.raises(RequestError, match=r"--top .*choose a number from 1 to 1000"):
            write_review(audit, top)
    with pytest.raises(RequestError, match=r"holds no results\.json"):
        write_review(tmp_path)
    with monkeypatch.context() as there:
        there.setenv("EVENMATCH_CACHE", str(tmp_path / "elsewhere"))
        with pytest.raises(RequestError, match=r"no key .* on the machine that made the audit"):
            write_review(audit)
        Pseudonyms("made-up")
        with pytest.raises(RequestError, match="on the machine that made it"):
            write_review(audit)
    (audit / "scores" / "other.parquet").unlink()
    with pytest.raises(RequestError, match=r"no file .*other\.parquet.*run its config again"):
        write_review(audit)
    rows = [{"sample_id": one, "subject_id": who, "sex": "female"} for one, who in IDS]
    photographed.manifest(rows)
    without = audited(photographed, tmp_path / "without")
    with pytest.raises(RequestError, match="came without photographs"):
        write_review(without)


def test_the_command_prints_where_the_page_is(photographed, tmp_path):
    audit = audited(photographed, tmp_path / "out")
    answer = CliRunner().invoke(app, ["review", str(audit), "--top", "2"])
    assert answer.exit_code == 0
    assert answer.output.strip() == str(cache_dir() / "reviews" / audit.name / "review.html")


def test_the_answers_of_the_page_are_those_that_a_marks_file_may_hold(photographed, tmp_path):
    text = write_review(audited(photographed, tmp_path / "out"), top=2).read_text(encoding="utf-8")
    words = re.search(r"const words = \{(.*?)\};", text, re.DOTALL)[1]
    table = pd.DataFrame(IDS, columns=["sample_id", "subject_id"])
    samples = Samples(table, tmp_path, {}, ("unknown",))
    answers = re.findall(r'^\s*"([a-z-]+)":', words, re.MULTILINE)
    rows = [f"{IDS[2 * n][0]},{IDS[-2 * n - 1][0]},{word}" for n, word in enumerate(answers)]
    path = tmp_path / "marks.csv"
    heading = re.search(r'"(probe_id,reference_id,answer),note"', text)[1]
    for row in rows:
        path.write_text(f"{heading}\n{row}\n")
        assert sum(read_marks(path, samples).answers.values()) == 1
    assert len(answers) == 8
