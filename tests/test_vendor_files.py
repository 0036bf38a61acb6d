"""What a vendor hands over, through the public door: templates, formats and candidate lists."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

PEOPLE, SHOTS, DIMENSION = 40, 2, 8


def made_up(bench, seed=7, people=PEOPLE):
    """Write people of two sexes with two photographs each, and return ids and templates."""
    rng = np.random.default_rng(seed)
    bench.attribute("sex", "subject", ("female", "male"))
    bench.attribute("session", "sample")
    rows = [
        {
            "sample_id": f"p{person:02}-{shot}",
            "subject_id": f"p{person:02}",
            "sex": ("female", "male")[person % 2],
            "session": f"s{shot}",
        }
        for person in range(people)
        for shot in range(SHOTS)
    ]
    bench.manifest(rows)
    centres = np.repeat(rng.standard_normal((people, DIMENSION)), SHOTS, axis=0)
    templates = centres + 0.6 * rng.standard_normal((len(rows), DIMENSION))
    return pd.DataFrame(rows), templates.astype(np.float32)


def searches(**changes):
    return {
        "gallery": {"where": {"session": "s0"}},
        "searches": {"where": {"session": "s1"}},
        "operating_points": ["fpir=0.2", "threshold=0.5"],
        "ranks": [1, 3],
        "splits": 1,
    } | changes


def audited(bench, tmp_path, matchers, **changes):
    bench.scores([("p00-0", "p00-1", 1.0)])
    config = bench.config(matchers=matchers, groups=[["sex"]], **changes)
    return evaluate(config, tmp_path / "out")


def cosine(templates):
    """Score as the engine does: float32 unit templates, float64 products, float32 scores."""
    unit = templates / np.linalg.norm(templates.astype(np.float64), axis=1, keepdims=True)
    unit = unit.astype(np.float32).astype(np.float64)
    return (unit @ unit.T).astype(np.float32).astype(np.float64)


def save_templates(bench, manifest, templates, name="templates.npz"):
    path = bench.folder / name
    np.savez(path, ids=manifest["sample_id"].to_numpy(str), templates=templates)
    return {"name": "made", "kind": "templates", "path": str(path), "score_kind": "cosine"}


def rows_of(audit, matcher, table="identification"):
    """Return one matcher's rows, without its name and without the threshold's last digits."""
    found = []
    for row in getattr(audit.result, table):
        if row.matcher == matcher:
            values = row.model_dump()
            found.append({k: v for k, v in values.items() if k not in ("matcher", "threshold")})
    return found


def candidate_lists(manifest, scores, enrolled, length):
    """Return every search's best candidates as the contract has them."""
    ids = manifest["sample_id"].tolist()
    gallery = [place for place, each in enumerate(ids) if each in enrolled]
    rows = []
    for search, name in enumerate(ids):
        if name in enrolled or manifest["session"].iloc[search] != "s1":
            continue
        best = sorted(gallery, key=lambda place: -scores[search, place])[:length]
        rows += [
            (name, rank, ids[place], float(scores[search, place]))
            for rank, place in enumerate(best, 1)
        ]
    return pd.DataFrame(rows, columns=["search_id", "rank", "candidate_id", "score"])


def enrolled_in(audit, manifest):
    """Return who a run enrolled in its first gallery."""
    names = Pseudonyms("made-up").of_samples(manifest["sample_id"])
    named = dict(zip(names, manifest["sample_id"], strict=True))
    gallery = pd.read_csv(audit.folder / "gallery.csv")
    return {named[each] for each in gallery["reference_id"]}


# ---------------------------------------------------------------- templates


def test_templates_and_the_scores_made_of_them_give_the_same_audit(bench, tmp_path):
    manifest, templates = made_up(bench)
    scores = cosine(templates)
    ids = manifest["sample_id"].tolist()
    bench.scores(
        [
            (ids[i], ids[j], float(scores[i, j]))
            for i, j in itertools.combinations(range(len(ids)), 2)
        ],
        name="as-scores",
    )
    matchers = [save_templates(bench, manifest, templates), bench.vendor("as-scores")]
    audit = audited(
        bench,
        tmp_path,
        matchers,
        one_to_many=searches(),
        one_to_one={"operating_points": ["fmr=0.05", "threshold=0.5"]},
    )
    made = [row for row in rows_of(audit, "made", "error_rates") if row["metric"] != "fta"]
    assert made == rows_of(audit, "as-scores", "error_rates")
    assert rows_of(audit, "made") == rows_of(audit, "as-scores")
    facts = audit.result.matchers[0]
    assert (facts.kind, facts.facts["template file"]) == ("templates", "templates.npz")


