"""Turns pydantic's validation errors into plain words: what was found, what is allowed, the nearest match."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from bnnsim.errors import nearest

Keys = tuple[str | int, ...]


class Problems(ValueError):
    """What a validator raises for several problems below its value: (keys from the value on, text) each."""

    def __init__(self, problems: Iterable[tuple[Keys, str]]):
        self.problems = tuple(problems)
        super().__init__("\n".join(text for _, text in self.problems))


_EXPECTED = {  # pydantic's error type → what is allowed, {…} from the error's context
    "string_type": "text",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "nothing (null)",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "union_tag_not_found": "a key {discriminator}",
}


def explain(error: ValidationError, model: type[BaseModel], value: Any) -> list[tuple[Keys, str]]:
    """Return (keys, text) for every problem; `keys` is a path into `value` as far as it exists there.

    The branches of a union that all reject one value become one problem with "A or B" as the expectation.
    """
    grouped: dict[tuple[Keys, str], dict[str, str]] = {}  # (keys, found) → {what is allowed: kind of list}
    for details in error.errors(include_url=False):
        item: dict[str, Any] = {**details}
        loc, kind = item["loc"], item["type"]
        keys = data_keys(loc[:-1] if kind == "missing" else loc, value)
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            keys = data_keys((*loc, item["ctx"]["discriminator"].strip("'")), value)
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, Problems):
            grouped |= {((*keys, *below), text): {"": ""} for below, text in cause.problems}
            continue
        if _list_refused(item) and not sequences_only(error):
            continue  # told apart once the other problems are gone
        if _entries_wrong(item):
            continue
        found, prefix, allowed = _words(item, keys, model, value)
        grouped.setdefault((keys, found), {})[allowed] = prefix
    problems = []
    for (keys, found), expectations in grouped.items():
        prefix = next(iter(expectations.values())) if len(set(expectations.values())) == 1 else "expected "
        allowed = " or ".join(filter(None, expectations))
        problems.append((keys, f"{found}; {prefix}{allowed}" if allowed else found))
    return problems


def sequences_only(error: ValidationError) -> bool:
    """Whether strict validation refused nothing but lists where it wanted Python tuples or sets."""
    items = [item for item in error.errors(include_url=False) if not _entries_wrong({**item})]
    return all(_list_refused({**item}) for item in items)


def _entries_wrong(item: dict[str, Any]) -> bool:
    """Whether a list only seems too short because its entries were refused, each reported by itself."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _list_refused(item: dict[str, Any]) -> bool:
    wanted = item["type"] in ("tuple_type", "set_type", "frozen_set_type")
    return wanted and isinstance(item["input"], list)


def data_keys(loc: tuple[str | int, ...], value: Any) -> Keys:
    """Drop from pydantic's location what is no key of the data (union branches, tags, '[key]')."""
    keys: list[str | int] = []
    for part in loc:
        below: Any = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(below, dict) and part in below:
            value = below[part]
            keys.append(part)
    return tuple(keys)


def describe(value: Any) -> str:
    """Return a found value with its type in words, e.g. `'5' (text)`."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true/false)"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    kinds = {str: "text", int: "integer", float: "number"}
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:76] + "…"
    return f"{shown} ({kinds.get(type(value), type(value).__name__)})"


def _words(item: dict[str, Any], keys: Keys, model: type[BaseModel], value: Any) -> tuple[str, str, str]:
    """Return (what was found, "allowed: " or "expected ", what is allowed or "") for one pydantic error."""
    kind, context = item["type"], item.get("ctx", {})
    last = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "missing":
        return f"missing key {last!r}", "", ""
    if kind == "extra_forbidden":
        allowed = _allowed_keys(model, item["loc"][:-1])
        present = _lookup(value, keys[:-1])
        free = [key for key in allowed if not isinstance(present, dict) or key not in present]
        near = nearest(last, free) or nearest(last, allowed)
        return f"unknown key {last!r}", "allowed: ", ", ".join(allowed) + near
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        text = context["expected_tags"] if kind == "union_tag_invalid" else context["expected"]
        allowed = [word.strip("'") for word in re.split(", | or ", text)]
        found = context["tag"] if kind == "union_tag_invalid" else item["input"]
        near = nearest(found, allowed) if isinstance(found, str) else ""
        return f"found {describe(found)}", "allowed: ", ", ".join(allowed) + near
    if kind in ("value_error", "assertion_error"):
        return str(context["error"]), "", ""
    expected = _EXPECTED.get(kind)
    if expected is None:
        return f"found {describe(item['input'])}", "", item["msg"]
    bounds = {key: f"{bound:g}" if isinstance(bound, float) else bound for key, bound in context.items()}
    return f"found {describe(item['input'])}", "expected ", expected.format(**bounds)


def _lookup(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key]
    return value


def _allowed_keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the model(s) that pydantic's location points at, in order of declaration."""
    found: list[Any] = [model]
    for part in loc:
        found = [step for annotation in found for step in _step(annotation, part)]
    keys: dict[str, None] = {}
    for annotation in _models(found):
        keys |= {field.alias or name: None for name, field in annotation.model_fields.items()}
    return list(keys)


def _models(annotations: Iterable[Any]) -> Iterator[type[BaseModel]]:
    """Yield every model in annotations, looking through unions, Optional and Annotated."""
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
            yield from _models(typing.get_args(annotation))
        elif typing.get_origin(annotation) is typing.Annotated:
            yield from _models(typing.get_args(annotation)[:1])


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    """Yield what one part of a location (key, index, union branch or tag) leads to."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {f.alias or name: f for name, f in annotation.model_fields.items()}
        if part in fields:
            yield fields[str(part)].annotation
        else:  # a union's branch or tag, which names the model itself
            yield annotation
    elif origin is typing.Annotated:
        yield from _step(arguments[0], part)
    elif origin in (typing.Union, types.UnionType):
        branches = list(_models(arguments))
        named = [b for b in branches if part == b.__name__ or part in _tags(b)]
        for branch in named or [a for a in arguments if a is not type(None)]:
            yield branch if named else next(_step(branch, part), branch)
    elif isinstance(part, int) and arguments:
        yield arguments[min(part, len(arguments) - 1)] if arguments[-1] is not ... else arguments[0]
    elif arguments:
        yield arguments[-1]


def _tags(model: type[BaseModel]) -> set[Any]:
    """Return every Literal value of a model's fields: the tags a discriminated union may name it by."""
    return {
        value
        for field in model.model_fields.values()
        if typing.get_origin(field.annotation) is typing.Literal
        for value in typing.get_args(field.annotation)
    }
