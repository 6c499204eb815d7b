"""Every kernel on random and edge shapes, bit for bit, with every buffer flush against an unmapped page.

On each core whose compiled code differs, for each ISA that may change the kernel's code, with both compilers.
"""

import functools

import numpy as np
import pytest

from bnnsim.bench.cases import CASES
from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import kernel_plan
from bnnsim.emulate.plan import Region
from bnnsim.emulate.run import emulate
from bnnsim.isa import load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.model.lowering import lower_layer, pack_tensor, pack_tensors
from bnnsim.model.operators import OPERATORS
from bnnsim.model.reference import run_layer
from bnnsim.timing.core import load_core
from bnnsim.timing.decode import decode_instruction
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program
from tests.conftest import FLASH, RAM, REGIONS_OF_ZERO_WAIT, compilers

KERNELS = load_kernels()
REGIONS = tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT)
ISAS = ("base", "popcnt", "xpopa")
# Cores whose compilers emit code of their own; the others run what one of these runs.
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m4-nofpu", "cortex-m33", "cortex-m7")
ALL_CASES_ON = ("cortex-m0plus", "cortex-m3", "cortex-m4")
ALL_CORES = (*CORES, "cortex-m0", "cortex-m0plus-small-multiplier")
# Armv6-M's instructions of 32 bits (Arm DDI 0419, section A5.3)
ARMV6M_WIDE = {"bl", "msr", "mrs", "dmb", "dsb", "isb"}


@functools.cache
def core_named(name):
    return load_core(name)


def counts_bits(kernel):
    """Whether an extension may change the kernel's code."""
    return OPERATORS[kernel.operator].is_binary


def isas_of(kernel, core):
    """ISAs under which the kernel runs on a core and compiles to code of its own."""
    runs = [i for i in ISAS if not kernel.missing(load_isa(i).provides | set(core_named(core).features))]
    return runs if counts_bits(kernel) else runs[:1]


def cases_of(kernel):
    return [case for case in CASES if kernel.accepts(case.layer)]


@functools.cache
def image_of(function, isa, core, compiler):
    kernel = next(k for k in KERNELS if k.function == function)
    toolchain = load_toolchain(compiler, core_named(core).target[compiler])
    return Builder(toolchain, load_isa(isa), Cache(), FLASH, RAM).build_kernel(kernel)


def check(kernel, case, core, image, number, flush):
    """Run a kernel alone, hold its output against the reference; returns the trace."""
    layer, inputs = case.layer, case.inputs(number)
    expected = pack_tensor(run_layer(layer, *inputs), layer.output)
    plan = kernel_plan(image, lower_layer(layer, kernel), REGIONS, pack_tensors(layer, inputs), flush)
    trace = emulate(image, plan, core_named(core).unicorn_cpu)
    found = trace.outputs[layer.name]
    assert found == expected, f"{case.name}: byte {next(i for i in range(len(found)) if found[i] != expected[i])}"
    assert trace.peak_stack_bytes < 4096, case.name
    return trace


RUNS = [
    pytest.param(kernel, core, isa, compiler, id=f"{kernel.function}-{core}-{isa}-{compiler}")
    for kernel in KERNELS
    for core in CORES
    for isa in isas_of(kernel, core)
    for compiler in compilers()
]


@pytest.mark.parametrize(("kernel", "core", "isa", "compiler"), RUNS)
def test_bit_exact_and_inside_its_buffers(kernel, core, isa, compiler):
    image = image_of(kernel.function, isa, core, compiler)
    cases = [case for case in cases_of(kernel) if core in ALL_CASES_ON or case.everywhere]
    for case in cases or cases_of(kernel)[1:3]:
        for number in range(len(case)):
            check(kernel, case, core, image, number, ("end", "start")[number % 2])


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_every_kernel_is_tested_on_several_shapes(kernel):
    assert len(cases_of(kernel)) >= 3


@pytest.mark.parametrize(("kernel", "core", "isa", "compiler"), RUNS)
def test_fixed_time(kernel, core, isa, compiler):
    if not kernel.fixed_time:
        pytest.skip("its time depends on the data")
    core_table, image = core_named(core), image_of(kernel.function, isa, core, compiler)
    for case in cases_of(kernel)[1:3]:
        plans = (check(kernel, case, core, image, number, "end") for number in (0, 1))
        cycles = {
            int(price(decode_program(trace, image, core_table), core_table, image.isa.latencies).cycles[0])
            for trace in plans
        }
        assert len(cycles) == 1, case.name


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("compiler", compilers())
def test_images_hold_only_instructions_of_the_core(core, compiler):
    table, seen = core_named(core), 0
    for kernel in KERNELS:
        for isa in isas_of(kernel, core)[:2]:
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


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_functions_are_aligned(kernel, compiler):
    core = next(c for c in ("cortex-m4", *CORES) if isas_of(kernel, c))
    image = image_of(kernel.function, isas_of(kernel, core)[0], core, compiler)
    wrong = [f.name for f in image.functions if f.address % 16 and f.size_bytes > 2 and not f.name.endswith("Handler")]
    assert wrong == []


@pytest.mark.parametrize("core", ALL_CORES)
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_has_a_kernel_of_fixed_time_on_every_core(core, operator):
    layers = [case.layer for case in CASES if case.operator == operator]
    assert layers
    for layer in layers:
        able = [k for k in KERNELS if k.accepts(layer) and not k.missing(core_named(core).features)]
        assert any(k.fixed_time for k in able), layer


@pytest.mark.parametrize("weight", [-128, 127])
def test_packed_pairs_with_extreme_weights_and_inputs(weight):
    """Two products of 128 x -128 are one more than a signed half of a word holds."""
    from dataclasses import replace

    kernel = next(k for k in KERNELS if k.function == "qqconv2d_packed_pairs")

    def extreme(parameters):
        weights = np.full_like(parameters["weights"], weight)
        weights[..., ::3] = -(weights[..., ::3] // 2)
        return {"weights": weights}

    case = replace(cases_of(kernel)[1], changes=extreme, values=(0, 127, 128, 255))
    image = image_of(kernel.function, "base", "cortex-m0plus", "clang")
    for number in range(2, len(case)):
        check(kernel, case, "cortex-m0plus", image, number, "end")
