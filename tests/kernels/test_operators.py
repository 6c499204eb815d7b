"""Every kernel on random and edge shapes, bit for bit, with every buffer flush against an unmapped page.

On each core whose compiled code differs: all cases on the three architectures with Clang, a part of them with GCC and
on cores that are like another one. Under the ISAs that a kernel asks for (all cases on one core under the first), and
on that core, a part, under those with instructions that take the place of its code.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest

from bnnsim.bench.cases import CASES
from bnnsim.bench.check import isas_for, least_isas_for
from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain, uses_floats
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import kernel_plan
from bnnsim.emulate.plan import Region
from bnnsim.emulate.run import emulate, outputs_of
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
# Cores whose compilers emit code of their own, an example of each architecture first; the others run what one of these
# runs. Without its FPU a Cortex-M4 gets other code for floats only.
ARCHITECTURES = ("cortex-m4", "cortex-m3", "cortex-m0plus")
CORES = (*ARCHITECTURES, "cortex-m4-nofpu", "cortex-m33", "cortex-m7")
ALL_CORES = (*CORES, "cortex-m0", "cortex-m0plus-small-multiplier")
EVERY = 5  # one case in so many is a part of them
# Armv6-M's instructions of 32 bits (Arm DDI 0419, section A5.3)
ARMV6M_WIDE = {"bl", "msr", "mrs", "dmb", "dsb", "isb"}


@functools.cache
def core_named(name):
    return load_core(name)


def isas_of(kernel, core):
    """ISAs under which the kernel runs on a core and may compile to code of its own."""
    return (isas_for if core == CORES[0] else least_isas_for)(kernel, core_named(core).features)


def compilers_of(kernel, core):
    """Compilers to build a kernel with for a core."""
    if core == "cortex-m4-nofpu" and not uses_floats(kernel.path):
        return []
    return compilers() if core in ARCHITECTURES else ["clang"]


@functools.cache
def cases_of(function):
    kernel = next(k for k in KERNELS if k.function == function)
    return [case for case in CASES if kernel.accepts(case.layer)]


@functools.cache
def image_of(function, isa, core, compiler):
    kernel = next(k for k in KERNELS if k.function == function)
    toolchain = load_toolchain(compiler, core_named(core).target[compiler])
    return Builder(toolchain, load_isa(isa), Cache(), FLASH, RAM).build_kernel(kernel)


def code_of(function, isa, core, compiler):
    return tuple(segment.data for segment in image_of(function, isa, core, compiler).segments)


@functools.cache
def expected_of(case, number):
    inputs = case.inputs(number)
    return pack_tensors(case.layer, inputs), pack_tensor(run_layer(case.layer, *inputs), case.layer.output)


def plan_of(kernel, case, image, number, flush):
    return kernel_plan(image, lower_layer(case.layer, kernel), REGIONS, expected_of(case, number)[0], flush)


def check(kernel, case, core, image, number, flush):
    """Run a kernel alone, hold its output against the reference."""
    outputs, stack_bytes = outputs_of(image, plan_of(kernel, case, image, number, flush), core_named(core).unicorn_cpu)
    (found,), expected = outputs.values(), expected_of(case, number)[1]
    assert found == expected, f"{case.name}: byte {next(i for i in range(len(found)) if found[i] != expected[i])}"
    assert stack_bytes < 4096, case.name


RUNS = [
    pytest.param(kernel, core, isa, compiler, id=f"{kernel.function}-{core}-{isa}-{compiler}")
    for kernel in KERNELS
    for core in CORES
    for isa in isas_of(kernel, core)
    for compiler in compilers_of(kernel, core)
]


@pytest.mark.parametrize(("kernel", "core", "isa", "compiler"), RUNS)
def test_bit_exact_and_inside_its_buffers(kernel, core, isa, compiler):
    image, cases = image_of(kernel.function, isa, core, compiler), cases_of(kernel.function)
    code = code_of(kernel.function, isa, core, compiler)
    before = isas_of(kernel, core)[: isas_of(kernel, core).index(isa)]
    if any(code == code_of(kernel.function, other, core, compiler) for other in before):
        return  # the same code has run
    full = ARCHITECTURES if isa == "base" else CORES[:1] if not before else ()
    first = core in full and compiler == "clang"
    for place, case in enumerate(cases):
        if first:
            for number in range(len(case)):
                check(kernel, case, core, image, number, ("end", "start")[number % 2])
        elif case.everywhere or (place + len(core) + len(compiler)) % EVERY == 0:
            check(kernel, case, core, image, place % 2, ("end", "start")[place % 2])


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_every_kernel_is_tested_on_several_shapes(kernel):
    assert len(cases_of(kernel.function)) >= 3


@pytest.mark.parametrize(("kernel", "core", "isa", "compiler"), [run for run in RUNS if run.values[0].fixed_time])
def test_fixed_time(kernel, core, isa, compiler):
    core_table, image = core_named(core), image_of(kernel.function, isa, core, compiler)
    for case in cases_of(kernel.function)[1:3]:
        cycles = set()
        for number in (0, 1):
            trace = emulate(image, plan_of(kernel, case, image, number, "end"), core_table.unicorn_cpu)
            cycles.add(int(price(decode_program(trace, image, core_table), core_table).cycles[0]))
        assert len(cycles) == 1, case.name


@pytest.mark.parametrize(
    ("core", "compiler"), [(core, c) for core in CORES for c in compilers() if c == "clang" or core in ARCHITECTURES]
)
def test_images_hold_only_instructions_of_the_core(core, compiler):
    table, seen = core_named(core), set()
    for kernel in KERNELS:
        for isa in isas_of(kernel, core)[:2] if compiler in compilers_of(kernel, core) else ():
            image = image_of(kernel.function, isa, core, compiler)
            handlers = [f for f in image.functions if f.name.endswith("_Handler")]
            for address, size, _ in image.words():
                code = image.read(address, size)
                if code in seen or address in image.sites:
                    continue
                if any(f.address <= address < f.address + f.size_bytes for f in handlers):
                    continue
                seen.add(code)
                decoded = decode_instruction(code)
                assert decoded is not None, f"{kernel.function} {address:#x}"
                where = f"{kernel.function} {address:#x}: {decoded.text}"
                assert table.group_of(decoded.mnemonic, decoded.form) is not None, where
                if table.architecture == "armv6-m":
                    assert size == 2 or decoded.mnemonic in ARMV6M_WIDE, where
                    assert decoded.mnemonic not in ("it", "cbz", "cbnz"), where
    assert len(seen) > 500


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.function)
def test_functions_are_aligned(kernel, compiler):
    core = next(c for c in CORES if isas_of(kernel, c) and compiler in compilers_of(kernel, c))
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
    kernel = next(k for k in KERNELS if k.function == "qqconv2d_packed_pairs")

    def extreme(parameters):
        weights = np.full_like(parameters["weights"], weight)
        weights[..., ::3] = -(weights[..., ::3] // 2)
        return {"weights": weights}

    case = replace(cases_of(kernel.function)[1], changes=extreme, values=(0, 127, 128, 255))
    image = image_of(kernel.function, "base", "cortex-m0plus", "clang")
    for number in range(2, len(case)):
        check(kernel, case, "cortex-m0plus", image, number, "end")
