"""A set too large to keep every score gives the same audit as one that is kept whole."""

import pandas as pd
import pytest

from evenmatch.config import load_config
from evenmatch.run import evaluate

CONFIG = """
schema: 1
name: counted
benchmark: {{card: demo-faces}}
matchers: [{{name: dlib, kind: dlib}}]
groups: [[skin_tone]]
one_to_one:
  operating_points: ["fmr=0.01", "fmr=0.001", "threshold=0.6"]
  calibrate_on: {calibrate_on}
tracking: null
report: {{formats: [csv]}}
"""


@pytest.mark.parametrize("calibrate_on", ["unmasked", "same-group", "{skin_tone: light}"])
def test_the_tables_do_not_depend_on_how_many_scores_are_kept(tmp_path, calibrate_on):
    pytest.importorskip("dlib", reason="dlib is not installed")
    path = tmp_path / "counted.yaml"
    path.write_text(CONFIG.format(calibrate_on=calibrate_on))
    whole = evaluate(path, tmp_path / "whole")
    settings = ("compute.keep_scores=0", "compute.keep_tail=1000")
    tail = evaluate(load_config(path, settings), tmp_path / "tail")
    assert whole.result.provenance.run_id == tail.result.provenance.run_id
    for table in ("error_rates.csv", "failures.csv"):
        assert (whole.folder / table).read_bytes() == (tail.folder / table).read_bytes()
    kept = [len(pd.read_parquet(a.folder / "scores" / "dlib.parquet")) for a in (whole, tail)]
    assert kept[1] < kept[0]
