"""Every card as Croissant: valid by MLCommons' own reader, and silent on nothing it knows."""

import json
import logging

import mlcroissant
import pytest
from typer.testing import CliRunner

from evenmatch import cli
from evenmatch.data.card import Card, card_names, load_card
from evenmatch.data.croissant import croissant

# A matter between that reader and the library below it.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

DIGEST = "0123456789abcdef" * 4
# What no card records; the version is missing where its makers' word for it is no version number.
WARNED = {"https://schema.org/datePublished", "https://schema.org/version"}


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, logger="absl")


def card(**changes) -> Card:
    plain = load_card("demo-faces").model_dump(by_alias=True)
    return Card.model_validate(plain | changes)


def valid(document):
    """Read a document with MLCommons' own reader, which raises where it is not valid."""
    return mlcroissant.Dataset(jsonld=json.loads(json.dumps(document))).metadata


def files(*each):
    return {"how": "download", "steps": "Fetch them.", "files": list(each)}


@pytest.mark.parametrize("name", card_names())
def test_every_card_on_the_shelf_is_valid(name):
    metadata = valid(croissant(load_card(name)))
    assert metadata.name == name
    assert not metadata.ctx.issues.errors
    warned = {text.split('"')[1] for text in metadata.ctx.issues.warnings}
    assert warned <= WARNED


def test_the_command_writes_it_for_a_card_by_name_and_by_path(bench):
    bench.raw()
    for name in ("demo-faces", str(bench.folder / "card.yaml")):
        answer = CliRunner().invoke(cli.app, ["datasets", "show", name, "--format", "croissant"])
        assert answer.exit_code == 0
        assert valid(json.loads(answer.output)).name in ("demo-faces", "made-up")


def test_it_names_both_profiles():
    assert croissant(card())["conformsTo"] == [
        "http://mlcommons.org/croissant/1.0",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]


def test_a_confirmed_file_has_its_checksum_and_size():
    file = {"url": "https://a.b/lfw.tgz", "url_confirmed": True, "path": "lfw.tgz"}
    document = croissant(card(access=files(file | {"sha256": DIGEST, "bytes": 180566744})))
    (found,) = valid(document).file_objects
    assert (found.sha256, found.content_url) == (DIGEST, "https://a.b/lfw.tgz")
    assert found.content_size == "180566744 B"
    assert found.encoding_formats == ["application/gzip"]
    assert not found.description


def test_an_unconfirmed_checksum_is_left_out_and_said_to_be():
    document = croissant(card(access=files({"url": "https://a.b/c.zip", "path": "deep/c d.zip"})))
    metadata = valid(document)
    assert metadata.file_objects == []
    published = next(each for each in metadata.file_sets if each.name == "deep/c d.zip")
    assert "https://a.b/c.zip (address not confirmed)" in published.description
    assert "No checksum of it is confirmed" in published.description
    assert "Checksum not confirmed: deep/c d.zip." in metadata.description
    assert "sha256" not in json.dumps(document["distribution"])


def test_a_confirmed_checksum_at_an_unconfirmed_address_says_so():
    file = {"url": "https://a.b/c.bin", "path": "c.bin", "sha256": DIGEST}
    (found,) = valid(croissant(card(access=files(file)))).file_objects
    assert found.description == "The address has not been confirmed."
    assert found.encoding_formats == ["application/octet-stream"]


def test_a_published_manifest_is_where_its_columns_come_from():
    file = {"url": "https://a.b/samples.csv", "path": "samples.csv", "sha256": DIGEST}
    document = croissant(card(access=files(file)))
    assert valid(document).record_sets[-1].fields[0].source.file_object == "samples.csv"


