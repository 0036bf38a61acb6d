"""The matcher kind `onnx`: any embedding network in ONNX, prepared as its card says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.data.torch_device import load_module
from evenmatch.errors import RequestError
from evenmatch.files import leads_inside
from evenmatch.matching.arithmetic import FLOAT32
from evenmatch.matching.model_card import load_model
from evenmatch.matching.model_matcher import ModelMatcher, first_line

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.matching.model_card import ModelCard
    from evenmatch.matching.options import MatcherOptions

# Faces that go through the network together, where it takes several.
STACK: Final = 16


def onnx_matcher(options: MatcherOptions) -> ModelMatcher:
    """Return the model that the entry's card speaks of, ready to run.

    Raises:
        RequestError: the card, the file or a package is missing or wrong.
    """
    card, path = load_model(options.required_card("onnx"))
    return ModelMatcher("onnx", options, card, OnnxRunner(path, card, options))


class OnnxRunner:
    """An ONNX file in ONNX Runtime, on the CPU or CUDA.

    The file is refused where it keeps data outside its own folder, or runs operators that are not
    ONNX's own.
    """

    def __init__(self, path: Path, card: ModelCard, options: MatcherOptions) -> None:
        if options.arithmetic.precision != FLOAT32 or options.arithmetic.compiled:
            raise RequestError(
                f"matchers.{options.name}: an ONNX file computes at the precision it was exported "
                "with; remove `precision` and `compile` from `compute`, or export it anew."
            )
        _refuse_unsafe(path)
        runtime = load_module("onnxruntime", "onnx")
        provider = _provider(runtime, options.device)
        quiet = runtime.SessionOptions()
        quiet.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                str(path), sess_options=quiet, providers=[provider]
            )
        except Exception as wrong:
            raise RequestError(
                f"{path}: ONNX Runtime cannot load it ({first_line(wrong)}); export the network "
                "anew."
            ) from wrong
        self._layout = card.input.layout
        self._dimension = card.output.dimension
        self._path = path
        self._input = self._only_input(card)
        batch = self._input.shape[0]
        self._stack = batch if isinstance(batch, int) else STACK
        self.settings = (
            f"ONNX Runtime {runtime.__version__}, {provider}, {self._stack} faces at a time"
        )

    def __call__(self, faces: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return templates (n, d) of prepared faces (n, rows, columns, colours)."""
        images = faces.transpose(0, 3, 1, 2) if self._layout == "nchw" else faces
        parts = [
            self._run(images[first : first + self._stack])
            for first in range(0, len(images), self._stack)
        ]
        return np.concatenate(parts)

    def _run(self, part: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        # A short stack is filled up: another size would take another path through the arithmetic.
        full = np.zeros((self._stack, *part.shape[1:]), dtype=np.float32)
        full[: len(part)] = part
        try:
            made = np.asarray(self._session.run(None, {self._input.name: full})[0], np.float32)
        except Exception as wrong:  # the runtime has errors of its own, and no class for them all
            raise RequestError(
                f"{self._path}: the network cannot be run ({first_line(wrong)}); export it anew."
            ) from wrong
        if made.shape != (self._stack, self._dimension):
            raise RequestError(
                f"{self._path}: the network gave an array of shape {made.shape} for {self._stack} "
                f"faces, and its card says templates of {self._dimension} numbers; correct "
                "`output.dimension`, or export the network with the template as its first output."
            )
        return made[: len(part)]

    def _only_input(self, card: ModelCard) -> Any:  # noqa: ANN401 - onnxruntime's NodeArg
        inputs = self._session.get_inputs()
        sides = card.input.size
        shape = (3, *sides) if card.input.layout == "nchw" else (*sides, 3)
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise RequestError(
                f"{self._path}: the network has to take one float32 array of faces; it takes "
                f"{[(each.name, each.type, each.shape) for each in inputs]}. Export it anew."
            )
        given = inputs[0].shape[1:]
        if any(
            isinstance(have, int) and have != want for have, want in zip(given, shape, strict=True)
        ):
            raise RequestError(
                f"{self._path}: the network takes faces of shape {given}, and its card says "
                f"{list(shape)}; correct `input.size` or `input.layout`."
            )
        return inputs[0]


def _refuse_unsafe(path: Path) -> None:
    """Refuse data outside the file's folder, and operators that only a library of code can run."""
    onnx = load_module("onnx", "onnx")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as wrong:
        raise RequestError(
            f"{path}: is no readable ONNX file ({first_line(wrong)}); export the network anew."
        ) from wrong
    for tensor in onnx.external_data_helper._get_all_tensors(model):  # noqa: SLF001 - the package's own walk over every tensor, nested graphs included
        for entry in tensor.external_data:
            if entry.key == "location" and not leads_inside(path.parent, entry.value):
                raise RequestError(
                    f"{path}: keeps its weights in {entry.value!r}, outside its own folder; "
                    "export it with the weights inside or beside it."
                )
    own = {"", "ai.onnx", "ai.onnx.ml"}
    strange = sorted({node.domain for node in model.graph.node} - own)
    if strange:
        raise RequestError(
            f"{path}: uses operators of {', '.join(strange)}, which are not ONNX's own; export it "
            "without them."
        )


def _provider(runtime: Any, device: str) -> str:  # noqa: ANN401 - the module onnxruntime
    cuda = "CUDAExecutionProvider" in runtime.get_available_providers()
    if device.startswith("cuda") and not cuda:
        raise RequestError(
            f"compute.device: {device} was asked for and this ONNX Runtime has no CUDA; use "
            "`auto` or `cpu`, or install onnxruntime-gpu."
        )
    return "CUDAExecutionProvider" if cuda and device != "cpu" else "CPUExecutionProvider"
