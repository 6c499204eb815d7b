"""Every kernel on random and edge shapes, bit for bit, with every buffer flush against an unmapped page."""

import functools
from pathlib import Path

import numpy as np
import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import kernel_plan
from bnnsim.emulate.plan import Region
from bnnsim.emulate.run import emulate
from bnnsim.isa import load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.model.lower import lower_layer, pack_tensor, unpack_tensor
from bnnsim.model.network import network_of, random_input, random_layer
from bnnsim.model.reference import run_reference
from bnnsim.timing.core import load_core
from tests.conftest import FLASH, RAM, REGIONS_OF_ZERO_WAIT, REPOSITORY, compilers

# operator → (input shape, channels, kernel, stride, padding, output)
CONVOLUTIONS = [
    ((1, 1, 1), 1, 1, 1, "valid", None),
    ((1, 1, 32), 33, 3, 1, "same", None),
    ((5, 7, 31), 32, 3, 1, "same", None),
    ((6, 6, 33), 31, 5, 1, "same", None),
    ((8, 8, 64), 64, 3, 2, "same", None),
    ((4, 9, 96), 5, (3, 5), 1, "valid", None),
    ((7, 4, 32), 40, (2, 4), (2, 1), "same", None),
    ((3, 3, 65), 32, 3, 3, "valid", None),
    ((2, 2, 32), 32, 5, 1, "same", None),
    ((10, 10, 8), 33, 1, 2, "valid", None),
    ((5, 5, 544), 33, 3, 1, "same", None),
]
SHAPES = {
    "BBConv2D": CONVOLUTIONS,
    "QQConv2D": [
        ((1, 1, 3), 1, 1, 1, "valid", None),
        ((6, 5, 3), 32, 5, 1, "same", None),
        ((5, 7, 1), 33, 3, 1, "same", None),
        ((3, 8, 3), 32, (3, 5), 1, "valid", None),
        ((8, 8, 4), 31, 3, 2, "same", None),
        ((7, 4, 31), 64, (2, 4), (2, 1), "same", None),
        ((2, 2, 3), 32, 5, 1, "same", None),
        ((9, 3, 2), 40, (5, 3), 3, "valid", None),
        ((4, 4, 33), 32, 3, 1, "same", None),
    ],
    "BMaxPool2D": [
        ((1, 1, 1), None, 1, 1, "valid", None),
        ((8, 8, 32), None, 2, 2, "valid", None),
        ((7, 5, 33), None, 2, 2, "same", None),
        ((6, 9, 64), None, 3, 2, "same", None),
        ((5, 5, 31), None, (2, 3), (1, 2), "valid", None),
        ((4, 4, 96), None, 3, 1, "same", None),
    ],
    "BBQFC": [
        ((1, 1, 1), 1, None, None, None, "int8"),
        ((4, 4, 64), 10, None, None, None, "int8"),
        ((1, 1, 31), 33, None, None, None, "int16"),
        ((2, 3, 33), 7, None, None, None, "int32"),
        ((1, 1, 512), 5, None, None, None, "int32"),
    ],
}
KERNELS = load_kernels()
REGIONS = tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT)
CORE = load_core("cortex-m4")
ISAS = ("base", "popcnt", str(REPOSITORY / "tests" / "data" / "fused.py"))


def isas_of(kernel):
    return [i for i in ISAS if not kernel.missing(load_isa(i).provides | set(CORE.features))]


@functools.cache
def image_of(function, isa, compiler):
    kernel = next(k for k in KERNELS if k.function == function)
    return Builder(load_toolchain(compiler, "cortex-m4"), load_isa(isa), Cache(), FLASH, RAM).build_kernel(kernel)


def layer_of(kernel, shape):
    in_shape, channels, size, stride, padding, output = shape
    seed = sum(in_shape) + (channels or 0)
    return random_layer(kernel.operator, in_shape, channels, size, stride, padding, seed, output=output)


CASES = [
    pytest.param(kernel, isa, compiler, shape, id=f"{kernel.function}-{Path(isa).stem}-{compiler}-{number}")
    for kernel in KERNELS
    for isa in isas_of(kernel)
    for compiler in compilers()
    for number, shape in enumerate(SHAPES[kernel.operator])
    if kernel.accepts(layer_of(kernel, shape))
]


@pytest.mark.parametrize(("kernel", "isa", "compiler", "shape"), CASES)
def test_bit_exact_and_inside_its_buffers(kernel, isa, compiler, shape):
    layer = layer_of(kernel, shape)
    network = network_of("one", [layer])
    lowered = lower_layer(layer, kernel)
    for flush, density in (("end", 0.5), ("start", 0.9)):
        x = random_input(network, 7, density)
        expected = run_reference(network, x)[layer.name]
        plan = kernel_plan(
            image_of(kernel.function, isa, compiler), lowered, REGIONS, pack_tensor(x, layer.input), flush
        )
        trace = emulate(image_of(kernel.function, isa, compiler), plan, "cortex-m4")
        np.testing.assert_array_equal(unpack_tensor(trace.outputs[layer.name], layer.output), expected)
        assert trace.peak_stack_bytes < 4096


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_every_kernel_is_tested_on_several_shapes(kernel):
    assert sum(kernel.accepts(layer_of(kernel, shape)) for shape in SHAPES[kernel.operator]) >= 3


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_functions_and_loops_are_aligned(kernel, compiler):
    isa = isas_of(kernel)[0]
    image = image_of(kernel.function, isa, compiler)
    wrong = [f.name for f in image.functions if f.address % 16 and f.size_bytes > 2 and not f.name.endswith("Handler")]
    assert wrong == []
