"""Cards: the shelf's own are complete, and anyone's are read strictly."""

import pytest
import yaml

from evenmatch.data.card import card_names, cards_dir, describe, load_card
from evenmatch.errors import RequestError


@pytest.fixture
def written(bench):
    """Write the made-up card with changes and load it."""

    def load(**changes):
        path = bench.folder / "card.yaml"
        path.write_text(yaml.safe_dump(bench.card | changes, sort_keys=False))
        return load_card(str(path))

    return load


def test_the_shelf_lists_every_file_and_has_the_demonstration():
    assert "demo-faces" in card_names()
    assert len(card_names()) == len(list(cards_dir().glob("*.yaml")))


def test_a_card_that_is_not_there_names_those_that_are():
    with pytest.raises(RequestError, match=r"no card 'demo'; .*The shelf has \[.*'demo-faces'"):
        load_card("demo")
    with pytest.raises(RequestError, match=r"no file no.yaml; correct the path, or name a card"):
        load_card("no.yaml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"consent": {"basis": "signed"}}, "consent.basis: found 'signed'; allowed: 'informed'"),
        ({"licence": {"id": "", "use": "any"}}, "licence.id: found ''"),
        ({"titel": "x"}, "titel: unknown key; did you mean 'title'?"),
        ({"name": "Made Up"}, "name: found 'Made Up'"),
        ({"name": "made-up\n"}, "name: found"),
        ({"protocols": {}}, "protocols: found {}; it may not be empty"),
        ({"protocols": {"p": {"kind": "listed"}}}, "a listed protocol needs `file`"),
        ({"protocols": {"p": {"kind": "all-pairs", "file": "p.csv"}}}, "add or remove it"),
        ({"attributes": {"sex": {"of": "subject"}}}, "labelled_by: this key is required"),
        ({"attributes": {"sex": {"of": "subject", "values": ["m"], "labelled_by": "me"}}}, "'me'"),
    ],
)
def test_a_card_out_of_form_is_refused(written, changes, said):
    with pytest.raises(RequestError) as caught:
        written(**changes)
    assert said in str(caught.value)


def test_notes_may_be_blank(written):
    assert written().consent.note == ""


def test_a_card_is_the_same_whatever_the_order_of_its_keys(bench, written):
    digest = written().digest()
    bench.card = dict(reversed(bench.card.items()))
    assert written().digest() == digest
    assert written(title="Another").digest() != digest


def test_the_first_protocol_is_taken_where_none_is_named(written):
    card = written(
        protocols={"pairs": {"kind": "listed", "file": "p.csv"}, "all": {"kind": "all-pairs"}}
    )
    assert card.protocol(None).file == "p.csv"
    assert card.protocol("all").kind == "all-pairs"
    with pytest.raises(RequestError, match=r"no protocol 'some'; choose one of \['all', 'pairs'\]"):
        card.protocol("some")


def test_a_card_as_plain_data_loads_again(bench, written):
    card = written()
    (bench.folder / "again.yaml").write_text(yaml.safe_dump(describe(card)))
    assert load_card(str(bench.folder / "again.yaml")) == card
