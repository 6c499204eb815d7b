"""TFLite's int8 operators on single elements and pools for kernels: multipliers, clamps, tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.model.int8_factors import ADD_SHIFT, add_factors, mul_factor, quantize_real, rescale_factor, softmax_factor
from bnnsim.model.network import Layer
from bnnsim.model.quantization import activation_limits
from bnnsim.model.reference.requantize import requantize
from bnnsim.model.reference.softmax import exp_of_negative

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

_UINT32_MAX = 2**32 - 1


def clamp_fields(layer: Layer) -> dict[str, int]:
    """Least and greatest output."""
    low, high = activation_limits(layer.output, str(layer.attributes["activation"]))
    return {"out_min": low, "out_max": high}


def _output_fields(layer: Layer, factor: tuple[int, int]) -> dict[str, int]:
    return clamp_fields(layer) | {"out_multiplier": factor[0], "out_exponent": factor[1]}


def add_fields(layer: Layer) -> dict[str, int]:
    """Factor of the sum, clamp."""
    return _output_fields(layer, add_factors(layer.sources, layer.output)[1])


def mul_fields(layer: Layer) -> dict[str, int]:
    """Factor of the products, clamp."""
    return _output_fields(layer, mul_factor(layer.sources, layer.output))


def rescale_fields(layer: Layer) -> dict[str, int]:
    """Factor between the scales of integers, clamp."""
    if layer.input.dtype != "int8":
        return clamp_fields(layer)
    return _output_fields(layer, rescale_factor(layer.input, layer.output))


def softmax_fields(layer: Layer) -> dict[str, int]:
    """Factor of the differences and the least one that counts."""
    multiplier, exponent, diff_min = softmax_factor(layer.input)
    return {"out_multiplier": multiplier, "out_exponent": exponent, "diff_min": diff_min}


def softmax_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """For kernels that look exponentials up: operands [256] int32, by how far below the maximum an input lies."""
    if kernel.constants != "table":
        return {}
    multiplier, exponent, diff_min = softmax_factor(layer.input)
    below = np.arange(256, dtype=np.int64)
    counts = -below >= diff_min
    scaled = requantize(np.where(counts, -below, 0), multiplier, exponent)
    return {"operands": np.where(counts, exp_of_negative(scaled), 0).astype("<i4").tobytes()}


def _int8_by_byte() -> np.ndarray:
    """All int8, int64 [256], the one of byte n at n."""
    return np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64)


def _rows(layer: Layer, factors: list[tuple[int, int]]) -> dict[str, bytes]:
    """operands [2, 4] int32: minus the zero point, multiplier, exponent, whether all pixels read one pixel."""
    rows = [
        (-source.zero_point, *factor, int(source.shape != layer.output.shape))
        for source, factor in zip(layer.sources, factors, strict=True)
    ]
    return {"operands": np.array(rows, "<i4").tobytes()}


def add_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Rows of the inputs with their factors, or for kernels that look addends up the result of `_addends`."""
    if kernel.constants == "table":
        return {"operands": _addends(layer).astype("<i4").tobytes()}
    return _rows(layer, add_factors(layer.sources, layer.output)[0])


def _addends(layer: Layer) -> np.ndarray:
    """Return int64 [4 + 256]: which input has the larger scale, minus its zero point · 2^20, whether all pixels
    read one pixel of the second input, 0; then twice the scaled value of the other input, by its byte."""
    factors, _ = add_factors(layer.sources, layer.output)
    exact = int(layer.sources[1].scale > layer.sources[0].scale)  # its factor is 1/2
    other = layer.sources[1 - exact]
    head = [exact, -layer.sources[exact].zero_point << ADD_SHIFT, int(layer.sources[1].shape != layer.output.shape), 0]
    scaled = requantize((_int8_by_byte() - other.zero_point) << ADD_SHIFT, *factors[1 - exact])
    return np.concatenate([head, 2 * scaled])


def mul_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Rows of the inputs, without factors."""
    return _rows(layer, [(0, 0), (0, 0)])


def rescale_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """For kernels that look outputs up: operands [256] int8, the output of the input whose byte is the index."""
    if kernel.constants != "table":
        return {}
    y = (
        requantize(_int8_by_byte() - layer.input.zero_point, *rescale_factor(layer.input, layer.output))
        + layer.output.zero_point
    )
    low, high = activation_limits(layer.output, str(layer.attributes["activation"]))
    return {"operands": np.clip(y, low, high).astype(np.int8).tobytes()}


def quantize_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Of integers as `rescale_constants`; of floats factor [1] float32, the scale, or for kernels that search the
    tree of `_search_tree`, operands [256] uint32."""
    if layer.input.dtype == "int8":
        return rescale_constants(layer, kernel)
    if kernel.constants != "tree":
        return {"factor": np.float32(layer.output.scale).tobytes()}
    return {"operands": _search_tree(layer).astype("<u4").tobytes()}


def _search_tree(layer: Layer) -> np.ndarray:
    """Return the least keys that give each output from -127 on as a binary tree: node k has the children 2k, 2k + 1.

    A key orders floats as unsigned integers: their bits with the sign inverted, all inverted if negative. From k = 1,
    eight times k = 2k + (key >= tree[k]) gives k = output + 384.
    """
    levels = np.arange(-127, 128)
    low, high = (np.full(255, _key(x) + step, np.int64) for x, step in ((-np.inf, -1), (np.inf, 1)))
    while (high - low > 1).any():  # low gives less than the level (or is below all floats), high does not
        middle = (low + high) >> 1
        reaches = quantize_real(_float_of_key(middle), layer.output) >= levels
        low, high = np.where(reaches, low, middle), np.where(reaches, middle, high)
    least = np.where(high > _key(np.inf), _UINT32_MAX, high)
    tree = np.zeros(256, np.int64)
    for depth in range(8):
        nodes = np.arange(1 << depth)
        tree[(1 << depth) + nodes] = least[((2 * nodes + 1) << (7 - depth)) - 1]
    return tree


def _key(x: float) -> int:
    bits = int(np.float32(x).view(np.uint32))
    return bits ^ (_UINT32_MAX if bits >> 31 else 1 << 31)


def _float_of_key(keys: np.ndarray) -> np.ndarray:
    return np.where(keys >> 31, keys ^ (1 << 31), keys ^ _UINT32_MAX).astype(np.uint32).view(np.float32)


def dequantize_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """factor: the scale, or, for kernels that look outputs up, float32 [256], by the input's byte."""
    scale = float(np.float32(layer.input.scale))
    if kernel.constants != "table":
        return {"factor": np.float32(scale).tobytes()}
    with np.errstate(over="ignore"):
        return {"factor": (scale * (_int8_by_byte() - layer.input.zero_point)).astype("<f4").tobytes()}


FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = {
    **dict.fromkeys(("MaxPool2D_int8", "AveragePool2D_int8"), clamp_fields),
    "Add_int8": add_fields,
    "Mul_int8": mul_fields,
    **dict.fromkeys(("ReLU_int8", "ReLU6_int8", "Quantize_int8"), rescale_fields),
    "Softmax_int8": softmax_fields,
}
CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = {
    "Add_int8": add_constants,
    "Mul_int8": mul_constants,
    **dict.fromkeys(("ReLU_int8", "ReLU6_int8"), rescale_constants),
    "Quantize_int8": quantize_constants,
    "Dequantize_int8": dequantize_constants,
    "Softmax_int8": softmax_constants,
}
