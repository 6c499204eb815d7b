"""Reads one YAML file into a pydantic model and reports every problem at once as `file:line: key: …`.

Scalars follow YAML 1.2's core schema: only true/false are booleans (`no` and `on` are text), 0x/0o/0b
and underscores are integers, 1e9 is a number, dates stay text. Validation is strict: "5" is no integer.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bnnsim.errors import ConfigError
from bnnsim.yamlwords import explain, sequences_only

T = TypeVar("T", bound=BaseModel)
Keys = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {  # tag → (pattern of plain scalars that mean it, first characters)
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own name)


for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)
_Loader.add_implicit_resolver(_TAG + "merge", re.compile("^<<$"), ["<"])


@dataclass
class _Document:
    """Plain data built from YAML nodes, the line of every key path, and the problems found on the way."""

    where: str
    first_line: int
    lines: dict[Keys, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    unusable: set[Keys] = field(default_factory=set)  # values already reported, so validation keeps quiet

    def line(self, node: yaml.Node) -> int:
        return node.start_mark.line + self.first_line

    def problem(self, line: int, keys: Keys, text: str) -> None:
        place = f" {key_path(keys)}:" if keys else ""
        self.problems.append((line, f"{self.where}:{line}:{place} {text}"))

    def spoiled(self, node: yaml.Node, keys: Keys, text: str) -> None:
        """Report a value that cannot be used at all."""
        self.problem(self.line(node), keys, text)
        self.unusable.add(keys)


def load_yaml(path: Path, model: type[T]) -> T:
    """Read `path` (UTF-8 YAML, one mapping) and validate it with `model`.

    Validators find the file's folder in `info.context["folder"]` (a Path), for paths relative to the file.
    Raises ConfigError with all problems of the file, in order of lines.
    """
    where = display_path(path)
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{where}: no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{where}: cannot read: {error.strerror}"]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"byte 0x{data[error.start]:02x}"
        raise ConfigError([f"{where}:{line}: not UTF-8: found {found}; save the file as UTF-8"]) from None
    return parse_yaml(text, model, where=where, folder=Path(path).resolve().parent)


def parse_yaml(text: str, model: type[T], *, where: str, first_line: int = 1, folder: Path | None = None) -> T:
    """Validate YAML `text`; `where` names it in messages, `first_line` is the number of its first line.

    Raises ConfigError with all problems, in order of lines.
    """
    document = _Document(where, first_line)
    root = _compose(text, document)
    if root is None:
        raise ConfigError([f"{where}: the file is empty; expected {_expected_keys(model)}"])
    value = _build(root, (), document, ())
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else f"{value!r}"
        line = document.line(root)
        raise ConfigError([f"{where}:{line}: found {found} instead of {_expected_keys(model)}"])
    loaded = _validate(value, model, document, folder or Path.cwd())
    if document.problems or loaded is None:
        raise ConfigError(text for _, text in sorted(document.problems, key=lambda found: found[0]))
    return loaded


def key_path(keys: Keys) -> str:
    """Return `layers[2].kernel` for ("layers", 2, "kernel")."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")


def display_path(path: Path) -> str:
    """Return the path relative to the working directory when it lies below it, else as it is."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _expected_keys(model: type[BaseModel]) -> str:
    return "a mapping with the keys " + ", ".join(f.alias or name for name, f in model.model_fields.items())


@lru_cache(maxsize=1024)
def _nodes(text: str) -> yaml.Node | None:
    """The nodes of a text, parsed once: core files and kernels are read several times. Nobody changes them."""
    return yaml.compose(text, Loader=_Loader)


def _compose(text: str, document: _Document) -> yaml.Node | None:
    """Return the root node; raises ConfigError (line and column) for malformed YAML."""
    where, first = document.where, document.first_line
    try:
        return _nodes(text)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + first
        message = f"{where}:{line}: not YAML: character U+{int(error.character):04X} is not allowed"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + first}:{mark.column + 1}" if mark else f"{first}"
        what = " ".join(part for part in (error.context, error.problem) if part)
        hint = "; indent with spaces" if "'\\t'" in what else ""
        message = f"{where}:{place}: not YAML: {what}{hint}"
    except RecursionError:
        message = f"{where}: not YAML that bnnsim reads: nested too deeply"
    raise ConfigError([message])


def _build(node: yaml.Node, keys: Keys, document: _Document, parents: tuple[int, ...]) -> Any:
    """Return plain data for a node (unusable parts become None) and note lines and problems."""
    document.lines.setdefault(keys, document.line(node))
    if id(node) in parents:
        document.spoiled(node, keys, "an alias that contains itself")
        return None
    parents = (*parents, id(node))
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, keys, document, parents)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*keys, i), document, parents) for i, item in enumerate(node.value)]
    return _build_scalar(node, keys, document)


def _build_mapping(node: yaml.MappingNode, keys: Keys, document: _Document, parents: tuple[int, ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    first_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = document.line(key_node)
        if key_node.tag == _TAG + "merge":
            merged |= _build_merge(value_node, keys, document, parents)
            continue
        if key_node.tag != _TAG + "str":
            shown = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or mapping"
            document.problem(line, keys, f"key {shown} is not text; put it in quotes")
            continue
        key = key_node.value
        if key in first_lines:
            document.problem(line, (*keys, key), f"duplicate key {key!r}; first on line {first_lines[key]}")
            continue
        first_lines[key] = line
        document.lines[(*keys, key)] = line
        own[key] = _build(value_node, (*keys, key), document, parents)
    return merged | own


def _build_merge(node: yaml.Node, keys: Keys, document: _Document, parents: tuple[int, ...]) -> dict[str, Any]:
    """Return the keys that `<<: *anchor` brings (an earlier mapping of a list wins, as in YAML 1.1)."""
    sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
    merged: dict[str, Any] = {}
    for source in sources:
        value = _build(source, keys, document, parents)
        if not isinstance(value, dict):
            document.problem(document.line(node), keys, "'<<' merges mappings only")
            continue
        merged = value | merged
    return merged


def _build_scalar(node: yaml.Node, keys: Keys, document: _Document) -> Any:
    text, kind = node.value, node.tag.removeprefix(_TAG)
    plain = text.replace("_", "")
    try:
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "int":
            base = {"0x": 16, "0o": 8, "0b": 2}.get(plain.lstrip("+-")[:2].lower(), 10)
            return int(plain, base)
        if kind == "float" and math.isfinite(float(plain)):
            return float(plain)
    except (ValueError, KeyError):
        pass
    what = f"{text!r}, which is no usable {kind}"
    if kind not in _SCALARS:
        what = f"the tag {node.tag!r}; tags are not used here"
    document.spoiled(node, keys, f"found {what}")
    return None


def _validate(value: dict[str, Any], model: type[T], document: _Document, folder: Path) -> T | None:
    """Return the model, or None after noting its problems.

    Strict validation goes through JSON, which still makes tuples of lists but no int of "5". A list that a
    "before" validator passed on is not JSON any more: only then lax validation has the last word.
    """
    context = {"folder": folder}
    try:
        return model.model_validate_json(json.dumps(value), strict=True, context=context)
    except ValidationError as error:
        problems, only_sequences = explain(error, model, value), sequences_only(error)
    if only_sequences:
        try:
            return model.model_validate(value, context=context)
        except ValidationError as error:
            problems = explain(error, model, value)
    for keys, text in problems:
        if keys not in document.unusable:
            known = next(keys[:n] for n in range(len(keys), -1, -1) if keys[:n] in document.lines)
            document.problem(document.lines[known], keys, text)
    return None