def test_missing_templates_are_failures_with_a_reason(bench, tmp_path):
    manifest, templates = made_up(bench)
    templates[3] = np.nan
    matcher = save_templates(bench, manifest[1:], templates[1:])
    audit = audited(bench, tmp_path, [matcher])
    reasons = {row.reason: row.failed for row in audit.result.failures if row.group_by == "all"}
    assert reasons == {"missing": 1, "no_template": 1}
    (fta,) = [
        row for row in audit.result.error_rates if (row.metric, row.group_by) == ("fta", "all")
    ]
    assert (fta.errors, fta.trials) == (2, PEOPLE * SHOTS)


def test_drawn_masks_need_templates_of_masked_photographs(bench, tmp_path):
    manifest, templates = made_up(bench)
    drawn = {"shape": "wide", "coverage": "high", "colour": "blue"}
    masks = {"synthetic": [drawn], "apply_to": ["both"]}
    with pytest.raises(RequestError, match=r"add rows with the id `<sample_id>@<mask>`"):
        audited(bench, tmp_path, [save_templates(bench, manifest, templates)], masks=masks)
    worn = manifest.assign(sample_id=manifest["sample_id"] + "@synthetic-wide-high-blue")
    both = save_templates(bench, pd.concat([manifest, worn]), np.tile(templates, (2, 1)))
    audit = audited(bench, tmp_path, [both], masks=masks)
    (bare, masked) = [
        [
            (row.errors, row.trials)
            for row in audit.result.error_rates
            if row.probe_mask == mask and row.metric == "fnmr"
        ]
        for mask in ("unmasked", "synthetic-wide-high-blue")
    ]
    assert bare == masked


# ---------------------------------------------------------------- candidate lists


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**16))
def test_whole_candidate_lists_say_what_the_templates_say(tmp_path_factory, bench_in, seed):
    folder = tmp_path_factory.mktemp("lists")
    bench = bench_in(folder)
    manifest, templates = made_up(bench, seed, people=24)
    matcher = save_templates(bench, manifest, templates)
    first = audited(bench, folder, [matcher], one_to_many=searches())
    lists = candidate_lists(manifest, cosine(templates), enrolled_in(first, manifest), 10**6)
    lists.to_csv(folder / "lists.csv", index=False)
    vendor = {"name": "lists", "kind": "scores", "candidates": str(folder / "lists.csv")}
    both = audited(bench, folder, [matcher, vendor], one_to_many=searches())
    assert rows_of(both, "lists") == rows_of(both, "made")
    for table in ("selectivity", "candidates", "gallery_size"):
        assert rows_of(both, "lists", table) == rows_of(both, "made", table)


def given_gallery(bench, manifest, failed=()):
    """Enrol the first photographs of every even couple of people."""
    enrolled = [
        each
        for number, each in enumerate(manifest["sample_id"])
        if number % 2 == 0 and number // 2 % 4 < 2
    ]
    status = ["no_face" if each in failed else "" for each in enrolled]
    path = bench.folder / "gallery.csv"
    pd.DataFrame({"sample_id": enrolled, "status": status}).to_csv(path, index=False)
    return path, set(enrolled)


def listed(bench, lists, gallery, **more):
    path = bench.folder / "lists.parquet"
    lists.to_parquet(path)
    return {
        "name": "lists",
        "kind": "scores",
        "candidates": str(path),
        "gallery": str(gallery),
    } | more


def stated(audit, metric, rank=None, point=None, failures="non-match", group="all"):
    """Return the rows of one rate, of which there is one or none."""
    return [
        row
        for row in audit.result.identification
        if (row.metric, row.rank, row.operating_point) == (metric, rank, point)
        and (row.failures, row.group) == (failures, group)
    ]


