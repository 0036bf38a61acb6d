"""Where dlib and its published model files are, without importing the package that carries them.

`face_recognition_models` needs `pkg_resources`, which current setuptools no longer has, so its
files are found through the import system and the package itself never runs.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from types import ModuleType

ModelName = Literal["descriptor", "landmarks_5", "landmarks_68", "cnn_detector"]

FILES: Final[dict[ModelName, str]] = {
    "descriptor": "dlib_face_recognition_resnet_model_v1.dat",
    "landmarks_5": "shape_predictor_5_face_landmarks.dat",
    "landmarks_68": "shape_predictor_68_face_landmarks.dat",
    "cnn_detector": "mmod_human_face_detector.dat",
}
INSTALL: Final = "Install it with: pip install 'evenmatch[dlib]'"


def load_dlib() -> ModuleType:
    """Return the module `dlib` (from the package dlib-bin), imported only now.

    Raises:
        RequestError: dlib is not installed.
    """
    try:
        return import_module("dlib")
    except ImportError as missing:
        raise RequestError(f"dlib cannot be imported ({missing}). {INSTALL}") from missing


def model_path(name: ModelName) -> Path:
    """Return the file of one of dlib's published models.

    Raises:
        RequestError: the package face_recognition_models is absent or incomplete.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise RequestError(f"the package face_recognition_models is not installed. {INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / "models" / FILES[name]
    if not path.is_file():
        raise RequestError(
            f"{path} is missing from the package face_recognition_models. "
            "Reinstall it with: pip install --force-reinstall 'evenmatch[dlib]'"
        )
    return path


def dlib_installed() -> bool:
    """Whether both packages are there, found without importing either."""
    return all(find_spec(module) for module in ("dlib", "face_recognition_models"))
