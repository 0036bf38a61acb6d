"""dlib's network in PyTorch: the descriptors of dlib's own module, from the same file."""

import numpy as np
import pytest

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.errors import RequestError
from evenmatch.matching.dlib_descriptor import OwnNetwork
from evenmatch.matching.dlib_network import BLOCKS, build_network, read_tensors
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

pytest.importorskip("dlib", reason="needs the extra `dlib`")
torch = pytest.importorskip("torch", reason="needs PyTorch")


@pytest.fixture(scope="module")
def network():
    return build_network(model_path("descriptor")).eval()


def described(network, chips):
    with torch.inference_mode():
        return network(torch.from_numpy(chips).permute(0, 3, 1, 2)).numpy()


def test_the_file_holds_twenty_nine_convolutions_and_a_projection():
    tensors = list(read_tensors(model_path("descriptor")))
    assert len(tensors) == 2 * 29 + 1
    assert 1 + 2 * len(BLOCKS) == 29
    assert tensors[0].shape == (3 * 32 * 49 + 32,)
    assert tensors[-1].shape == (256, 128)
    assert all(np.isfinite(tensor).all() for tensor in tensors)


def test_descriptors_of_noise_are_those_of_dlibs_own_module(network):
    chips = np.random.default_rng(5).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    assert np.abs(described(network, chips) - OwnNetwork()(chips)).max() < 1e-5


@pytest.mark.needs_shared
def test_descriptors_of_faces_are_those_of_dlibs_own_module(network, london_photographs):
    dlib = load_dlib()
    find = dlib.get_frontal_face_detector()
    predict = dlib.shape_predictor(str(model_path("landmarks_5")))
    chips = np.stack(
        [
            dlib.get_face_chip(photograph, predict(photograph, find(photograph)[0]), 150, 0.25)
            for photograph in london_photographs
        ]
    )
    assert np.abs(described(network, chips) - OwnNetwork()(chips)).max() < 1e-5


@pytest.mark.parametrize("cut", [0, 100, 20_000, -20_000])
def test_a_file_that_is_cut_short_or_something_else_is_refused(tmp_path, cut):
    whole = model_path("descriptor").read_bytes()
    (tmp_path / "short.dat").write_bytes(whole[:cut])
    with pytest.raises(RequestError, match=r"not dlib's published .*pip install"):
        list(read_tensors(tmp_path / "short.dat"))


def test_without_pytorch_dlibs_own_module_computes(monkeypatch, london_photographs):
    import evenmatch.matching.dlib_descriptor as module  # noqa: PLC0415 - patched here alone

    fast = build_matcher("dlib", MatcherOptions("fast"))
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    slow = build_matcher("dlib", MatcherOptions("slow"))
    assert slow.facts["network"] == "dlib's own module, one face at a time"
    assert slow.digest != fast.digest
    pairs = zip(fast.extract(london_photographs), slow.extract(london_photographs), strict=True)
    assert max(np.abs(a - b).max() for a, b in pairs) < 1e-5
    with pytest.raises(RequestError, match=r"not installed.*pip install 'evenmatch\[torch\]'"):
        build_matcher("dlib", MatcherOptions("gpu", device="cuda"))
