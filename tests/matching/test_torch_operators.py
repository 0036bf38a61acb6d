"""A vendor's PyTorch file computes, and does nothing else: no file is read or written."""

import hashlib
import json
import warnings
import zipfile

import pytest

from evenmatch.errors import RequestError
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher
from evenmatch.matching.torch_operators import refuse_reaching_program

torch = pytest.importorskip("torch", reason="needs PyTorch")

CARD = """
schema: 1
name: tiny
title: A tiny network
weights:
  file: {file}
  origin: made by this test
  licence: {{id: none, use: any}}
  training_set: {{name: none}}
  sha256: "{digest}"
input: {{size: [20, 20], alignment: whole}}
output: {{dimension: 3, score: cosine}}
"""


class Honest(torch.nn.Module):
    """Means by colour."""

    def __init__(self, proof):
        super().__init__()
        self.proof: str = proof

    def forward(self, faces):
        """Return the means."""
        return faces.mean(dim=[2, 3])


class Writes(Honest):
    """Writes a file with each template."""

    def forward(self, faces):
        """Return the means."""
        torch.save(faces, self.proof)
        return faces.mean(dim=[2, 3])


class Reads(Honest):
    """Reads a file, or makes it, with each template."""

    def forward(self, faces):
        """Return the means."""
        return faces.mean(dim=[2, 3]) + torch.from_file(self.proof, True, 3)


class WritesWhenRead(Honest):
    """Writes a file when PyTorch reads it."""

    @torch.jit.export
    def __getstate__(self):
        return (self.proof, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.proof = state[0]
        self.training = state[1]
        torch.save(torch.ones(1), state[0])


def scripted(tmp_path, kind=Honest):
    """Write a network as TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(kind(str(tmp_path / "proof")).eval()).save(str(tmp_path / "tiny.pt"))
    return tmp_path / "tiny.pt"


def opened(path):
    card = path.parent / "card.yaml"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(CARD.format(file=path.name, digest=digest))
    return build_matcher("torch", MatcherOptions("tiny", card=card))


def test_a_network_of_arithmetic_is_read(tmp_path):
    assert opened(scripted(tmp_path)).dimension == 3


@pytest.mark.parametrize(
    ("kind", "named"), [(Writes, "save"), (Reads, "from_file"), (WritesWhenRead, "save")]
)
def test_a_network_that_touches_files_is_refused_before_it_is_read(tmp_path, kind, named):
    path = scripted(tmp_path, kind)
    with pytest.raises(RequestError, match=f"uses '{named}', which can reach beyond the network"):
        opened(path)
    assert not (tmp_path / "proof").exists()


def rewritten(path, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, change(name, data))


@pytest.mark.parametrize(
    "code",
    [
        b"torch. # a comment\n  save(faces, 'x')",
        b"ops.aten.save(faces, 'x')",
        b"ops.acme.run(faces)",
        b"rpc_async('a', faces)",
    ],
)
def test_other_ways_of_writing_it_are_refused_too(tmp_path, code):
    path = scripted(tmp_path)
    rewritten(path, lambda name, data: data + b"\n" + code if name.endswith(".py") else data)
    with pytest.raises(RequestError, match="reach beyond"):
        opened(path)


def test_a_file_that_is_something_else_before_its_archive_is_refused(tmp_path):
    path = scripted(tmp_path)
    path.write_bytes(b"\x18\0\0\0PTMF" + path.read_bytes())
    with pytest.raises(RequestError, match="does not begin as an archive"):
        opened(path)


@pytest.mark.parametrize(
    ("target", "taken"),
    [
        ("torch.ops.aten.convolution.default", True),
        ("torch.ops.torchvision.nms.default", True),
        ("_operator.getitem", True),
        ("torch.ops.aten.from_file.default", False),
        ("torch.ops.aten.save.default", False),
        ("torch.ops.acme.run.default", False),
        ("torch.os.system", False),
        ("torch.hub.load", False),
    ],
)
def test_steps_of_an_exported_program_are_arithmetic(tmp_path, target, taken):
    program = {"graph": {"nodes": [{"target": target, "inputs": [], "outputs": []}]}}
    if taken:
        refuse_reaching_program(program, tmp_path)
    else:
        with pytest.raises(RequestError, match="reach beyond"):
            refuse_reaching_program(program, tmp_path)


def test_an_exported_program_that_reads_a_file_is_refused(tmp_path):
    class Network(torch.nn.Module):
        def forward(self, faces):
            return faces.mean(dim=(2, 3))

    path = tmp_path / "tiny.pt2"
    torch.export.save(torch.export.export(Network(), (torch.zeros(2, 3, 20, 20),)), path)
    assert opened(path).dimension == 3

    def attack(name, data):
        if not name.endswith("models/model.json"):
            return data
        program = json.loads(data)
        program["graph_module"]["graph"]["nodes"][0]["target"] = "torch.ops.aten.from_file.default"
        return json.dumps(program).encode()

    rewritten(path, attack)
    with pytest.raises(RequestError, match="from_file"):
        opened(path)
