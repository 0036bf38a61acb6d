"""An approximate index in the config: its misses are the audited system's, by group."""

import pytest

from evenmatch.config import load_config
from evenmatch.run import evaluate

CONFIG = """
schema: 1
name: indexed
benchmark: {card: demo-faces}
matchers: [{name: dlib, kind: dlib}]
groups: [[skin_tone]]
one_to_one: {operating_points: ["threshold=0.6"]}
one_to_many:
  gallery: {where: {variation: near}}
  searches: {where: {variation: close}}
  operating_points: ["threshold=0.5"]
  splits: 1
tracking: null
report: {formats: [csv]}
"""


def missed(audit):
    return {
        (row.group, row.rank): row.errors
        for row in audit.result.identification
        if row.metric == "fnir" and row.gallery == "split-1" and row.failures == "non-match"
    }


def test_a_flat_index_finds_what_exact_search_finds_and_a_rough_one_no_more(tmp_path):
    pytest.importorskip("dlib", reason="dlib is not installed")
    pytest.importorskip("faiss", reason="faiss is not installed")
    path = tmp_path / "indexed.yaml"
    path.write_text(CONFIG)
    exact, flat, rough = (
        evaluate(load_config(path, (f"one_to_many.index={index}",)), tmp_path)
        for index in ("exact", "faiss-flat", "faiss-hnsw")
    )
    assert len({audit.result.provenance.run_id for audit in (exact, flat, rough)}) == 3
    assert missed(flat) == missed(exact)
    assert all(errors >= missed(exact)[place] for place, errors in missed(rough).items())


def test_an_index_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    path = tmp_path / "indexed.yaml"
    path.write_text(CONFIG)
    with pytest.raises(Exception, match=r"one_to_many\.index.*faiss-hnsw"):
        load_config(path, ("one_to_many.index=magic",))