def test_what_is_unknown_is_said_to_be_unknown():
    document = croissant(
        card(
            consent={"basis": "unknown"},
            licence={"id": "unknown", "use": "unknown"},
            size={"subjects": "unknown", "images": "unknown"},
            source={"homepage": "https://a.b", "citation": "C.", "version": "unknown"},
        )
    )
    valid(document)
    assert document["license"] == "unknown"
    assert "version" not in document
    for said in (
        "People: unknown. Photographs: unknown.",
        "Version, as its makers call it: unknown.",
        "unknown (nobody can say whether the people agreed)",
        "unknown (what its makers allow is not known)",
    ):
        assert said in document["description"]


@pytest.mark.parametrize(
    ("version", "kept"), [("5", True), ("1.2", True), ("1.0.3", True), ("2007-10", False)]
)
def test_a_version_that_croissant_cannot_take_stands_in_the_description(version, kept):
    source = {"homepage": "https://a.b", "citation": "C.", "version": version}
    document = croissant(card(source=source))
    assert ("version" in document) is kept
    assert f"its makers call it: {version}." in document["description"]
    valid(document)


def test_the_responsible_fields_carry_consent_labels_and_known_issues():
    made = card(
        consent={"basis": "public-web", "note": "News photographs."},
        known_issues=["Labels were never checked."],
        derived_from=["lfw"],
        samples={"loader": "folders", "subject_ids": "names"},
        attributes={
            "sex": {"of": "subject", "values": ["female", "male"], "labelled_by": "annotator"},
            "age": {"of": "subject", "labelled_by": "classifier", "note": "By a network."},
        },
    )
    document = croissant(made)
    metadata = valid(document)
    assert metadata.data_limitations == ["Labels were never checked."]
    assert metadata.data_collection == (
        "Consent: public-web (photographs taken from the web, the people were not asked). "
        "News photographs."
    )
    assert metadata.data_collection_raw_data == "Made from: lfw."
    assert metadata.data_annotation_protocol[0] == (
        "sex: of the person. Labelled by: annotator (somebody looked at the photographs and "
        "decided). Values: female, male."
    )
    assert document["rai:annotatorDemographics"] == ["sex: who decided is not recorded here."]
    assert document["rai:machineAnnotationTools"] == ["age: written by a program. By a network."]
    assert "Subjects are filed under people's names." in metadata.personal_sensitive_information
    assert "Labels of people: sex, age." in metadata.personal_sensitive_information


def test_a_withdrawn_set_says_so_and_what_to_use_instead():
    status = {"state": "withdrawn", "note": "Its makers asked.", "instead": ["london-face-set"]}
    document = croissant(card(status=status))
    plan = valid(document).data_release_maintenance_plan
    assert "withdrawn (its makers no longer offer it). Its makers asked." in plan
    assert "Use instead: london-face-set." in plan
    assert "Use instead: london-face-set." in document["description"]


def test_labels_are_records_for_every_loader_and_columns_where_there_is_a_manifest():
    attributes = {"hair colour": {"of": "sample", "labelled_by": "annotator"}}
    listed = valid(croissant(card(attributes=attributes)))
    assert [each.id for each in listed.record_sets] == ["labels", "samples"]
    assert listed.record_sets[0].data == [
        {
            "labels/name": "hair colour",
            "labels/of": "sample",
            "labels/values": "as they come",
            "labels/labelled_by": "annotator",
            "labels/note": "",
        }
    ]
    extracted = [field.source.extract.column for field in listed.record_sets[1].fields]
    assert extracted == ["sample_id", "subject_id", "hair colour"]
    folders = card(attributes=attributes, samples={"loader": "folders"})
    assert [each.id for each in valid(croissant(folders)).record_sets] == ["labels"]
    assert valid(croissant(card(attributes={}, samples={"loader": "folders"}))).record_sets == []


def test_a_mask_label_is_a_keyword():
    mask = {"mask": {"of": "sample", "labelled_by": "annotator"}}
    assert "face masks" in croissant(card(attributes=mask))["keywords"]
    assert "face masks" not in croissant(card())["keywords"]
