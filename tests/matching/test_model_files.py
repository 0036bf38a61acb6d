"""Models with a card: ONNX, TorchScript and exported programs, and what is refused of them."""

import hashlib
import io
import json
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from evenmatch.errors import RequestError
from evenmatch.matching.arithmetic import Arithmetic
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.model_card import Taken
from evenmatch.matching.model_matcher import prepared
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

torch = pytest.importorskip("torch", reason="needs PyTorch")
onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")

WEIGHTS = Path(__file__).parents[2].parent / "shared" / "weights" / "mobilefacenet_foamliu.onnx"
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
input: {{size: [20, 20], alignment: whole{more}}}
output: {{dimension: {dimension}, score: {score}}}
"""


class Tiny(torch.nn.Module):
    """Means of nine patches by colour, 27 numbers."""

    def forward(self, faces):
        """Return the means."""
        return torch.nn.functional.adaptive_avg_pool2d(faces, 3).flatten(1)


@pytest.fixture
def card(tmp_path):
    """Return a function that writes a card for a file."""

    def write(file, *, more="", dimension=27, score="cosine", digest=None):
        path = tmp_path / "card.yaml"
        known = hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
        text = CARD.format(
            file=file, digest=digest or known, more=more, dimension=dimension, score=score
        )
        path.write_text(text)
        return path

    return write


@pytest.fixture
def script(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(Tiny().eval(), torch.zeros(1, 3, 20, 20)).save(str(tmp_path / "tiny.pt"))
    return "tiny.pt"


@pytest.fixture
def program(tmp_path):
    batch = torch.export.Dim("batch", min=1, max=512)
    exported = torch.export.export(
        Tiny().eval(), (torch.zeros(2, 3, 20, 20),), dynamic_shapes={"faces": {0: batch}}
    )
    torch.export.save(exported, tmp_path / "tiny.pt2")
    return "tiny.pt2"


def network(tmp_path, batch=None, domain="", name="tiny.onnx"):
    """Write an ONNX network of one averaging layer."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    takes = helper.make_tensor_value_info("faces", kind, [batch or "n", 3, 20, 20])
    gives = helper.make_tensor_value_info("template", kind, [batch or "n", 3])
    pool = helper.make_node("GlobalAveragePool", ["faces"], ["means"], domain=domain)
    flat = helper.make_node("Flatten", ["means"], ["template"])
    graph = helper.make_graph([pool, flat], "g", [takes], [gives])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / name)
    return name


def options(card, **more):
    return MatcherOptions("tiny", card=card, **more)


@pytest.fixture
def photographs():
    return list(np.random.default_rng(4).integers(0, 256, (19, 20, 20, 3), dtype=np.uint8))


def expected(photographs, score="cosine"):
    faces = torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2) / 255
    means = Tiny()(faces).numpy()
    return means / np.linalg.norm(means, axis=1, keepdims=True) if score == "cosine" else means


@pytest.mark.parametrize("file", ["script", "program"])
@pytest.mark.parametrize("score", ["cosine", "euclidean"])
def test_a_torch_file_gives_its_networks_templates(request, card, photographs, file, score):
    matcher = build_matcher("torch", options(card(request.getfixturevalue(file), score=score)))
    made = matcher.extract(photographs)
    assert np.abs(np.array(made) - expected(photographs, score)).max() < 1e-6
    euclidean = matcher.score_kind is ScoreKind.EUCLIDEAN
    assert euclidean == (score == "euclidean")
    assert np.array_equal(matcher.extract(photographs[3:4])[0], made[3])


@pytest.mark.parametrize("batch", [None, 1, 4])
def test_an_onnx_file_gives_its_networks_templates(tmp_path, card, photographs, batch):
    path = card(network(tmp_path, batch), dimension=3, score="inner_product")
    matcher = build_matcher("onnx", options(path))
    means = np.stack(photographs).mean(axis=(1, 2)) / 255
    made = matcher.extract(photographs)
    assert np.abs(np.array(made) - means).max() < 1e-6
    assert np.array_equal(matcher.extract(photographs[:1])[0], made[0])


def test_colours_are_ordered_shifted_and_scaled_as_the_card_says():
    face = np.array([[[[10, 20, 30]]]], dtype=np.uint8)
    taken = Taken(colour="bgr", divide_by=10, mean=(1, 1, 1), std=(2, 2, 4))
    assert prepared(face, taken).ravel().tolist() == [1.0, 0.5, 0.0]


