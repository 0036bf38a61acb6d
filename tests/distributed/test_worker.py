"""What a part gives back where it fails: a sentence, and nothing that a stranger's error said."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from evenmatch.distributed import worker
from evenmatch.distributed.cluster import Cluster
from evenmatch.distributed.worker import Failed, do_part, version_here
from evenmatch.errors import OutsideError, RequestError

NAMED = "/photographs/Zebedee/1.png"


def part_that(raises, monkeypatch):
    """Do a part whose work raises; return what came back, as it travels."""

    def fail(_item):
        try:
            Path(NAMED).read_bytes()
        except OSError as before:
            raise raises from before

    key = SimpleNamespace(hex=lambda: f"{id(raises)}")
    monkeypatch.setattr(worker, "fetched", lambda _: SimpleNamespace(open=lambda: fail))
    sent = pickle.dumps(do_part([key], version_here(), "item"))
    assert NAMED.encode() not in sent
    return pickle.loads(sent)  # noqa: S301 - made two lines above


def test_of_an_unforeseen_error_its_kind_and_place_are_told_and_not_its_words(monkeypatch):
    failed = part_that(ValueError(NAMED), monkeypatch)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, OutsideError)
    assert "ValueError in test_worker.py, line 2" in str(failed.error)
    assert "run again with `engine: local`" in str(failed.error)


def test_a_sentence_of_this_program_travels_whole_and_what_led_to_it_stays(monkeypatch):
    failed = part_that(RequestError("mend the file."), monkeypatch)
    assert isinstance(failed.error, RequestError)
    assert str(failed.error) == "mend the file."
    assert failed.error.__cause__ is None


def test_no_memory_is_the_sentence_of_a_run_in_one_process(monkeypatch):
    assert "memory" in str(part_that(MemoryError(), monkeypatch).error)


def test_another_version_on_a_machine_is_refused(monkeypatch):
    monkeypatch.setattr(worker, "fetched", lambda _: None)
    failed = do_part([SimpleNamespace(hex=lambda: "1")], ("0", "0"), "item")
    assert "install the same versions on all of them" in str(failed.error)


class OnePart:
    """Ray with one part that is done at once."""

    exceptions = SimpleNamespace(RayError=KeyError, RayTaskError=LookupError)

    def __init__(self, answer):
        self.answer, self.cancelled = answer, []

    def put(self, _value):
        """Take what every part needs."""
        return SimpleNamespace(hex=lambda: "k")

    def remote(self, **_options):
        """Give what starts a part."""
        return lambda _function: SimpleNamespace(remote=lambda *_: object())

    def wait(self, running, num_returns):
        """Say that the first part is done."""
        return running[:num_returns], running[num_returns:]

    def get(self, _reference):
        """Return its answer."""
        return self.answer

    def cancel(self, reference):
        """Note what is not wanted any more."""
        self.cancelled.append(reference)

    def cluster_resources(self):
        """Say that there is one core."""
        return {"CPU": 1.0}

    def nodes(self):
        """Say that there is one machine."""
        return [{"Alive": True, "Resources": {"object_store_memory": 1 << 30}}]


def test_the_first_part_that_failed_ends_the_work_and_the_others():
    ray = OnePart(Failed(RequestError("mend the file.")))
    with pytest.raises(RequestError, match=r"mend the file\."):
        list(Cluster(ray).over(SimpleNamespace(), range(5)))
    assert len(ray.cancelled) == 1
