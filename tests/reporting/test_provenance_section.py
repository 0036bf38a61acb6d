"""The provenance page: everything a card says, beside what the audit found, and one sentence."""

import pytest

from evenmatch.data.policy import OVERRIDDEN
from evenmatch.reporting.html import render_report
from evenmatch.reporting.sections.provenance import provenance_section
from evenmatch.reporting.sections.publication import publication_sentence

REASON = f"The benchmark 'demo-faces' was withdrawn (asked). {OVERRIDDEN}an appeal is heard."
DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def audit(make_result):
    """Return an audit with parts of its card replaced, and anything else of it."""

    def change(card=None, **changes):
        plain = make_result({"sex": ("female", "male")}, matchers=("dlib",))
        return plain.model_copy(update={"card": plain.card | (card or {}), **changes})

    return change


def blocks(result, kind):
    return [block for block in provenance_section(result).blocks if block.kind == kind]


def facts(result):
    return {name: value for block in blocks(result, "facts") for name, value in block.items}


def rows(result, caption):
    table = next(each for each in blocks(result, "table") if each.caption.startswith(caption))
    return [[cell.text for cell in row] for row in table.rows]


def test_consent_licence_and_state_stand_with_their_meaning(audit):
    said = facts(
        audit(
            {
                "consent": {"basis": "public-web", "note": "News photographs."},
                "licence": {"id": "terms", "url": "https://a.b/terms", "use": "research-only"},
                "status": {"state": "withdrawn", "note": "Asked.", "instead": ["x", "y"]},
                "derived_from": ["lfw", "calfw"],
            }
        )
    )
    meant = "public-web (photographs taken from the web, the people were not asked)"
    assert said["Consent basis"] == meant
    assert said["Consent, in detail"] == "News photographs."
    assert said["Licence"] == "terms"
    assert said["What it allows"].startswith("research-only (a commercial test, or a sale,")
    assert said["State"] == "withdrawn (its makers no longer offer it)"
    assert said["State, in detail"] == "Asked."
    assert said["To use instead"] == "x, y"
    assert said["Made from"] == "lfw, calfw"


def test_what_a_card_does_not_say_is_unknown_and_not_left_out(audit):
    said = facts(audit({"consent": {}, "licence": {}, "status": {}, "source": {}}))
    assert said["Consent basis"] == "unknown (nobody can say whether the people agreed)"
    assert said["What it allows"] == "unknown (what its makers allow is not known)"
    assert (said["Licence"], said["State"], said["Version"]) == ("unknown",) * 3
    assert said["Made from"] == "no other set is named"


def test_every_label_says_who_wrote_it_and_what_that_means(audit):
    attributes = {
        "sex": {"of": "subject", "labelled_by": "classifier", "note": "By a network."},
        "mask": {"of": "sample", "labelled_by": "unknown"},
    }
    assert rows(audit({"attributes": attributes}), "Who wrote the labels") == [
        ["sex", "person", "classifier", "a program decided; its errors are in the groups",
         "By a network."],
        ["mask", "photograph", "unknown", "nobody can say who wrote them", ""],
    ]  # fmt: skip


def test_a_card_without_labels_has_no_empty_table(audit):
    tables = blocks(audit({"attributes": {}}), "table")
    assert not [each for each in tables if each.caption.startswith("Who wrote")]


def test_the_size_claimed_stands_beside_the_size_found(audit):
    plain = audit()
    people, photographs = plain.groups[0].subjects, plain.groups[0].samples
    claimed = {"subjects": people + 1200, "images": photographs, "note": "As published."}
    assert rows(audit({"size": claimed}), "Size claimed, and size found (As published.)") == [
        ["People", "1,200 fewer found", f"{people + 1200:,}", f"{people:,}"],
        ["Photographs", "as claimed", f"{photographs:,}", f"{photographs:,}"],
    ]
    more = audit({"size": {"subjects": people - 1, "images": "unknown"}})
    assert [row[1] for row in rows(more, "Size")] == ["1 more found", "nothing claimed"]
    assert rows(more, "Size")[1][2] == "unknown"


