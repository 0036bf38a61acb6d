"""The shelf of cards: every benchmark the project speaks of, none with a gap."""

import re

import pytest

from evenmatch.data.benchmark import MASK
from evenmatch.data.card import UNCONFIRMED, card_names, load_card
from evenmatch.data.loaders.registry import find_loader
from evenmatch.data.policy import check_policy
from evenmatch.data.samples import UNMASKED
from evenmatch.errors import RequestError

DEMANDED = {
    *("lfw", "lfw-deepfunneled", "cfp-fp", "agedb-30", "calfw", "cplfw", "xqlfw", "rfw", "bfw"),
    *("demogpairs", "bupt-balancedface", "morph", "meds-ii", "celeba", "vggface2-test", "ijb-b"),
    *("ijb-c", "casia-facev5", "k-face", "mlfw", "mfr2", "rmfrd", "digiface-1m", "nist-bssr1"),
    *("chicago-face-database", "london-face-set", "demo-faces"),
    *("ms-celeb-1m", "megaface", "diversity-in-faces"),
}
WITHDRAWN = ("ms-celeb-1m", "megaface", "diversity-in-faces", "vggface2-test", "ijb-b", "ijb-c")
# Training sets that cards come from and that have no card of their own.
TRAINING_SETS = {"casia-webface", "vggface", "vggface2", "yfcc100m"}
SAYS_SO = re.compile(r"not confirmed|no address|unconfirmed|not be had|no longer|look for a copy")
# Words for somebody's judgment that must not stand where nobody's is meant.
OTHERS_WORD = ("annotator", "classifier", "document", "unknown", "measured")


@pytest.fixture(params=card_names())
def card(request):
    return load_card(request.param)


def test_the_shelf_has_every_benchmark_that_is_promised():
    assert set(card_names()) >= DEMANDED


def test_a_card_is_named_as_its_file_and_says_where_it_was_published(card):
    assert card.name in card_names()
    assert re.match(r"https?://[^ ]+$", card.source.homepage)
    assert re.search(r"\b(19|20)\d\d\b", card.source.citation) or card.name in {
        "casia-facev5",
        "demo-faces",
    }


def test_a_licence_that_is_known_has_a_name_and_one_that_is_not_is_called_unknown(card):
    assert card.licence.url == "" or card.licence.url.startswith("https://")
    if card.licence.id == "unknown":
        assert card.licence.use == "unknown"
    if card.licence.use == "any":
        assert card.licence.url


def test_consent_is_explained_whatever_its_basis(card):
    assert len(card.consent.note) > 40


def test_who_wrote_a_label_is_explained_unless_the_people_did(card):
    for name, attribute in card.attributes.items():
        assert attribute.values or attribute.note, f"{name} has neither values nor a note"
        if attribute.labelled_by in OTHERS_WORD:
            assert attribute.note, f"{name} does not say who decided"
        assert len(set(attribute.values)) == len(attribute.values)


def test_an_ethnicity_is_never_measured_from_pixels(card):
    for name, attribute in card.attributes.items():
        if re.search(r"ethnic|race|ancestry", name):
            assert attribute.labelled_by not in {"measured", "construction"}
            if attribute.labelled_by != "self-reported":
                assert re.search(r"asked|record|confirmed", attribute.note), (
                    f"{card.name}.{name} does not say whether anybody was asked"
                )


def test_a_mask_label_says_whether_masks_were_worn_or_painted(card):
    mask = card.attributes.get(MASK)
    if mask is not None:
        assert mask.of == "sample"
        assert mask.values[0] == UNMASKED
        painted = mask.labelled_by == "construction"
        assert ("painted" if painted else "Worn") in mask.note


def test_every_card_says_how_to_get_the_files(card):
    assert len(card.access.steps) > 40
    if card.access.how == "download":
        assert card.access.files or "download" in card.access.steps.lower()
    if card.access.how in {"request", "local"}:
        assert not any(file.url_confirmed for file in card.access.files)


def test_an_address_or_a_digest_is_confirmed_or_called_unconfirmed(card):
    unsure = [file for file in card.access.files if not file.url_confirmed]
    if unsure:
        assert re.search(r"confirmed|do not answer|does not answer", card.access.steps)
    for file in card.access.files:
        assert file.url.startswith("https://")
        assert re.fullmatch(rf"[0-9a-f]{{64}}|{UNCONFIRMED}", file.sha256)
        if file.sha256 != UNCONFIRMED:
            assert file.url_confirmed, f"{file.path}: a digest is known and its address is not"


def test_a_set_without_files_to_fetch_owns_that_no_address_is_known(card):
    if card.access.how in {"request", "local"} and not card.access.files:
        said = f"{card.access.steps} {card.status.note}"
        names_a_place = re.search(r"homepage|repository|page|Ask |Asking", said)
        assert names_a_place or SAYS_SO.search(said)


def test_a_size_that_is_unknown_is_explained(card):
    if "unknown" in {card.size.subjects, card.size.images}:
        assert card.size.note


def test_what_a_reader_must_know_is_written_in_sentences(card):
    assert len(card.known_issues) >= 2
    assert all(issue.endswith(".") and len(issue) > 40 for issue in card.known_issues)


