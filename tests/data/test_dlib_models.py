"""dlib's files, found without importing the package that carries them."""

import sys
from importlib.machinery import ModuleSpec

import pytest

from evenmatch.data import dlib_models
from evenmatch.data.dlib_models import FILES, dlib_installed, load_dlib, model_path
from evenmatch.errors import RequestError


@pytest.mark.parametrize("name", list(FILES))
def test_every_model_is_found_and_its_package_never_imported(name):
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    assert model_path(name).name == FILES[name]
    assert model_path(name).is_file()
    assert "face_recognition_models" not in sys.modules


def test_dlib_is_loaded_when_asked_for():
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    assert load_dlib().__name__ == "dlib"
    assert dlib_installed()


def test_an_absent_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(dlib_models, "find_spec", lambda _name: None)
    assert not dlib_installed()
    with pytest.raises(RequestError, match=r"pip install 'evenmatch\[dlib\]'"):
        model_path("descriptor")


def test_an_absent_dlib_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(RequestError, match=r"pip install 'evenmatch\[dlib\]'"):
        load_dlib()


def test_an_incomplete_package_is_named_with_the_file(monkeypatch, tmp_path):
    spec = ModuleSpec("face_recognition_models", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(dlib_models, "find_spec", lambda _name: spec)
    with pytest.raises(RequestError, match=r"mmod_human_face_detector\.dat is missing.*Reinstall"):
        model_path("cnn_detector")