def test_short_lists_state_what_they_hold_and_no_more(bench, tmp_path):
    manifest, templates = made_up(bench)
    scores = cosine(templates)
    gallery, enrolled = given_gallery(bench, manifest)
    lists = candidate_lists(manifest, scores, enrolled, 2)
    asked = searches(operating_points=["threshold=0.99", "threshold=-2"], ranks=[1, 2, 5])
    html = {"formats": ["html"]}
    entry = listed(bench, lists, gallery)
    audit = audited(bench, tmp_path, [entry], one_to_many=asked, report=html)
    assert not audit.result.error_rates
    assert not (audit.folder / "scores").exists()
    assert "given:lists" in (audit.folder / "report.html").read_text()
    ids = manifest["sample_id"].tolist()
    mated = [name for name in lists["search_id"].unique() if f"{name[:-1]}0" in enrolled]
    for rank in (1, 2):
        ahead = {
            name: sum(
                scores[ids.index(name), ids.index(each)]
                >= scores[ids.index(name), ids.index(f"{name[:-1]}0")]
                for each in enrolled
            )
            for name in mated
        }
        expected = sum(place > rank for place in ahead.values())
        (row,) = stated(audit, "fnir", rank)
        assert (row.errors, row.searches, row.gallery) == (expected, len(mated), "given:lists")
        (row,) = stated(audit, "fnir", rank, failures="excluded")  # a mate missed is no failure
        assert (row.errors, row.searches) == (expected, len(mated))
        assert len(stated(audit, "cmc", rank)) == 1
    assert not stated(audit, "fnir", 5)
    assert not stated(audit, "cmc", 5)
    # Nobody scores 0.99 but few, so that all lists reach down to it; nothing reaches down to -2.
    assert len(stated(audit, "fnir", None, "threshold=0.99")) == 1
    assert not stated(audit, "fnir", None, "threshold=-2")
    assert len(stated(audit, "fpir", None, "threshold=-2")) == 1
    assert len(stated(audit, "fnir", 2, "threshold=-2")) == 1
    said = " ".join(audit.result.notices)
    assert "end at rank 2: rates at rank 5 are undefined" in said
    assert "end above the threshold of threshold=-2" in said


def test_failed_and_empty_searches_and_enrolments_are_told_apart(bench, tmp_path):
    manifest, templates = made_up(bench)
    gallery, enrolled = given_gallery(bench, manifest, failed={"p00-0"})
    lists = candidate_lists(manifest, cosine(templates), enrolled - {"p00-0"}, 100)
    lists = lists[~lists["search_id"].isin(["p04-1", "p05-1", "p02-1"])].assign(status="")
    lists = lists.astype(object)
    for name, status in (("p04-1", "timeout"), ("p05-1", ""), ("p02-1", "")):
        lists.loc[len(lists) + 1000] = [name, None, None, None, status]
    lists["rank"] = lists["rank"].astype("Int64")
    lists["score"] = lists["score"].astype("float64")
    asked = searches(operating_points=["threshold=0.5"])
    audit = audited(bench, tmp_path, [listed(bench, lists, gallery)], one_to_many=asked)
    # p00's enrolment and p04's search failed; p05's list is empty, which is a miss; p02's too,
    # of somebody who is not enrolled.
    every, kept = (
        stated(audit, "fnir", 1, "threshold=0.5", failures)[0]
        for failures in ("non-match", "excluded")
    )
    assert (every.searches - kept.searches, every.errors - kept.errors) == (2, 2)
    table = pd.read_parquet(audit.folder / "searches" / "lists.parquet")
    assert table.loc[table["status"] != "ok", "status"].unique().tolist() == ["timeout"]
    found = {row.rank: row for row in audit.result.identification if row.metric == "cmc"}
    assert set(found) == {1, 3}


def test_a_search_without_a_row_leaves_no_rates_and_a_notice(bench, tmp_path):
    manifest, templates = made_up(bench)
    gallery, enrolled = given_gallery(bench, manifest)
    lists = candidate_lists(manifest, cosine(templates), enrolled, 5)
    lists = lists[lists["search_id"] != "p03-1"]
    audit = audited(
        bench, tmp_path, [listed(bench, lists, gallery)], one_to_many=searches(ranks=[1])
    )
    assert not audit.result.identification
    assert "its candidate lists lack 1 of the 40 searches" in " ".join(audit.result.notices)


