"""Model files with their cards: ONNX, TorchScript, exported programs and weights."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from fuzzing.watch import Made

from evenmatch.matching.model_card import load_model
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

if TYPE_CHECKING:
    from pathlib import Path

CARD = """
schema: 1
name: tiny
title: A tiny network
weights:
  file: {file}
  origin: made here
  licence: {{id: none, use: any, url: "https://example.org"}}
  training_set: {{name: none, note: made up}}
  sha256: "{digest}"
input: {{size: [20, 20], alignment: whole, colour: rgb, mean: [0.5, 0.5, 0.5], layout: nchw}}
output: {{dimension: {dimension}, score: cosine}}
known_issues: [It is tiny.]
"""


def _carded(path: Path, dimension: int = 27) -> Path:
    card = path.parent / "card.yaml"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(CARD.format(file=path.name, digest=digest, dimension=dimension))
    return card


def _model(kind: str, path: Path, dimension: int = 27, form: str = "") -> Made:
    """Return a model that is loaded and run, its card always naming its digest."""
    _carded(path, dimension)
    face = np.random.default_rng(1).integers(0, 255, (24, 22, 3), dtype=np.uint8)

    def read() -> None:
        options = MatcherOptions("m", card=path.parent / "card.yaml", device="cpu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = build_matcher(kind, options).extract([face, face])
        for each in made:
            if isinstance(each, np.ndarray) and each.shape != (dimension,):
                raise AssertionError(f"a template of shape {each.shape}")

    return Made(
        [path], read, form=form, ready=lambda changed: _carded(changed, dimension),
        out=(path.parent / "card.yaml",),
    )  # fmt: skip


def model_card(folder: Path) -> Made:
    """A model's card."""
    path = folder / "tiny.bin"
    path.write_bytes(b"weights")
    card = _carded(path)

    def read() -> None:
        found, file = load_model(card)
        found.facts("0")
        if not file.resolve().is_relative_to(folder.resolve()):
            raise AssertionError(f"the card's file is {file}")

    return Made([card], read)


def _onnx(folder: Path) -> Path:
    import onnx

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    takes = helper.make_tensor_value_info("faces", kind, ["n", 3, 20, 20])
    gives = helper.make_tensor_value_info("template", kind, ["n", 3])
    weight = np.random.default_rng(1).normal(size=(3, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["faces", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["c"], ["means"]),
        helper.make_node("Flatten", ["means"], ["template"]),
    ]
    graph = helper.make_graph(
        nodes, "g", [takes], [gives], [onnx.numpy_helper.from_array(weight, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "tiny.onnx")
    return folder / "tiny.onnx"


def onnx_bytes(folder: Path) -> Made:
    """An ONNX network, by bytes."""
    import onnxruntime  # noqa: F401 - absent where the extra is not installed

    return _model("onnx", _onnx(folder), 3, form="bytes")


def onnx_json(folder: Path) -> Made:
    """An ONNX network, by its parts: names, shapes, types, attributes."""
    import onnx
    import onnxruntime  # noqa: F401 - as above
    from google.protobuf import json_format

    path = _onnx(folder)
    tree = folder / "tiny.json"
    tree.write_text(json_format.MessageToJson(onnx.load(str(path))))
    made = _model("onnx", path, 3)

    def ready(changed: Path) -> None:
        try:
            model = json_format.Parse(changed.read_bytes(), onnx.ModelProto())
            path.write_bytes(model.SerializeToString())
        except Exception:  # noqa: BLE001 - no such message exists: read its text in its place
            path.write_bytes(changed.read_bytes())
        _carded(path, 3)

    out = (path, path.parent / "card.yaml")
    return Made([tree], made.read, ready=ready, out=out, replaced=())


def _network() -> Any:
    import torch

    class Tiny(torch.nn.Module):
        """Means of nine patches by colour, scaled: 27 numbers."""

        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(27))

        def forward(self, faces: Any) -> Any:
            """Return the means."""
            return torch.nn.functional.adaptive_avg_pool2d(faces, 3).flatten(1) * self.scale

    return Tiny().eval()


def torchscript(folder: Path) -> Made:
    """A TorchScript file."""
    import torch

    path = folder / "tiny.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(_network(), torch.zeros(1, 3, 20, 20)).save(str(path))
    return _model("torch", path)


def program(folder: Path) -> Made:
    """An exported program."""
    import torch

    path = folder / "tiny.pt2"
    batch = torch.export.Dim("batch", min=1, max=512)
    example = (torch.zeros(2, 3, 20, 20),)
    shapes = {"faces": {0: batch}}
    torch.export.save(torch.export.export(_network(), example, dynamic_shapes=shapes), path)
    return _model("torch", path)


KINDS = {
    "model-card": model_card, "onnx": onnx_bytes, "onnx-parts": onnx_json,
    "torchscript": torchscript, "pt2": program,
}  # fmt: skip
