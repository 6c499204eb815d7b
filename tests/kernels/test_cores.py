"""Every kernel on every core that has what it needs: bit for bit, only that core's instructions, fixed in time."""

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import kernel_plan
from bnnsim.emulate.run import emulate
from bnnsim.isa import load_isa
from bnnsim.model.lower import lower_layer, pack_tensor, unpack_tensor
from bnnsim.model.network import network_of, random_input
from bnnsim.model.operators import OPERATORS
from bnnsim.model.reference import run_reference
from bnnsim.timing.core import load_core
from bnnsim.timing.decode import decode_instruction
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program
from tests.conftest import FLASH, RAM, compilers
from tests.kernels.test_operators import ISAS, KERNELS, REGIONS, SHAPES, layer_of

CORES = ("cortex-m0", "cortex-m0plus", "cortex-m0plus-small-multiplier", "cortex-m3", "cortex-m4", "cortex-m4-nofpu")
SAME_CODE = {"cortex-m0plus-small-multiplier", "cortex-m4-nofpu"}  # compiled as another core is
BIT_EXACT_ON = ("cortex-m0plus", "cortex-m3")  # the others run the same instructions as one of these or the M4
# Armv6-M's instructions of 32 bits (Arm DDI 0419, section A5.3)
ARMV6M_WIDE = {"bl", "msr", "mrs", "dmb", "dsb", "isb"}


def usable(core, isas=ISAS):
    have = {isa: load_isa(isa).provides | set(load_core(core).features) for isa in isas}
    return [(kernel, isa) for kernel in KERNELS for isa in isas if not kernel.missing(have[isa])]


def counts_bits(kernel):
    """Whether an extension may change the kernel's code."""
    return OPERATORS[kernel.operator].is_binary


@functools.cache
def image_of(function, isa, core, compiler):
    kernel = next(k for k in KERNELS if k.function == function)
    tools = load_toolchain(compiler, load_core(core).target[compiler])
    return Builder(tools, load_isa(isa), Cache(), FLASH, RAM).build_kernel(kernel)


def run(kernel, layer, core, x, image):
    """Run a kernel alone, hold its output against the reference; returns its cycles."""
    expected = run_reference(network_of("one", [layer]), x)[layer.name]
    plan = kernel_plan(image, lower_layer(layer, kernel), REGIONS, pack_tensor(x, layer.input), "end")
    trace = emulate(image, plan, load_core(core).unicorn_cpu)
    np.testing.assert_array_equal(unpack_tensor(trace.outputs[layer.name], layer.output), expected)
    program = decode_program(trace, image, load_core(core))  # an instruction without a cost is an error
    return int(price(program, load_core(core), image.isa.latencies).cycles[0])


CASES = [
    pytest.param(core, kernel, isa, compiler, id=f"{core}-{kernel.function}-{Path(isa).stem}-{compiler}")
    for core in BIT_EXACT_ON
    for kernel, isa in usable(core)
    if isa == "base" or counts_bits(kernel)
    for compiler in compilers()
]


@pytest.mark.parametrize(("core", "kernel", "isa", "compiler"), CASES)
def test_bit_exact_and_fixed_in_time(core, kernel, isa, compiler):
    image = image_of(kernel.function, isa, core, compiler)
    shapes = [s for s in SHAPES[kernel.operator] if kernel.accepts(layer_of(kernel, s))]
    for shape in shapes[1:4] if core == "cortex-m0plus" else shapes[1:2]:
        layer = layer_of(kernel, shape)
        cycles = {
            run(kernel, layer, core, random_input(network_of("one", [layer]), seed, density), image)
            for seed, density in ((1, 0.1), (2, 0.9))
        }
        assert len(cycles) == 1 or not kernel.fixed_time


@pytest.mark.parametrize("core", [c for c in CORES if c not in SAME_CODE])
@pytest.mark.parametrize("compiler", compilers())
def test_images_hold_only_instructions_of_the_core(core, compiler):
    table, seen = load_core(core), 0
    for kernel, isa in usable(core, ISAS[:2]):
        if isa != "base" and not counts_bits(kernel):
            continue
        image = image_of(kernel.function, isa, core, compiler)
        handlers = [f for f in image.functions if f.name.endswith("_Handler")]
        for address, size, _ in image.words():
            if address in image.sites or any(f.address <= address < f.address + f.size_bytes for f in handlers):
                continue
            decoded = decode_instruction(image.read(address, size))
            assert decoded is not None, f"{kernel.function} {address:#x}"
            where = f"{kernel.function} {address:#x}: {decoded.text}"
            assert table.group_of(decoded.mnemonic, decoded.form) is not None, where
            if table.architecture == "armv6-m":
                assert size == 2 or decoded.mnemonic in ARMV6M_WIDE, where
                assert decoded.mnemonic not in ("it", "cbz", "cbnz"), where
            seen += 1
    assert seen > 2000


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_has_a_kernel_of_fixed_time_and_a_faithful_one_on_every_core(core, operator):
    found = [k for k, _ in usable(core, ("base",)) if k.operator == operator]
    assert any(k.fixed_time and k.variant != "faithful" for k in found)
    assert any(k.variant == "faithful" for k in found)


@pytest.mark.parametrize("weight", [-128, 127])
def test_packed_pairs_with_extreme_weights_and_inputs(weight):
    """Two products of 128 x -128 are one more than a signed half of a word holds."""
    kernel = next(k for k in KERNELS if k.variant == "packed_pairs")
    layer = layer_of(kernel, SHAPES["QQConv2D"][1])
    weights = np.full_like(layer.parameters["weights"], weight)
    weights[..., ::3] = -(weights[..., ::3] // 2)
    layer = replace(layer, parameters={**layer.parameters, "weights": weights})
    for value in (0, 127, 128, 255):
        x = np.full(layer.input.shape, value, random_input(network_of("one", [layer]), 1).dtype)
        run(kernel, layer, "cortex-m0plus", x, image_of(kernel.function, "base", "cortex-m0plus", "clang"))
