"""A network's arithmetic: stacks of one size, and what another precision does to scores."""

import numpy as np
import pytest

from evenmatch.matching.arithmetic import Arithmetic
from evenmatch.matching.forward import STACK, Forward, generated_faces

torch = pytest.importorskip("torch", reason="needs PyTorch")


class Network(torch.nn.Module):
    """A small convolution, so that the order of adding may matter."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.layer = torch.nn.Conv2d(3, 16, 9, stride=4)

    def forward(self, faces):
        """Return the mean of sixteen filters."""
        return self.layer(faces / 255).mean(dim=(2, 3))


@pytest.fixture
def faces():
    return np.random.default_rng(2).integers(0, 256, (21, 40, 40, 3)).astype(np.float32)


def forward(**arithmetic):
    return Forward(Network().eval(), torch.device("cpu"), Arithmetic(**arithmetic))


def test_templates_are_the_networks_output_in_order(faces):
    with torch.inference_mode():
        plain = Network()(torch.from_numpy(faces).permute(0, 3, 1, 2)).numpy()
    assert np.abs(forward()(faces) - plain).max() < 1e-6


def test_a_template_does_not_depend_on_how_many_come_with_it(faces):
    describe = forward()
    together = describe(faces)
    assert len(faces) % STACK["cpu"]
    for place in (0, 7, 20):
        assert np.array_equal(describe(faces[place : place + 1])[0], together[place])


def test_the_published_precision_has_no_effect_to_speak_of():
    assert forward().effect((40, 40), np.asarray) == {}


def test_another_precision_says_how_far_it_moves_scores(faces):
    half = forward(precision="bfloat16")
    said = half.effect((40, 40), np.asarray)["effect of precision"]
    assert said.startswith("bfloat16 against float32")
    assert "pairs of generated faces" in said
    assert 1e-6 < np.abs(half(faces) - forward()(faces)).max() < 0.05
    assert half(faces).dtype == np.float32


def test_the_generated_faces_are_of_the_size_asked_for():
    faces = generated_faces((112, 96))
    assert faces.shape[1:] == (112, 96, 3)
    assert len(faces) >= 40


@pytest.mark.slow
def test_a_compiled_network_gives_the_same_templates(faces):
    compiled = forward(compiled=True)
    try:
        made = compiled(faces)
    except Exception as error:  # noqa: BLE001 - inductor needs a C++ compiler, and says so in many ways
        pytest.skip(f"torch.compile does not work here ({type(error).__name__})")
    assert np.abs(made - forward()(faces)).max() < 1e-5
    assert "compiled by torch.compile" in compiled.settings