def test_claims_beyond_a_lists_end_are_undecided(bench, tmp_path):
    manifest, templates = made_up(bench)
    gallery, enrolled = given_gallery(bench, manifest)
    claim = {"metric": "fnir", "bound": "<= 0.5", "matcher": "lists", "gallery_size": 20}
    claims = [
        claim | {"id": "high", "at": "threshold=0.999"},
        {"id": "scores", "metric": "fnmr", "bound": "<= 0.5", "matcher": "lists", "at": "fmr=0.1"},
    ]
    for length, expected in ((2, "undecided"), (10**6, "refuted")):
        low = candidate_lists(manifest, cosine(templates), enrolled, length)
        at = claims if length > 2 else [claims[0] | {"at": "threshold=-1"}, claims[1]]
        audit = audited(
            bench,
            tmp_path,
            [listed(bench, low, gallery)],
            one_to_many=searches(operating_points=["threshold=0.5"], ranks=[1]),
            claims=at,
        )
        verdicts = {row.claim: (row.verdict, row.reason) for row in audit.result.claims}
        assert verdicts["high"][0] == expected
        assert verdicts["scores"] == ("undecided", "no comparison has a score")
    assert audit.folder.joinpath("claims.csv").is_file()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mates": "all"}, "write `mates: any`"),
        ({"gallery": {"policy": "consolidated"}}, "the candidate lists of lists name photographs"),
        ({"searches": {"where": {"session": "s0"}}}, "so that there are some of each"),
    ],
)
def test_what_lists_cannot_say_is_refused(bench, tmp_path, changes, said):
    manifest, templates = made_up(bench)
    gallery, enrolled = given_gallery(bench, manifest)
    lists = candidate_lists(manifest, cosine(templates), enrolled, 5)
    with pytest.raises(RequestError, match=said):
        audited(bench, tmp_path, [listed(bench, lists, gallery)], one_to_many=searches(**changes))


def test_lists_of_another_gallery_are_refused_without_a_gallery_file(bench, tmp_path):
    manifest, templates = made_up(bench)
    gallery, _ = given_gallery(bench, manifest)
    everybody = set(manifest.loc[manifest["session"] == "s0", "sample_id"])
    lists = candidate_lists(manifest, cosine(templates), everybody, 100)
    entry = listed(bench, lists, gallery)
    del entry["gallery"]
    with pytest.raises(RequestError, match="are not in the run's first gallery of 20; name"):
        audited(bench, tmp_path, [entry], one_to_many=searches())
    with pytest.raises(RequestError, match="the run makes no searches; add `one_to_many`"):
        audited(bench, tmp_path, [entry])


# ---------------------------------------------------------------- published score formats


def test_a_matrix_and_a_table_of_its_cells_give_the_same_audit(bench, tmp_path):
    manifest, templates = made_up(bench, people=20)
    scores, ids = cosine(templates), manifest["sample_id"].tolist()
    pairs = itertools.combinations(range(len(ids)), 2)
    bench.scores([(ids[i], ids[j], float(scores[i, j])) for i, j in pairs], name="as-table")
    np.save(bench.folder / "matrix.npy", scores)
    (bench.folder / "ids.txt").write_text("\n".join(ids))
    matrix = bench.vendor("matrix", ".npy", format="matrix", ids=str(bench.folder / "ids.txt"))
    audit = audited(bench, tmp_path, [matrix, bench.vendor("as-table")], one_to_many=searches())
    assert rows_of(audit, "matrix", "error_rates") == rows_of(audit, "as-table", "error_rates")
    assert rows_of(audit, "matrix") == rows_of(audit, "as-table")
    assert audit.result.matchers[0].facts["format"] == "matrix"


def test_a_run_s_identity_changes_with_a_file_and_not_with_its_place(bench, tmp_path):
    manifest, templates = made_up(bench, people=20)
    first = audited(bench, tmp_path, [save_templates(bench, manifest, templates)])
    moved = audited(bench, tmp_path, [save_templates(bench, manifest, templates, "moved.npz")])
    other = audited(bench, tmp_path, [save_templates(bench, manifest, 1.5 * templates[::-1])])
    assert first.folder == moved.folder != other.folder


