"""The fields of a kernel call: read from bnn_layer.h (the struct is told once), filled from a layer."""

from __future__ import annotations

import re
from functools import cache

from bnnsim.errors import ConfigError, LoweringError
from bnnsim.model.activation import fixed_point
from bnnsim.model.network import Layer
from bnnsim.model.operators import OPERATORS
from bnnsim.paths import data_root

_STRUCT = re.compile(r"typedef struct bnn_layer \{(.*?)\} bnn_layer;", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@cache
def _declared() -> tuple[tuple[str, bool], ...]:
    """Return (name, is a pointer) of each field of bnn_layer.h, in order."""
    path = data_root() / "kernels" / "include" / "bnn_layer.h"
    match = _STRUCT.search(path.read_text())
    if not match:
        raise ConfigError([f"{path}: found no `typedef struct bnn_layer {{ ... }} bnn_layer;`"])
    found: list[tuple[str, bool]] = []
    for declaration in filter(str.strip, _COMMENT.sub("", match[1]).split(";")):
        declarators = re.sub(r"^\s*(const\s+)?(void|int32_t|uint32_t)\b", "", declaration)
        for item in declarators.split(","):
            if not re.fullmatch(r"\s*\*?\s*[a-z_]\w*\s*", item):
                allowed = "allowed are pointers, int32_t and uint32_t, no arrays"
                raise ConfigError([f"{path}: {declaration.strip()!r}: {allowed}"])
            found.append((item.strip(" \n\t*"), "*" in item))
    return tuple(found)


def layer_struct_fields() -> tuple[str, ...]:
    """Return the names of all fields of bnn_layer, in memory order; each is one 32-bit word."""
    return tuple(name for name, _ in _declared())


def integer_fields() -> tuple[str, ...]:
    """Return the names of the fields that are integers, not pointers: the names front matter may use."""
    return tuple(name for name, is_pointer in _declared() if not is_pointer)


def layer_fields(layer: Layer) -> dict[str, int]:
    """Return the integer fields of one layer's call; those that its operator does not use are 0."""
    in_h, in_w, in_c = layer.input.shape
    out_h, out_w, out_c = layer.output.shape
    values = {"in_h": in_h, "in_w": in_w, "in_c": in_c, "in_words": layer.input.words}
    values |= {"out_h": out_h, "out_w": out_w, "out_c": out_c, "out_words": layer.output.words}
    window = ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left")
    values |= {name: int(layer.attributes[name]) for name in window}
    if OPERATORS[layer.operator].result == "requantize":
        low, high = layer.output.limits
        values |= {"shift": fixed_point(layer.parameters).shift, "out_min": low, "out_max": high}
        values["out_bytes"] = layer.output.item_bytes
    fields = integer_fields()
    if unknown := values.keys() - set(fields):
        raise LoweringError(f"bnn_layer.h has no field {', '.join(sorted(unknown))}")
    return {name: values.get(name, 0) for name in fields}
