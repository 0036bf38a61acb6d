"""What a vendor's PyTorch file may compute: arithmetic on arrays, and nothing that leaves them.

PyTorch runs a file's operators with the rights of whoever opens it, those of TorchScript partly
while it is read, and some of them read and write files. They are looked for before PyTorch sees
the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT_LIMIT: Final = 64 * 2**20  # characters of code; the largest networks have a hundredth
_ARCHIVE: Final = b"PK\x03\x04"
# Whole words of TorchScript, wherever they stand: of PyTorch's operators, those that touch files,
# print, or call other programs. `self.save` is a network's own.
_REACHING: Final = re.compile(
    rb"(?<!self\.)\b(?:save|from_file|_print|rpc_async|rpc_sync|rpc_remote"
    rb"|PythonOp|IgnoredPythonOp|load_tensor)\b"
)
_SPACES: Final = re.compile(rb"\bops\s*\.\s*(?!(?:prim|aten|quantized|torchvision)\b)\w+")
_COMPUTES: Final = re.compile(
    r"(?:torch\.ops\.(?:aten|prims|quantized|quantized_decomposed|torchvision)"
    r"\.(?!save\b|from_file\b|_print\b)\w+(?:\.\w+)?"
    r"|torch\.ops\.higher_order\.(?:cond|wrap_with_set_grad_enabled|wrap_with_autocast)"
    r"|_operator\.\w+|math\.\w+|torch\.sym_\w+)"
)


def refuse_reaching_script(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a TorchScript file whose code names an operator that reaches beyond its arrays.

    Raises:
        RequestError: it does, or could be read in another way than here.
    """
    with path.open("rb") as file:
        if file.read(len(_ARCHIVE)) != _ARCHIVE:
            raise RequestError(f"{path}: does not begin as an archive; save it anew.")
    for entry in archive.infolist():
        if not entry.filename.endswith(".py"):
            continue
        if entry.file_size > SCRIPT_LIMIT:
            raise RequestError(f"{path}: holds more code than any network; save it anew.")
        code = archive.read(entry)
        if found := _REACHING.search(code) or _SPACES.search(code):
            raise _reaches(path, found[0].decode(errors="replace"))


def refuse_reaching_program(program: object, path: Path) -> None:
    """Refuse an exported program with a step that is no arithmetic on arrays.

    Raises:
        RequestError: it has one.
    """
    for target in _targets(program):
        if not _COMPUTES.fullmatch(target):
            raise _reaches(path, target)


def _targets(part: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield what each step of a program calls."""
    if isinstance(part, dict):
        if "inputs" in part and isinstance(part.get("target"), str):
            yield part["target"]
        for value in part.values():
            yield from _targets(value)
    elif isinstance(part, list):
        for each in part:
            yield from _targets(each)


def _reaches(path: Path, operator: str) -> RequestError:
    return RequestError(
        f"{path}: uses {operator!r}, which can reach beyond the network, to files or to other "
        "code; export the network without it, or as ONNX."
    )