def test_a_withdrawn_card_says_why_and_what_to_use_instead(card):
    assert (card.status.state == "withdrawn") == (card.name in WITHDRAWN)
    if card.status.state in {"withdrawn", "superseded"}:
        assert len(card.status.note) > 30
        assert card.status.instead
    for name in card.status.instead:
        assert load_card(name).status.state in {"active", "request-only"}


def test_a_card_made_from_another_names_a_card_or_a_known_training_set(card):
    for name in card.derived_from:
        assert name in card_names() or name in TRAINING_SETS
        assert name != card.name


def test_people_who_are_named_are_said_to_be(card):
    if card.samples.subject_ids == "names":
        assert card.consent.basis == "public-web"


def test_protocols_and_places_are_those_of_the_loader(card):
    loader = find_loader(card.samples.loader)
    assert set(card.samples.files) <= set(loader.files)
    assert loader.about
    for protocol in card.protocols.values():
        assert (protocol.kind == "listed") == bool(protocol.files)
        assert all(not path.startswith("/") and ".." not in path for path in protocol.files)
    if card.samples.loader in {"folders", "celeba"}:
        assert not any(protocol.files for protocol in card.protocols.values())


def test_a_manifest_to_be_written_names_every_column_of_the_card(card):
    if card.samples.loader == "manifest" and card.access.how != "generated":
        for column in ("sample_id", "subject_id", "path", *card.attributes):
            assert re.search(rf"\b{column}\b", card.access.steps), column


def test_folders_have_no_labels(card):
    if card.samples.loader == "folders":
        assert not card.attributes


@pytest.mark.parametrize("name", WITHDRAWN)
def test_a_withdrawn_benchmark_is_refused_with_the_reason_and_a_way_out(name):
    withdrawn = load_card(name)
    with pytest.raises(RequestError) as caught:
        check_policy(withdrawn, None, {})
    said = str(caught.value)
    assert withdrawn.status.note.rstrip(".") in said
    assert f"policy.override: {{{name}: " in said
    assert any(other in said for other in withdrawn.status.instead)
    assert check_policy(withdrawn, None, {name: "to repeat a published number"})


@pytest.mark.parametrize(
    ("name", "consent", "labels"),
    [
        ("lfw", "public-web", {"sex": "annotator", "classified_sex": "classifier"}),
        ("rfw", "public-web", {"ethnicity": "classifier"}),
        ("bfw", "public-web", {"ethnicity": "classifier", "sex": "classifier"}),
        ("morph", "operational", {"sex": "document", "ethnicity": "document"}),
        ("meds-ii", "operational", {"sex": "document", "ethnicity": "document"}),
        ("celeba", "public-web", {"sex": "annotator", "eyeglasses": "annotator"}),
        ("digiface-1m", "synthetic", {}),
        ("chicago-face-database", "informed", {"ethnicity": "self-reported"}),
        ("london-face-set", "informed", {"ethnicity": "self-reported"}),
        ("mlfw", "public-web", {"mask": "construction"}),
        ("mfr2", "public-web", {"mask": "annotator"}),
        ("rmfrd", "public-web", {"mask": "annotator"}),
    ],
)
def test_consent_and_label_sources_are_those_of_the_literature(name, consent, labels):
    card = load_card(name)
    assert card.consent.basis == consent
    assert {key: card.attributes[key].labelled_by for key in labels} == labels


@pytest.mark.parametrize(
    ("name", "subjects", "images"),
    [
        ("lfw", 5749, 13233),  # Huang et al. 2007
        ("cfp-fp", 500, 7000),  # Sengupta et al. 2016: ten frontal and four profile each
        ("agedb", 568, 16488),  # Moschoglou et al. 2017
        ("celeba", 10177, 202599),  # Liu et al. 2015
        ("bfw", 800, 20000),  # Robinson et al. 2020
        ("demogpairs", 600, 10800),  # Hupont and Fernández 2019
        ("casia-facev5", 500, 2500),
        ("mfr2", 53, 269),  # Anwar and Raychowdhury 2020
        ("digiface-1m", 110_000, 1_220_000),  # Bae et al. 2023: 72 and 5 pictures each
        ("demo-faces", 120, 480),
    ],
)
def test_sizes_are_those_that_the_makers_publish(name, subjects, images):
    size = load_card(name).size
    assert (size.subjects, size.images) == (subjects, images)


def test_whatever_comes_from_ms_celeb_1m_says_so():
    for name in ("rfw", "bupt-balancedface"):
        assert "ms-celeb-1m" in load_card(name).derived_from
    assert "vggface2" in load_card("bfw").derived_from
    assert {"calfw", "lfw"} == set(load_card("mlfw").derived_from)
    assert load_card("xqlfw").derived_from == ("lfw",)


def test_the_forty_attributes_of_celeba_are_there_each_judged_from_a_photograph():
    attributes = load_card("celeba").attributes
    judged = [name for name in attributes if name not in {"sex", "partition"}]
    assert len(judged) == 39
    assert all(attributes[name].of == "sample" for name in judged)
