"""Names that only this machine can read back."""

import stat

import pytest

from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import RequestError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_one_benchmark_gives_one_id_the_same_name_every_time():
    assert Pseudonyms("a").of_samples(["x", "y"]) == Pseudonyms("a").of_samples(["x", "y"])


def test_a_sample_and_a_subject_of_one_id_have_different_names():
    names = Pseudonyms("a")
    sample, subject = names.of_samples(["x"])[0], names.of_subjects(["x"])[0]
    assert (sample[0], subject[0]) == ("s", "p")
    assert sample[1:] != subject[1:]


def test_two_benchmarks_share_no_names():
    assert Pseudonyms("a").of_samples(["x"]) != Pseudonyms("b").of_samples(["x"])


def test_another_machine_makes_other_names(tmp_path, monkeypatch):
    here = Pseudonyms("a").of_subjects(["x"])
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "elsewhere"))
    assert Pseudonyms("a").of_subjects(["x"]) != here


def test_names_do_not_show_the_id_and_do_not_collide():
    ids = [f"Jane Doe {number}" for number in range(5000)]
    names = Pseudonyms("a").of_subjects(ids)
    assert len(set(names)) == len(ids)
    assert all(len(name) == 21 and name.isalnum() for name in names)


def test_the_key_is_readable_by_its_owner_alone_and_leaves_no_other_file(cache):
    Pseudonyms("a")
    (key,) = (cache / "keys").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32


def test_names_made_before_are_not_read_with_a_key_made_now(cache):
    with pytest.raises(RequestError, match=r"no key .* on the machine that made the audit"):
        Pseudonyms("a", anew=False)
    assert not list((cache / "keys").iterdir())
    made = Pseudonyms("a").of_samples(["x"])
    assert Pseudonyms("a", anew=False).of_samples(["x"]) == made
