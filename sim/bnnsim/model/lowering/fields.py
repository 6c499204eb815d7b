"""The numbers of a kernel call: their names read from bnn_layer.h (the struct is told once), filled from a layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from bnnsim.errors import ConfigError, LoweringError
from bnnsim.model.lowering import binary, float32, int8_elements, int8_layers, lce, movement
from bnnsim.model.network import Layer
from bnnsim.paths import data_root

_STRUCT = re.compile(r"typedef struct bnn_layer \{(.*?)\} bnn_layer;", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@cache
def _declared() -> tuple[tuple[str, str], ...]:
    """Return (name, "pointer", "integer" or "float") of each field of bnn_layer.h, in order."""
    path = data_root() / "kernels" / "include" / "bnn_layer.h"
    match = _STRUCT.search(path.read_text())
    if not match:
        raise ConfigError([f"{path}: found no `typedef struct bnn_layer {{ ... }} bnn_layer;`"])
    found: list[tuple[str, str]] = []
    for declaration in filter(str.strip, _COMMENT.sub("", match[1]).split(";")):
        declared = re.match(r"\s*(?:const\s+)?(void|int32_t|uint32_t|float)\b(.*)", declaration, re.DOTALL)
        for item in declared[2].split(",") if declared else ("",):
            if not re.fullmatch(r"\s*(\*(\s*const\s*\*)?)?\s*[a-z_]\w*\s*", item):
                allowed = "allowed are pointers, int32_t, uint32_t and float, no arrays"
                raise ConfigError([f"{path}: {declaration.strip()!r}: {allowed}"])
            kind = "float" if declared and declared[1] == "float" else "integer"
            found.append((item.split("*")[-1].strip(), "pointer" if "*" in item else kind))
    return tuple(found)


def layer_struct_fields() -> tuple[str, ...]:
    """Return the names of all fields of bnn_layer, in memory order; each is one 32-bit word."""
    return tuple(name for name, _ in _declared())


def integer_fields() -> tuple[str, ...]:
    """Return the names of the fields that are integers, not pointers: the names front matter may use."""
    return tuple(name for name, kind in _declared() if kind == "integer")


def float_bits(value: float) -> int:
    """Return a float32's bits, as the fields of a call hold it."""
    return int(np.float32(value).view(np.uint32))


_FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = {
    **binary.FIELDS,
    **lce.FIELDS,
    **int8_layers.FIELDS,
    **int8_elements.FIELDS,
    **movement.FIELDS,
    **float32.FIELDS,
}
_WINDOW = ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left")


def _frame_bytes(values: dict[str, int]) -> int:
    """Bytes of the packed input with the pixels around it that windows reach, a multiple of 8 (pad.h)."""
    height = (values["out_h"] - 1) * values["stride_h"] + values["kernel_h"]
    width = (values["out_w"] - 1) * values["stride_w"] + values["kernel_w"]
    return -(-height * width * values["in_words"] // 2) * 8


def layer_fields(layer: Layer) -> dict[str, int]:
    """Return the numbers of one layer's call, floats by their bits; those that its operator does not use are 0."""
    in_h, in_w, in_c = layer.input.shape
    out_h, out_w, out_c = layer.output.shape
    values = {"in_h": in_h, "in_w": in_w, "in_c": in_c, "in_words": layer.input.words}
    values |= {"out_h": out_h, "out_w": out_w, "out_c": out_c, "out_words": layer.output.words}
    values |= {"in_bytes": layer.input.item_bytes, "out_bytes": layer.output.item_bytes}
    values |= {"input_offset": -layer.input.zero_point, "output_offset": layer.output.zero_point}
    values["input_count"] = len(layer.sources)
    values |= {name: int(layer.attributes[name]) for name in _WINDOW if name in layer.attributes}
    values["groups"] = int(layer.attributes.get("groups", 1))
    if layer.attributes.get("pad_value") == "one" and layer.attributes["padding"] == "same":
        values |= {"pad_one": 1, "frame_bytes": _frame_bytes(values)}
    if layer.operator in _FIELDS:
        values |= _FIELDS[layer.operator](layer)
    fields = [name for name, kind in _declared() if kind != "pointer"]
    if unknown := values.keys() - set(fields):
        raise LoweringError(f"bnn_layer.h has no field {', '.join(sorted(unknown))}")
    return {name: values.get(name, 0) for name in fields}
