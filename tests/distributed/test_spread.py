"""What is sent to a cluster, and what is not; the cluster is made up, and all is pickled."""

import pickle

import numpy as np
import pytest

from evenmatch.distributed import spread as module
from evenmatch.distributed.spread import RaySpread
from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.shards import Shards
from evenmatch.matching.template_arrays import open_shards
from evenmatch.matching.vectors import Picked, Stacked, kept
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.parts import Part

ROWS, DIMENSION = 40, 6
VECTORS = np.random.default_rng(2).standard_normal((ROWS, DIMENSION)).astype(np.float32)
ENTRIES = VECTORS[::4] + 1


class Here:
    """A cluster of nobody: what is put is remembered, parts are done at once."""

    def __init__(self, store=1 << 30):
        self.store, self.put_there, self.sent = store, [], 0

    cores, gpus = 1, 0

    def on_gpu(self, device):
        """Say that there is no graphics card."""
        return device == "none"

    def put(self, value):
        """Return the number of what was put, which stands for it."""
        self.put_there.append(value)
        return len(self.put_there) - 1

    def over(self, sent, parts, needs):
        """Do every part with what another process would have got."""
        assert needs.answer_bytes
        content = pickle.dumps(sent)
        self.sent = len(content)
        do = pickle.loads(content).open()  # noqa: S301 -- made here
        for part in parts:
            yield do(part)


class Rows:
    """A pass that returns the templates it was given."""

    def __call__(self, templates, compute, part):
        """Return all of them."""
        del compute, part
        return np.asarray(templates.vectors[:])


@pytest.fixture
def cluster(monkeypatch):
    made = Here()
    monkeypatch.setattr(module, "connect", lambda _: made)
    monkeypatch.setattr(module, "fetched", made.put_there.__getitem__)
    return made


def seen(spread, vectors):
    """Return the templates that a part sees."""
    templates = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    (found,) = spread.run(templates, Rows(), [Part(0, 1, 0, 1)], Compute(), 1)
    return found


def lying(folder, *, unit=False):
    """Return shards that lie in a folder."""
    for number, part in enumerate(np.array_split(VECTORS, 3)):
        np.save(folder / f"{number}.npy", part)
    return open_shards(sorted(folder.glob("*.npy")), unit=unit)


def test_an_array_is_sent_once_and_entries_after_it_alone(cluster):
    spread = RaySpread("local", "auto")
    assert np.array_equal(seen(spread, VECTORS), VECTORS)
    for entries in (ENTRIES, ENTRIES * 2):
        stacked = Stacked(VECTORS, entries)
        assert np.array_equal(seen(spread, stacked), np.concatenate([VECTORS, entries]))
    assert [len(each) for each in cluster.put_there] == [40, 10, 10]
    assert np.array_equal(seen(spread, VECTORS), VECTORS)
    assert len(cluster.put_there) == 3


def test_what_is_not_asked_for_any_more_makes_room(cluster):
    spread = RaySpread("local", "auto")
    cluster.store = int((VECTORS.nbytes + ENTRIES.nbytes) / module.STORED) + 1
    seen(spread, Stacked(VECTORS, ENTRIES))
    seen(spread, Stacked(VECTORS, ENTRIES * 2))
    with pytest.raises(RequestError, match=r"object store of the cluster has 0 MiB; set compute"):
        seen(spread, Stacked(VECTORS, VECTORS * 2))


def test_shards_are_not_sent_and_read_where_they_lie(cluster, tmp_path):
    spread = RaySpread("local", "auto")
    order = np.array([3, -1, 39, 0])
    wanted = np.concatenate([VECTORS[[3]], np.zeros((1, DIMENSION), np.float32), VECTORS[[39, 0]]])
    found = seen(spread, Picked(lying(tmp_path), order))
    assert np.array_equal(found, wanted)
    assert cluster.put_there == []
    assert cluster.sent < 4000


def test_a_map_of_a_file_is_sent_where_it_fits_and_else_put_in_blocks(
    cluster, tmp_path, monkeypatch
):
    mapped = np.memmap(tmp_path / "m", np.float32, "w+", shape=VECTORS.shape)
    mapped[:] = VECTORS
    some = kept(mapped, np.arange(0, ROWS, 2))
    assert np.array_equal(seen(RaySpread("local", "auto"), some), VECTORS[::2])
    assert [len(each) for each in cluster.put_there] == [ROWS]
    cluster.store = 0
    with pytest.raises(RequestError, match=r"set compute\.shards"):
        seen(RaySpread("local", "auto"), mapped)
    blocks, written = [], module.write_shards

    def watched(vectors, where):
        return written(vectors, where, rows=16)

    monkeypatch.setattr(module, "write_shards", watched)
    blocks = tmp_path / "there"
    assert np.array_equal(seen(RaySpread("local", "auto", str(blocks)), mapped), VECTORS)
    assert sorted(each.stat().st_size for each in blocks.iterdir()) == [192, 384, 384]
    assert {each.stat().st_mode & 0o777 for each in blocks.iterdir()} == {0o600}


@pytest.mark.parametrize("unit", [False, True])
def test_a_folder_goes_where_every_machine_reads_and_a_url_stays(cluster, tmp_path, unit):
    (tmp_path / "vendor").mkdir()
    shards = lying(tmp_path / "vendor", unit=unit)
    spread = RaySpread("local", "auto", str(tmp_path / "there"))
    assert np.array_equal(seen(spread, shards), shards[:])
    assert len(list((tmp_path / "there").iterdir())) == 1
    there = open_shards([f"file://{each.place}" for each in shards.pieces], unit=unit)
    assert isinstance(there, Shards)
    assert np.array_equal(seen(RaySpread("local", "auto", str(tmp_path / "no")), there), shards[:])
    assert not (tmp_path / "no").exists()
    assert cluster.put_there == []
