"""Who meets whom under which mask."""

from pathlib import Path

import pandas as pd
import pytest

from evenmatch.data.conditions import mask_conditions, with_drawn_masks
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError

DRAWN = "synthetic-wide-high-blue"


def samples(*masks, values=None):
    table = pd.DataFrame({"sample_id": [str(k) for k in range(len(masks))], "mask": masks})
    return Samples(table, Path(), {}, values or tuple(dict.fromkeys(masks)))


def test_without_drawings_nothing_changes():
    made = samples("unknown")
    assert with_drawn_masks(made, []) is made


def test_unlabelled_photographs_are_the_bare_side_of_a_drawn_mask():
    made = with_drawn_masks(samples("unknown", "unknown"), [DRAWN])
    assert made.table["mask"].tolist() == ["unmasked", "unmasked", DRAWN, DRAWN]
    assert made.table["sample_id"].tolist() == ["0", "1", "0", "1"]
    assert made.mask_values == ("unmasked", DRAWN)
    assert made.photographs.tolist() == [0, 1, 0, 1]


def test_only_bare_faces_are_drawn_on():
    made = with_drawn_masks(samples("unmasked", "masked", "unknown"), [DRAWN])
    assert made.table["mask"].tolist() == ["unmasked", "masked", "unknown", DRAWN]
    assert made.table["sample_id"].tolist()[-1] == "0"


def test_a_mask_needs_a_bare_face():
    with pytest.raises(RequestError, match=r"no photograph is labelled unmasked.*remove `masks`"):
        with_drawn_masks(samples("masked", "unknown"), [DRAWN])


def test_real_masks_all_meet_and_unlike_ones_once_where_order_means_nothing():
    made = samples("unmasked", "masked")
    assert mask_conditions(made, (), ordered=False) == [
        ("unmasked", "unmasked"),
        ("masked", "unmasked"),
        ("masked", "masked"),
    ]
    assert mask_conditions(made, (), ordered=True) == [
        ("unmasked", "unmasked"),
        ("unmasked", "masked"),
        ("masked", "unmasked"),
        ("masked", "masked"),
    ]


@pytest.mark.parametrize(
    ("apply_to", "drawn"),
    [
        (("probe",), [(DRAWN, "unmasked")]),
        (("both",), [(DRAWN, DRAWN)]),
        (("probe", "both"), [(DRAWN, "unmasked"), (DRAWN, DRAWN)]),
    ],
)
def test_a_drawn_mask_meets_what_apply_to_says(apply_to, drawn):
    made = with_drawn_masks(samples("unknown"), [DRAWN])
    assert mask_conditions(made, apply_to, ordered=False) == [("unmasked", "unmasked"), *drawn]


def test_a_masked_reference_meets_bare_probes_where_there_are_roles():
    made = with_drawn_masks(samples("unknown"), [DRAWN])
    assert mask_conditions(made, ("reference",), ordered=True)[1:] == [("unmasked", DRAWN)]
    with pytest.raises(RequestError, match=r"`reference` needs comparisons with roles"):
        mask_conditions(made, ("probe", "reference"), ordered=False)
    # Without a drawn mask there is nothing to put anywhere.
    assert mask_conditions(samples("unknown"), ("reference",), ordered=False) == [
        ("unknown", "unknown")
    ]
