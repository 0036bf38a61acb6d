"""Photographs and matchers for the tests of the room `matching`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from PIL import Image

from evenmatch.data.samples import Samples
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

settings.register_profile("evenmatch", deadline=None)  # a busy machine is no failure
settings.load_profile("evenmatch")

LONDON = Path(__file__).parents[2].parent / "shared" / "faces" / "london"


def table_of(paths, masks=None, people=None):
    """Return a benchmark's table: one sample a path, everyone a person of their own."""
    ids = [f"s{i}" for i in range(len(paths))]
    return pd.DataFrame(
        {
            "sample_id": ids,
            "subject_id": people or ids,
            "path": paths,
            "mask": masks or ["unmasked"] * len(paths),
        }
    )


class GreyMatcher:
    """A matcher whose template is a photograph's mean colour; it sees no face in black.

    It counts the photographs it was given, so that tests can see what a cache spared it.
    """

    name = "grey"
    digest = hashlib.sha256(b"grey").hexdigest()
    dimension = 3
    score_kind = ScoreKind.EUCLIDEAN
    facts: dict[str, str] = {}  # noqa: RUF012 - the contract's attribute

    def __init__(self):
        self.seen = 0
        self.batches = []

    def extract(self, photographs):
        """Return mean colours."""
        self.seen += len(photographs)
        self.batches.append(len(photographs))
        means = [p.reshape(-1, 3).mean(0).astype(np.float32) for p in photographs]
        return [m if m.any() else FailureReason.NO_FACE for m in means]


@pytest.fixture
def grey():
    return GreyMatcher()


@pytest.fixture
def benchmark(tmp_path):
    """Return a function that writes pictures of one colour and gives the benchmark of them."""

    def make(colours, **columns):
        root = tmp_path / "photographs"
        root.mkdir(exist_ok=True)
        for number, colour in enumerate(colours):
            Image.new("RGB", (6, 4), colour).save(root / f"{number}.png")
        paths = [f"{number}.png" for number in range(len(colours))]
        table = table_of(paths, **columns)
        return Samples(table, root, {}, tuple(dict.fromkeys(table["mask"])))

    return make


@pytest.fixture(scope="session")
def london():
    """Return the photographs' table and root, where they are beside the checkout."""
    if not LONDON.is_dir():
        pytest.skip("needs the London photographs beside the checkout")
    table = pd.read_csv(LONDON / "samples.csv", dtype=str, keep_default_na=False)
    return table.assign(mask="unmasked"), LONDON


@pytest.fixture(scope="session")
def london_photographs(london):
    """Return the first eight photographs, reduced to 300 pixels."""
    table, root = london
    return [
        np.asarray(Image.open(root / path).convert("RGB").resize((300, 300)))
        for path in table["path"][:8]
    ]


@pytest.fixture(scope="session")
def dlib_matcher():
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    return build_matcher("dlib", MatcherOptions("dlib"))


@pytest.fixture(scope="session")
def random_network():
    """Return facenet-pytorch's network with random weights: the published ones need a network."""
    torch = pytest.importorskip("torch", reason="needs the extra `facenet`")
    package = pytest.importorskip("facenet_pytorch", reason="needs the extra `facenet`")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return package.InceptionResnetV1(pretrained=None, classify=False).eval()


@pytest.fixture(scope="session")
def random_weights(random_network, tmp_path_factory):
    """Return a file like the published ones, with the classifier's layer that we do not use."""
    torch = pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("weights") / "random.pt"
    classifier = {"logits.weight": torch.zeros(7, 512), "logits.bias": torch.zeros(7)}
    torch.save(random_network.state_dict() | classifier, path)
    return path


@pytest.fixture(scope="session")
def facenet_matcher(random_weights):
    options = MatcherOptions("f", weights=str(random_weights), device="cpu")
    return build_matcher("facenet", options)


CARD = """
schema: 1
name: tiny
title: A small network of this test
weights:
  file: {file}
  origin: made by this test
  licence: {{id: none, use: any}}
  training_set: {{name: none}}
  sha256: "{digest}"
input: {{colour: bgr, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}}
output: {{dimension: 32, score: cosine}}
"""


def carded(path):
    """Write the card of a model file beside it and return the card's path."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card = path.with_suffix(".yaml")
    card.write_text(CARD.format(file=path.name, digest=digest))
    return card


@pytest.fixture(scope="session")
def small_network():
    """Return a network of random weights that takes faces of 112 pixels."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    torch.manual_seed(6)
    layers = [torch.nn.Conv2d(3, 32, 9, stride=4), torch.nn.AdaptiveAvgPool2d(1)]
    return torch.nn.Sequential(*layers, torch.nn.Flatten()).eval()


@pytest.fixture(scope="session")
def torch_matcher(small_network, tmp_path_factory):
    """Return an exported program that takes what MTCNN finds, turned upright."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    path = tmp_path_factory.mktemp("torch") / "small.pt2"
    batch = torch.export.Dim("batch", min=1, max=512)
    shapes = {"input": {0: batch}}
    example = (torch.zeros(2, 3, 112, 112),)
    torch.export.save(torch.export.export(small_network, example, dynamic_shapes=shapes), path)
    return build_matcher("torch", MatcherOptions("torch", card=carded(path), device="cpu"))


@pytest.fixture(scope="session")
def onnx_matcher(small_network, tmp_path_factory):
    """Return the same network in ONNX, with faces found by dlib."""
    onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = {name: value.numpy() for name, value in small_network.state_dict().items()}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["faces", "0.weight", "0.bias"], ["c"], strides=[4, 4]),
            helper.make_node("GlobalAveragePool", ["c"], ["means"]),
            helper.make_node("Flatten", ["means"], ["template"]),
        ],
        "small",
        [helper.make_tensor_value_info("faces", kind, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("template", kind, ["n", 32])],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    options = MatcherOptions("onnx", card=carded(path), detector="dlib", device="cpu")
    return build_matcher("onnx", options)