def test_the_files_say_whether_address_and_checksum_were_confirmed(audit):
    files = [
        {"url": "https://a.b/1", "path": "1.zip", "sha256": "unconfirmed"},
        {"url": "https://a.b/2", "path": "2.zip", "sha256": DIGEST, "url_confirmed": True},
    ]
    result = audit({"access": {"how": "download", "steps": "Fetch.", "files": files}})
    assert rows(result, "Files") == [
        ["1.zip", "https://a.b/1", "not confirmed", "not confirmed"],
        ["2.zip", "https://a.b/2", "confirmed", DIGEST],
    ]
    said = facts(result)
    assert said["How"] == "download (may be downloaded)"
    assert said["Steps"] == "Fetch."
    assert said["Checksums"] == "1 of 2 confirmed"
    assert facts(audit())["Checksums"] == "none given"


def test_known_issues_are_listed(audit):
    (listing,) = blocks(audit({"known_issues": ["One.", "Two."]}), "listing")
    assert [text for text, _ in listing.items] == ["One.", "Two."]


def test_an_override_leads_the_page_of_provenance_and_the_whole_report(audit):
    result = audit(notices=[REASON])
    first = provenance_section(result).blocks[0]
    assert first.text == REASON
    page = render_report(result, [])
    assert page.index("an appeal is heard") < page.index("Verdict in plain words</h2>")


def test_the_sentence_names_all_that_a_number_needs(audit):
    plain = audit({"licence": {"id": "MIT; changed", "use": "any"}})
    size = plain.groups[0]
    assert publication_sentence(plain) == (
        "Error rates were measured on the benchmark Generated demonstration faces (demo-faces), "
        f"version 1; {size.subjects} people, {size.samples:,} photographs; consent basis: "
        "synthetic (no real person is shown); licence: MIT, changed, use: any (on the licence's "
        "own conditions); group labels and their sources: sex: measured; matcher dlib (dlib): "
        "weights dlib_face_recognition_resnet_model_v1, trained on: unknown; evenmatch 0.1.0, run "
        "3f9a1c0d5e7b."
    )


def test_the_sentence_hides_neither_withdrawal_nor_override_nor_drawn_masks(audit):
    result = audit({"status": {"state": "withdrawn", "note": "Asked."}}, notices=[REASON])
    config = result.config | {"masks": {"synthetic": [{"shape": "wide"}, {"shape": "round"}]}}
    said = publication_sentence(result.model_copy(update={"config": config}))
    assert (
        "; withdrawn (its makers no longer offer it), and used against the audit's policy" in said
    )
    assert "for this reason: an appeal is heard;" in said
    assert "masks drawn by software (2 of them), not worn;" in said


def test_the_sentence_names_the_sets_that_a_set_is_made_from(audit):
    said = publication_sentence(audit({"derived_from": ["lfw", "calfw"]}))
    assert "(demo-faces), version 1, made from lfw, calfw; " in said


def test_a_vendors_scores_have_unknown_training_photographs(audit):
    plain = audit()
    vendor = plain.matchers[0].model_copy(
        update={"name": "v", "kind": "scores", "facts": {"score file": "v.csv"}}
    )
    said = publication_sentence(plain.model_copy(update={"matchers": [vendor]}))
    assert "matcher v (scores): scores supplied as the file v.csv, trained on: unknown;" in said
    trained = vendor.model_copy(update={"facts": {"training set": "casia-webface"}})
    said = publication_sentence(plain.model_copy(update={"matchers": [trained]}))
    assert "matcher v (scores): weights unknown, trained on: casia-webface;" in said


def test_an_audit_without_groups_says_so(audit):
    plain = audit()
    result = plain.model_copy(update={"groups": plain.groups[:1]})
    assert "; no breakdown by group;" in publication_sentence(result)


def test_the_sentence_can_be_copied_from_the_page(audit):
    result = audit()
    (copied,) = blocks(result, "source")
    assert copied.text == publication_sentence(result)
    assert provenance_section(result).anchor == "provenance"


def test_hostile_cards_stay_text(audit):
    page = render_report(audit({"title": "<script>x</script>"}), [])
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
