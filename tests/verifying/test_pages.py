"""`evenmatch verify` renders pages and figures again: an edit is found, its digest or not."""

import json
import shutil

import pytest

from evenmatch.reporting.digests import note_digests
from evenmatch.run import evaluate


@pytest.fixture(scope="module")
def rendered(bench_of_two, tmp_path_factory):
    """Give a small audit with its page, its short report and its figures."""
    bench, entries = bench_of_two
    config = bench.config(
        groups=[["sex"]],
        matchers=entries[:1],
        report={"formats": ["html", "csv", "md"]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENMATCH_CACHE", str(tmp_path_factory.mktemp("private")))
        return evaluate(config, tmp_path_factory.mktemp("out")).folder


@pytest.fixture
def audit(rendered, tmp_path):
    """Give a copy of it to tamper with."""
    return shutil.copytree(rendered, tmp_path / "audit")


def verified(command, audit):
    """Give the exit code, the checks by part and every difference."""
    code, out, _ = command("verify", audit, "--json")
    checks = {check["part"]: check for check in json.loads(out)["checks"]}
    return code, checks, [each for check in checks.values() for each in check["differences"]]


def edit(path, old, new):
    """Change a text that is there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def made_with(audit, **versions):
    """Let the audit name other versions."""
    path = audit / "digests.json"
    content = json.loads(path.read_text())
    content["rendered_with"] |= versions
    path.write_text(json.dumps(content))


def test_untouched_pages_and_figures_are_found_again_to_the_byte(rendered, command):
    code, checks, every = verified(command, rendered)
    assert (code, every) == (0, [])
    assert checks["pages"]["checked"] == checks["pages"]["rows"] == 2
    plots = [
        path for path in (rendered / "plots").iterdir() if path.suffix in (".svg", ".png", ".pdf")
    ]
    assert checks["figures"]["checked"] == checks["figures"]["rows"] == len(plots) > 10


def test_what_is_edited_or_taken_out_along_with_its_digest_is_found(audit, command):
    edit(audit / "report.md", "face matcher audit", "face matcher advert")
    edit(audit / "report.html", "Verdict in plain words", "Praise in plain words")
    plots = sorted((audit / "plots").iterdir())
    assert len(plots) > 3
    for path in plots[:3]:
        path.write_bytes(path.read_bytes() + b"\n")
    plots[3].unlink()
    lines = (audit / "error_rates.csv").read_text().splitlines()
    (audit / "error_rates.csv").write_text("\n".join([*lines[:-1], f"{lines[-1]},and wins\n"]))
    note_digests(audit)
    code, _, every = verified(command, audit)
    assert code == 1
    found = {each["row"]: each for each in every}
    names = [f"plots/{path.name}" for path in plots[:4]]
    assert set(found) == {"report.md", "report.html", f"line {len(lines)}", *names}
    assert found[names[3]]["found"] == "none that can be read"
    assert found["report.md"]["column"] == "line 1"
    assert "advert" in found["report.md"]["stated"]
    assert "audit" in found["report.md"]["found"]
    assert "Praise" in found["report.html"]["stated"]
    assert found[f"line {len(lines)}"]["part"] == "error_rates.csv"


def test_what_another_version_rendered_is_told_as_not_compared(audit, command):
    """A figure's bytes depend on what draws; a page's words on evenmatch alone."""
    edit(audit / "report.html", '<path d="', '<path d="M 0 0 ')
    edit(min((audit / "plots").glob("*.svg")), "</svg>", "</svg>\n")
    edit(audit / "report.md", "face matcher audit", "face matcher advert")
    note_digests(audit)
    made_with(audit, matplotlib="0.1")
    code, checks, (wrong,) = verified(command, audit)
    assert (code, wrong["row"]) == (1, "report.md")
    left = [each for part in ("pages", "figures") for each in checks[part]["not_recomputed"]]
    assert [each["rows"] for each in left] == [1, 1]
    made_with(audit, evenmatch="0.0.1")
    code, out, _ = command("verify", audit)
    assert code == 0
    assert "pages made elsewhere (evenmatch 0.0.1), unlike what is made here" in out
    assert "figures made elsewhere (evenmatch 0.0.1, matplotlib 0.1), unlike what is" in out
