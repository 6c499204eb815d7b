"""Kernels that pack bits by bnn_push_threshold, which is thrpk wherever an ISA has it, asked for or not."""

import pytest

from bnnsim.bench.check import isas_for
from tests.kernels.test_operators import KERNELS, cases_of, check, code_of, core_named, image_of

CORE, COMPILER = "cortex-m4", "clang"
USERS = ("bnn_push_threshold", "dots.h", "dense_bits.h", "float_blocks.h")  # the function, headers that call it


def with_thrpk(isa):
    return "thrpk" if isa == "base" else "+".join(sorted([*isa.split("+"), "thrpk"]))


def pairs():
    """Kernels that do without thrpk, with an ISA that they run under."""
    for kernel in KERNELS:
        isas = isas_for(kernel, core_named(CORE).features)
        text = kernel.path.read_text()
        if isas and any(name in text for name in USERS) and "thrpk" not in kernel.needs:
            yield pytest.param(kernel, isas[-1], id=f"{kernel.function}-{isas[-1]}")


@pytest.mark.parametrize(("kernel", "isa"), list(pairs()))
def test_kernels_in_c_use_thrpk_and_stay_right(kernel, isa):
    function, isa = kernel.function, with_thrpk(isa)
    image = image_of(function, isa, CORE, COMPILER)
    assert any(site.instruction.name == "thrpk" for site in image.sites.values())
    for place, case in enumerate(cases_of(function)):
        check(kernel, case, CORE, image, place % len(case), ("end", "start")[place % 2])


def test_the_smallest_core_has_it_too():
    kernel = next(k for k in KERNELS if k.function == "lcequantize_plain")
    assert code_of(kernel.function, "thrpk", "cortex-m0plus", COMPILER) != code_of(
        kernel.function, "base", "cortex-m0plus", COMPILER
    )
    image = image_of(kernel.function, "thrpk", "cortex-m0plus", COMPILER)
    for place, case in enumerate(cases_of(kernel.function)):
        check(kernel, case, "cortex-m0plus", image, place % len(case), "end")