def as_bfw(folder, rows):
    header = "fold,p1,p2,label,vgg16\n"
    lines = [f"1,{one},{other},{int(mated)},{score!r}\n" for one, other, mated, score in rows]
    (folder / "v.csv").write_text(header + "".join(lines))
    return {"format": "bfw", "column": "vgg16", "path": str(folder / "v.csv")}


def as_bob(folder, rows):
    lines = [f"{other[:3]} {other} {one[:3]} {one} {score!r}\n" for one, other, _, score in rows]
    (folder / "scores-dev").write_text("".join(lines))
    return {"format": "bob-5col", "path": str(folder / "scores-dev")}


@pytest.mark.parametrize("form", [as_bfw, as_bob])
def test_a_published_format_gives_the_audit_of_the_table(bench, tmp_path, form):
    manifest, templates = made_up(bench, people=20)
    scores, ids = cosine(templates), manifest["sample_id"].tolist()
    rows = [
        (ids[i], ids[j], ids[i][:3] == ids[j][:3], float(scores[i, j]))
        for i, j in itertools.combinations(range(len(ids)), 2)
    ]
    bench.scores([(one, other, score) for one, other, _, score in rows], name="as-table")
    published = {"name": "published", "kind": "scores"} | form(bench.folder, rows)
    audit = audited(bench, tmp_path, [published, bench.vendor("as-table")])
    assert rows_of(audit, "published", "error_rates") == rows_of(audit, "as-table", "error_rates")
    assert audit.result.matchers[0].failed_comparisons == 0


def test_nist_s_score_set_is_audited_without_a_manifest(bench, tmp_path):
    rng = np.random.default_rng(3)
    sets, sims = bench.folder / "sets/dos", bench.folder / "sims/dos/face/C"
    sets.mkdir(parents=True)
    sims.mkdir(parents=True)
    scores = rng.random((30, 30)) + 2 * np.eye(30)
    scores[4] = -1
    for name in ("users", "enrollees"):
        entries = [f'<signature name="{name}-{k}.xml" subject_id="p{k}"/>' for k in range(30)]
        (sets / f"{name}.xml").write_text(f"<set>{''.join(entries)}</set>")
    for k in range(30):
        lines = ["biometricscores.nist.gov", "30", *map(str, scores[k].tolist()), "", ""]
        (sims / f"users-{k}.xml").write_text("\n".join(lines))
    bench.card["samples"] = {"loader": "bssr1"}
    bench.attribute("role", "sample", ("user", "enrollee"))
    entry = {"name": "C", "kind": "scores", "format": "bssr1-xml", "failed_score": -1}
    config = bench.config(
        matchers=[entry | {"path": str(sims)}],
        one_to_one={
            "probe": {"where": {"role": "user"}},
            "reference": {"where": {"role": "enrollee"}},
            "operating_points": ["threshold=1.5"],
        },
    )
    result = evaluate(config, tmp_path / "out").result
    found = {(row.metric, row.failures): (row.errors, row.trials) for row in result.error_rates}
    assert found["fmr", "excluded"] == (0, 29 * 29)
    assert (found["fnmr", "non-match"], found["fnmr", "excluded"]) == ((1, 30), (0, 29))
    (failure,) = [row for row in result.failures if row.group_by == "all"]
    assert (failure.reason, failure.failed) == ("failed_score", 30)


def test_the_same_file_in_another_role_is_another_audit(bench, tmp_path):
    manifest, templates = made_up(bench)
    gallery, enrolled = given_gallery(bench, manifest)
    lists = candidate_lists(manifest, cosine(templates), enrolled, 3)
    lists = lists.assign(probe_id=lists["search_id"], reference_id=lists["candidate_id"])
    alone = listed(bench, lists, gallery)
    asked = {"one_to_many": searches(ranks=[1], operating_points=["threshold=0.9"])}
    audits = [
        audited(bench, tmp_path, [entry], **asked)
        for entry in (alone, alone | {"path": alone["candidates"]})
    ]
    assert audits[0].folder != audits[1].folder
    assert (len(audits[0].result.thresholds), len(audits[1].result.thresholds)) == (1, 2)
