"""The keys of a matcher: each kind takes its own, and says what to do about any other."""

import pytest

from evenmatch.documents import parse_document
from evenmatch.entries.matcher import FILE_KEYS, KINDS, MatcherEntry
from evenmatch.errors import RequestError

SCORES = {"kind": "scores", "path": "v.csv"}
TEMPLATES = {"kind": "templates", "path": "t.npz", "score_kind": "cosine"}


def parsed(**entry):
    return parse_document(MatcherEntry, {"name": "m"} | entry, "run.yaml")


@pytest.mark.parametrize(
    "entry",
    [
        SCORES,
        SCORES | {"score_kind": "distance", "failed_score": -1},
        SCORES | {"format": "bfw", "column": "vgg16"},
        SCORES | {"format": "matrix", "ids": "i.txt", "column_ids": "j.txt"},
        SCORES | {"format": "bssr1-xml", "sets": "sets/dos"},
        {"kind": "scores", "candidates": "l.csv"},
        SCORES | {"candidates": "l.csv", "gallery": "g.csv"},
        TEMPLATES,
        TEMPLATES | {"path": "t.npy", "ids": "i.txt", "score_kind": "euclidean"},
        {"kind": "dlib", "detector": "mtcnn", "faces": "refuse"},
        {"kind": "of-another-package", "weights": "w"},
    ],
)
def test_each_kind_takes_its_own_keys_and_parses_back(entry):
    found = parsed(**entry)
    assert set(found.written) == {key for key in entry if key != "kind"}
    again = found.model_dump(mode="json")
    assert parse_document(MatcherEntry, again, "again") == found


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (SCORES | {"faces": "refuse"}, "`faces` is no key of a matcher of kind 'scores'; it reads"),
        (SCORES | {"score_kind": "cosine"}, "one of similarity, distance; write it"),
        (SCORES | {"column": "vgg16"}, "`column` belongs to `format: bfw`; remove it or add that"),
        (SCORES | {"format": "bfw", "sets": "s"}, "`sets` belongs to `format: bssr1-xml`"),
        (SCORES | {"format": "bfw"}, "`format: bfw` needs `column`; add it"),
        (SCORES | {"format": "matrix"}, "`format: matrix` needs `ids`; add it"),
        (SCORES | {"gallery": "g.csv"}, "`gallery` belongs to `candidates`"),
        (SCORES | {"format": "openbr"}, "format: found 'openbr'; allowed: 'csv', 'parquet', 'bfw'"),
        (SCORES | {"failed_score": float("nan")}, "failed_score: found nan"),
        ({"kind": "scores", "candidates": "l", "failed_score": -1}, "are about `path`; add it or"),
        (
            {"kind": "templates", "path": "t.npz"},
            "`score_kind` of kind 'templates' is one of cosine, inner_product, euclidean; write it",
        ),
        ({"kind": "templates", "score_kind": "cosine"}, "needs `path`; add it"),
        (TEMPLATES | {"candidates": "l"}, "(it belongs to kind 'scores'); remove it"),
        ({"kind": "dlib", "ids": "i"}, "(it belongs to kind 'scores' or 'templates'); remove it"),
        ({"kind": "facenet", "candidates": "l"}, "It takes weights"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_with_what_to_do(entry, said):
    with pytest.raises(RequestError) as caught:
        parsed(**entry)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")


def test_every_key_that_names_a_vendor_s_file_belongs_to_a_kind():
    assert set(FILE_KEYS) <= {key for keys in KINDS.values() for key in keys.takes}