def test_a_template_of_zeros_is_refused_and_not_counted(script, card):
    matcher = build_matcher("torch", options(card(script)))
    assert np.isnan(matcher.extract([np.zeros((20, 20, 3), np.uint8)])[0]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "0" * 64}, r"weights.sha256: .* and the card says 0000.*; get the file"),
        ({"dimension": 26}, r"gave an array of shape \(1, 27\).* templates of 26.*correct"),
        ({"more": ", divide_by: 0"}, "input.divide_by"),
        ({"more": ", std: [1, 0, 1]"}, "every number has to be above 0"),
        ({"more": ", colours: rgb"}, "did you mean 'colour'"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(script, card, change, said):
    with pytest.raises(RequestError, match=said):
        build_matcher("torch", options(card(script, **change))).extract(
            [np.ones((20, 20, 3), np.uint8)]
        )


def traced(tmp_path, network, *sides):
    """Write a network that takes faces of these sides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = torch.jit.trace(network.eval(), torch.zeros(1, 3, *sides))
        made.save(str(tmp_path / "other.pt"))
    return "other.pt"


def test_another_precision_is_measured_on_faces_of_the_cards_shape(tmp_path, card):
    wide = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 20 * 30, 4))
    path = card(traced(tmp_path, wide, 20, 30), dimension=4)
    path.write_text(path.read_text().replace("[20, 20]", "[20, 30]"))
    matcher = build_matcher("torch", options(path, arithmetic=Arithmetic("bfloat16")))
    assert "bfloat16 against float32" in matcher.facts["run by"]
    assert matcher.extract([np.ones((20, 30, 3), np.uint8)])[0].shape == (4,)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_of_another_shape_or_with_other_outputs_is_refused(tmp_path, card, precision):
    class Two(torch.nn.Module):
        def forward(self, faces):
            return faces.mean(dim=(2, 3)), faces

    wide = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 20 * 30, 4))
    for network, sides in ((Two(), (20, 20)), (wide, (20, 30))):
        path = card(traced(tmp_path, network, *sides), dimension=4)
        asked = options(path, arithmetic=Arithmetic(precision))
        with pytest.raises(RequestError, match=r"does not take faces .*as its only output"):
            build_matcher("torch", asked).extract([np.ones((20, 20, 3), np.uint8)])


def test_a_matcher_without_a_card_or_with_a_missing_file_is_refused(card, script, tmp_path):
    with pytest.raises(RequestError, match="needs `card`, the YAML file"):
        build_matcher("onnx", MatcherOptions("tiny"))
    path = card(script)
    (tmp_path / script).unlink()
    with pytest.raises(RequestError, match=r"there is no file .*put it there"):
        build_matcher("torch", options(path))


class Attack:
    """Runs a command where it is unpickled."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return (open, (str(self._path), "w"))


def rewritten(path, change):
    """Write an archive again with some of its files changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, change(name, data))


def test_a_program_that_brings_a_pickle_runs_nothing(program, card, tmp_path):
    proof = tmp_path / "proof"
    saved = io.BytesIO()
    torch.save(Attack(proof), saved)

    def attack(name, data):
        return saved.getvalue() if name.endswith("sample_inputs/model.pt") else data

    rewritten(tmp_path / program, attack)
    with pytest.raises(RequestError, match="neither a TorchScript file nor"):
        build_matcher("torch", options(card(program)))
    assert not proof.exists()


def test_a_program_whose_sizes_are_code_is_refused_before_it_is_read(program, card, tmp_path):
    proof = tmp_path / "proof"

    def attack(name, data):
        if not name.endswith("models/model.json"):
            return data
        code = f"__import__('pathlib').Path({str(proof)!r}).touch()"
        text = data.decode()
        start = text.index("Symbol('")
        end = text.index('"', start)
        return (text[:start] + json.dumps(code)[1:-1] + text[end:]).encode()

    rewritten(tmp_path / program, attack)
    with pytest.raises(RequestError, match="formula that is more than sizes and arithmetic"):
        build_matcher("torch", options(card(program)))
    assert not proof.exists()


@pytest.mark.parametrize("kind", ["torch", "onnx"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", pickle.dumps({"a": 1})])
def test_a_file_that_is_no_model_is_refused(card, tmp_path, kind, content):
    (tmp_path / "odd.bin").write_bytes(content)
    with pytest.raises(RequestError, match=r"(save it anew|export .* anew)"):
        build_matcher(kind, options(card("odd.bin")))


def test_weights_outside_the_models_folder_are_refused(tmp_path, card):
    file = network(tmp_path)
    model = onnx.load(tmp_path / file)
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    del tensor.float_data[:]
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret.bin"
    model.graph.initializer.append(tensor)
    (tmp_path / file).write_bytes(model.SerializeToString())
    with pytest.raises(RequestError, match="outside its own folder; export it with the weights"):
        build_matcher("onnx", options(card(file, dimension=3)))


def test_operators_that_are_code_of_somebodys_library_are_refused(tmp_path, card):
    file = network(tmp_path, domain="com.example")
    with pytest.raises(RequestError, match=r"operators of com.example, which are not ONNX's own"):
        build_matcher("onnx", options(card(file, dimension=3)))


def test_an_onnx_file_takes_no_other_precision(tmp_path, card):
    path = card(network(tmp_path), dimension=3)
    with pytest.raises(RequestError, match="remove `precision` and `compile`"):
        build_matcher("onnx", options(path, arithmetic=Arithmetic("bfloat16")))


def test_a_shape_that_contradicts_the_card_is_refused(tmp_path, card):
    path = card(network(tmp_path), dimension=3, more=", layout: nhwc")
    with pytest.raises(RequestError, match=r"correct `input\.size` or `input\.layout`"):
        build_matcher("onnx", options(path))


@pytest.mark.needs_shared
@pytest.mark.parametrize("detector", ["mtcnn", "dlib"])
def test_a_real_model_tells_the_people_of_the_london_photographs_apart(
    tmp_path, london_photographs, detector
):
    if not WEIGHTS.is_file():
        pytest.skip("needs the weights beside the checkout")
    text = CARD.format(
        file=WEIGHTS,
        digest="b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
        more="",
        dimension=128,
        score="cosine",
    )
    read = "input: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}"
    text = text.replace("input: {size: [20, 20], alignment: whole}", read)
    (tmp_path / "card.yaml").write_text(text)
    matcher = build_matcher("onnx", options(tmp_path / "card.yaml", detector=detector))
    empty = np.zeros((60, 60, 3), np.uint8)
    *made, failed = matcher.extract([*london_photographs, empty])
    assert failed is FailureReason.NO_FACE
    scores = np.array(made) @ np.array(made).T
    for person in range(0, 8, 2):
        assert scores[person, person + 1] > 0.8
        assert np.delete(scores[person], [person, person + 1]).max() < 0.5
