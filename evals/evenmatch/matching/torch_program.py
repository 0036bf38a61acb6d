"""The matcher kind `torch`: a TorchScript file or an exported program, prepared as its card says.

Neither file can bring Python code with it. TorchScript is read by PyTorch's own interpreter, whose
unpickler makes tensors and plain values only. For an exported program PyTorch's reader would, left
alone, unpickle anything and evaluate the formulas of the file's dynamic sizes; here unpickling is
held to tensors, and a file whose formulas are more than sizes and arithmetic is refused. Operators
that reach beyond arrays, such as TorchScript's own for files, are refused too.
"""

from __future__ import annotations

import json
import os
import re
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from evenmatch.data.torch_device import load_module, torch_device
from evenmatch.errors import RequestError
from evenmatch.matching.forward import Forward
from evenmatch.matching.model_card import load_model
from evenmatch.matching.model_matcher import ModelMatcher, first_line, prepared
from evenmatch.matching.torch_operators import refuse_reaching_program, refuse_reaching_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from evenmatch.matching.model_card import ModelCard
    from evenmatch.matching.options import MatcherOptions

_SYMBOL: Final = re.compile(r"Symbol\('[a-z]\w{0,20}'(, (positive|integer|nonnegative)=True)*\)")
_ARITHMETIC: Final = re.compile(r"(Max|Min|Mod|FloorDiv|[0-9+\-*/(), ])*")
_FORCE: Final = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
JSON_LIMIT: Final = 256 * 2**20


def torch_matcher(options: MatcherOptions) -> ModelMatcher:
    """Return the model that the entry's card speaks of, ready to run.

    Raises:
        RequestError: the card, the file or a package is missing or wrong.
    """
    card, path = load_model(options.required_card("torch"))
    return ModelMatcher("torch", options, card, TorchRunner(path, card, options))


class TorchRunner:
    """A TorchScript file or an exported program on the CPU or CUDA."""

    def __init__(self, path: Path, card: ModelCard, options: MatcherOptions) -> None:
        torch = load_module("torch", "torch")
        device = torch_device(options.device)
        self._card, self._path = card, path
        self._nhwc = card.input.layout == "nhwc"
        network = _read(torch, path)
        self._forward = Forward(_Laid(torch, network, nhwc=self._nhwc), device, options.arithmetic)
        with self._as_the_card_says():
            effect = self._forward.effect(
                card.input.size, lambda faces: prepared(faces, card.input)
            )
        self.settings = " ".join(
            (
                f"PyTorch {torch.__version__} on {device.type}, {self._forward.settings}",
                *effect.values(),
            )
        )

    def __call__(self, faces: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return templates (n, d) of prepared faces (n, rows, columns, colours)."""
        with self._as_the_card_says():
            made = self._forward(faces)
        if made.shape != (len(faces), self._card.output.dimension):
            raise RequestError(
                f"{self._path}: the network gave an array of shape {made.shape} for {len(faces)} "
                f"faces, and its card says templates of {self._card.output.dimension} numbers; "
                "correct `output.dimension`, or export the network anew."
            )
        return made

    @contextmanager
    def _as_the_card_says(self) -> Iterator[None]:
        """Refuse a network that takes or gives something else than its card says."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as wrong:  # a network raises anything where its faces do not fit
            raise RequestError(
                f"{self._path}: the network does not take faces as its card says "
                f"({first_line(wrong)}); correct `input` in the card, or export the network with "
                "the template as its only output."
            ) from wrong


def _Laid(torch: Any, network: Any, *, nhwc: bool) -> Any:  # noqa: ANN401, N802 - makes a torch module
    """Return the network with its colours where it wants them."""

    class Laid(torch.nn.Module):  # type: ignore[misc]
        """Gives colours last where the network asks for them."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, faces: Any) -> Any:  # noqa: ANN401
            """Return the network's output."""
            return self.network(faces.permute(0, 2, 3, 1) if nhwc else faces)

    return Laid()


def _read(torch: Any, path: Path) -> Any:  # noqa: ANN401
    try:
        with zipfile.ZipFile(path) as archive:
            exported = _formulas(archive, path)
            if not exported:
                refuse_reaching_script(archive, path)
        if not exported:
            with warnings.catch_warnings():
                # PyTorch announces that TorchScript will go; files of it will be with us longer.
                warnings.simplefilter("ignore")
                return torch.jit.load(str(path), map_location="cpu").eval()
        with _tensors_only():
            # Its guards are code too, and not needed: shapes are the card's.
            return torch.export.load(str(path)).module(check_guards=False)
    except RequestError:
        raise
    except Exception as wrong:
        raise RequestError(
            f"{path}: is neither a TorchScript file nor an exported program that can be read "
            f"safely ({type(wrong).__name__}); save it anew with torch.export.save, or as ONNX."
        ) from wrong


def _formulas(archive: zipfile.ZipFile, path: Path) -> bool:
    """Say whether an archive is an exported program, its formulas checked."""
    programs = [
        each for each in archive.infolist() if re.search(r"/models/[^/]+\.json$", each.filename)
    ]
    for program in programs:
        if program.file_size > JSON_LIMIT:
            raise RequestError(f"{path}: its program is larger than any network's; export it anew.")
        content = json.loads(archive.read(program))
        refuse_reaching_program(content, path)
        for formula in _strings(content):
            if not _ARITHMETIC.fullmatch(_SYMBOL.sub("", formula)):
                raise RequestError(
                    f"{path}: holds a formula that is more than sizes and arithmetic "
                    f"({formula[:60]!r}); export the network with fixed sizes, or as ONNX."
                )
    return bool(programs)


def _strings(part: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield every string of a program that PyTorch's reader would evaluate."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "expr_str" and isinstance(value, str):
                yield value
            elif key == "guards_code":
                yield from map(str, value or ())
            else:
                yield from _strings(value)
    elif isinstance(part, list):
        for each in part:
            yield from _strings(each)


@contextmanager
def _tensors_only() -> Iterator[None]:
    """Hold every unpickling to tensors while a program is read."""
    before = os.environ.get(_FORCE)
    os.environ[_FORCE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FORCE]
        else:
            os.environ[_FORCE] = before
