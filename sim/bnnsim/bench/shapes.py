"""Layers on which kernels are compared by cycles, a few for each operator; those of docs/kernels.md."""

from __future__ import annotations

from bnnsim.bench.case import Case
from bnnsim.model.tensor import Tensor


def _square(operator: str, size: int, channels: int, kernel: int, **keys: object) -> Case:
    """A convolution with as many outputs as inputs, the map kept in size."""
    given = {"channels": channels, "kernel": kernel, "padding": "same", **keys}
    return Case(operator, (size, size, channels), {name: value for name, value in given.items() if value is not None})


def _dense(operator: str, inputs: int, outputs: int) -> Case:
    return Case(operator, (1, 1, inputs), {"channels": outputs})


_BINARY = [_square("BBConv2D", 16, channels, 3) for channels in (32, 64, 128, 256)]
_BINARY += [_square("BBConv2D", 8, channels, 3) for channels in (64, 128, 256)]
_BINARY += [_square("BBConv2D", 32, 64, 3), _square("BBConv2D", 16, 32, 5)]
_FIRST = [
    Case(name, (32, 32, 3), {"channels": 32, "kernel": 5, "padding": "same"}) for name in ("QQConv2D", "QBConv2D")
]
_INT8 = [_square("Conv2D_int8", 16, channels, 3) for channels in (16, 32, 64, 128)]
_INT8 += [_square("Conv2D_int8", 8, 64, 3), _square("Conv2D_int8", 16, 64, 1)]
_FLOAT = [_square("Conv2D_float32", 16, channels, 3) for channels in (16, 32, 64)]
_FLOAT += [_square("Conv2D_float32", 16, 64, 1)]
_MAPS = [
    Case(f"{operator}_{dtype}", (16, 16, 64), {"kernel": 2})
    for operator in ("MaxPool2D", "AveragePool2D")
    for dtype in ("int8", "float32")
]

SHAPES: tuple[Case, ...] = (
    *_BINARY,
    *(Case("BBPointwiseConv2D", (16, 16, channels), {"channels": channels}) for channels in (64, 256)),
    *_FIRST,
    *(_square("LceBconv2d", 16, 64, 3, output=output, pad_value="one") for output in ("float32", "int8")),
    *(
        Case("LceQuantize", (16, 16, 64), {"sources": (Tensor((16, 16, 64), dtype, 0.05),)})
        for dtype in ("float32", "int8")
    ),
    Case("LceDequantize", (16, 16, 64), {"output": "float32"}),
    Case("BMaxPool2D", (16, 16, 64), {"kernel": 2}),
    _dense("BBFC", 1024, 256),
    _dense("BBQFC", 1024, 10),
    *_INT8,
    *(
        Case(f"DepthwiseConv2D_{dtype}", (16, 16, 64), {"kernel": 3, "padding": "same"})
        for dtype in ("int8", "float32")
    ),
    *(_dense(f"FullyConnected_{dtype}", 1024, 10) for dtype in ("int8", "float32")),
    *_FLOAT,
    *_MAPS,
    *(
        Case(f"{operator}_{dtype}", (16, 16, 64), {"sources": (Tensor((16, 16, 64), dtype, 0.05),) * 2})
        for operator in ("Add", "Mul")
        for dtype in ("int8", "float32")
    ),
    Case("BatchNorm_float32", (16, 16, 64)),
    Case("Softmax_int8", (1, 1, 10)),
    Case("Softmax_float32", (1, 1, 10)),
)


def title(case: Case) -> str:
    """A shape in few words, e.g. "3×3, 64 → 64, 16×16"."""
    layer = case.layer
    height, width, channels = layer.input.shape
    window = [int(layer.attributes[key]) for key in ("kernel_h", "kernel_w") if key in layer.attributes]
    size = f"{height}×{width}" + (f", to {layer.output.dtype}" if "output" in case.keys else "")
    size += f", from {layer.input.dtype}" if case.operator == "LceQuantize" else ""
    kernel = f"{window[0]}×{window[1]}, " if len(window) == 2 and (height, width) != (1, 1) else ""
    return f"{kernel}{channels} → {layer.output.shape[2]}" + (f", {size}" if (height, width) != (1, 1) else "")
