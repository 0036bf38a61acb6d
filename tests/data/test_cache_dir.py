"""The private folder."""

import stat

import pytest

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.errors import OutsideError, RequestError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_of_the_environment_is_made_private(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "a" / "b"))
    assert cache_dir() == tmp_path / "a" / "b"
    assert mode(cache_dir()) == 0o700


def test_an_open_folder_of_ones_own_is_closed(tmp_path):
    tmp_path.chmod(0o755)
    assert mode(private_folder(tmp_path)) == 0o700


def test_without_the_variable_it_is_the_platforms_own_place(tmp_path, monkeypatch):
    monkeypatch.delenv("EVENMATCH_CACHE", raising=False)
    monkeypatch.setattr("evenmatch.data.cache_dir.user_cache_dir", lambda app: tmp_path / app)
    assert cache_dir() == tmp_path / "evenmatch"


def test_a_folder_shared_with_others_is_left_alone_and_refused(tmp_path):
    tmp_path.chmod(0o1777)  # as /tmp is
    with pytest.raises(RequestError, match=r"shared with other people.*Name a folder"):
        private_folder(tmp_path)
    assert mode(tmp_path) == 0o1777


def test_a_file_in_its_place_is_an_outside_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="EVENMATCH_CACHE"):
        private_folder(tmp_path / "file")
