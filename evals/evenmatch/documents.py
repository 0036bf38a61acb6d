"""YAML documents, read once at the door: what is not understood is refused by name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from evenmatch.errors import MOST_LINES, RequestError
from evenmatch.files import ordinary
from evenmatch.withheld import HIDDEN, fit_to_show, has_secret, names_secret

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

LONGEST: Final = 4 << 20  # characters; no document of this program has a hundredth of it
MOST_VALUES: Final = 200_000  # with every alias written out, which could make billions of a few

# What to write where the parser's own words speak of its inner types.
_ADVICE = {
    "tuple_type": "write a list, such as [a, b]",
    "model_type": "write keys and values there, such as `a: b`",
    "dict_type": "write keys and values there, such as `a: b`",
    "too_short": "it may not be empty, so add an entry",
    "int_parsing_size": "write a smaller whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a plain number, such as 0.01",
    "string_type": "write text, in quotes where it looks like a number or yes/no",
    "string_too_short": "it may not be blank, so fill it in",
    "invalid_key": "a key is text, so put it in quotes",
}
_BOUNDS = {
    "greater_than": "write a number above {gt:.15g}",
    "greater_than_equal": "write a number of {ge:.15g} or more",
    "less_than": "write a number below {lt:.15g}",
    "less_than_equal": "write a number of {le:.15g} or less",
}


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a key written twice, which YAML would silently overwrite."""

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _values(node, {}) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(
                None, None, f"it holds more than {MOST_VALUES:,} values", node.start_mark
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be plain text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node stands for; an alias counts as all that it repeats."""
    if id(node) in known:
        if not known[id(node)]:
            raise yaml.constructor.ConstructorError(
                None, None, "an alias repeats what it is a part of", node.start_mark
            )
        return known[id(node)]
    known[id(node)] = 0  # until it is counted: who meets it again inside itself knows
    total = 1
    if isinstance(node, yaml.CollectionNode):
        for part in node.value:
            pair = part if isinstance(part, tuple) else (part,)
            total += sum(_values(each, known) for each in pair)
    known[id(node)] = total
    return total


def parse_yaml(text: str, where: str) -> Any:  # noqa: ANN401 - YAML can hold anything
    """Read YAML text.

    Raises:
        RequestError: the text is no YAML, with the line where reading stopped.
    """
    if len(text) > LONGEST:
        raise RequestError(
            f"{where}: is longer than {LONGEST:,} characters, which no such document is; check "
            "which file it names."
        )
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - derives from SafeLoader
    # Beside its own errors, the parser lets through what values of a wrong tag raise in it.
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
            RecursionError) as error:  # fmt: skip
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        plain = isinstance(error, yaml.YAMLError | ValueError | RecursionError)
        said = (str(error).splitlines() if plain else []) or ["a value is not what its tag says"]
        problem = getattr(error, "problem", None) or said[0]
        raise RequestError(f"{where}{line}: {problem}; correct the YAML there.") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that must hold a mapping.

    Raises:
        RequestError: the file is missing, is no UTF-8 text, is no YAML, or holds no mapping.
    """
    try:
        with ordinary(path).open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path}: is not UTF-8 text; save it as UTF-8.") from None
    document = parse_yaml(text, str(path))
    if not isinstance(document, dict):
        raise RequestError(f"{path}: must hold keys and values; start with `schema: 1`.")
    return document


def parse_document(model: type[Model], raw: dict[str, Any], where: str) -> Model:
    """Turn a mapping into a model.

    Raises:
        RequestError: naming file, key, what was found and what is allowed, for every mistake.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        # A list whose only entry was refused counts as too short: that entry's sentence is enough.
        problems = [
            problem
            for problem in error.errors()
            if problem["type"] != "too_short" or not problem["input"]
        ]
        said = [_sentence(model, problem) for problem in problems[:MOST_LINES]]
        if len(problems) > MOST_LINES:
            said[-1] = f"{len(problems) - MOST_LINES + 1} more mistakes; correct these first."
        raise RequestError("\n".join(f"{where}: {problem}" for problem in said)) from None


def published(refusal: str) -> AfterValidator:
    """Return what refuses an address with a secret in it, since documents are published.

    Args:
        refusal: what is said then, beginning with a verb and ending with what to do instead.
    """

    def checked(address: str) -> str:
        if has_secret(address):
            raise PydanticCustomError("secret", refusal)
        return address

    return AfterValidator(checked)


def _sentence(model: type[BaseModel], problem: ErrorDetails) -> str:
    kind, context, key = problem["type"], problem.get("ctx", {}), _key(problem)
    if kind == "value_error" and not problem["loc"]:  # about several keys, which it names
        return str(context["error"])
    if kind == "extra_forbidden":
        return f"{key}: unknown key; {_known_keys(model, problem)}."
    if kind == "missing":
        return f"{key}: this key is required; add it."
    if kind == "secret":
        return f"{key}: {problem['msg']}."
    return f"{key}: found {_found(problem)}; {_cure(problem['msg'], kind, context)}"


def _cure(message: str, kind: str, context: dict[str, Any]) -> str:
    """Return what to write instead; the parser's own words where nothing better is known."""
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        return f"allowed: {context['expected']}."
    if kind in _BOUNDS:
        return f"{_BOUNDS[kind].format(**context)}."
    return f"{_ADVICE.get(kind, f'{message[0].lower()}{message[1:]}')}."


def _key(problem: ErrorDetails) -> str:
    # A discriminator or union member's name in the path is an inner matter of the parser.
    parts = [str(part) for part in problem["loc"] if "[" not in str(part) and str(part) != "-"]
    return ".".join(parts) or "document"


def _known_keys(model: type[BaseModel], problem: ErrorDetails) -> str:
    known = sorted(_fields_at(model, problem["loc"][:-1]))
    if not known:
        return "remove it"
    close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed here: {known}"


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> set[str]:
    """Return the keys a model allows at a path, or nothing where the path leaves the models."""
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return set()
        by_alias = {info.alias or name: info for name, info in current.model_fields.items()}
        if part not in by_alias:
            continue
        current = _model_in(by_alias[part].annotation)
    if not (isinstance(current, type) and issubclass(current, BaseModel)):
        return set()
    return {info.alias or name for name, info in current.model_fields.items()}


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - walks typing objects
    """Return the first model inside an annotation such as `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _found(problem: ErrorDetails) -> str:
    """Return what stands there, cut short; at a key that takes a secret's name, nothing of it."""
    if any(names_secret(str(part)) for part in problem["loc"]):
        return HIDDEN
    text = repr(fit_to_show(problem["input"]))
    return text if len(text) <= 80 else f"{text[:77]}..."
