"""kernels/include/int8.h: requantization in C against the NumPy functions, on the three multipliers that there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import function_plan
from bnnsim.emulate.plan import Region
from bnnsim.emulate.run import emulate
from bnnsim.errors import EmulationFault
from bnnsim.isa import load_isa
from bnnsim.model.reference.requantize import divide_by_power_of_two, requantize
from bnnsim.timing.core import load_core
from tests.conftest import FLASH, RAM, REGIONS_OF_ZERO_WAIT, compilers

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4")
INT32 = [0, 1, -1, 2, -2, 0x7FFF, 0x8000, -0x8000, 0xFFFF, 0x10000, -0x10000, 2**30, -(2**30), 2**31 - 1, -(2**31) + 1]
EXPONENTS = (0, 1, 2, 7, 15, 16, 17, 30, 31)

# Never ends if a row's value is not what the expression gives.
SOURCE = """
#include "int8.h"
static const int32_t rows[][4] = {ROWS};
volatile uint32_t stuck;
void test(void)
{
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const volatile int32_t *row = rows[i];
        const int32_t a = row[0], b = row[1], c = row[2];

        (void)c;
        stuck = (EXPRESSION) != row[3];
        while (stuck)
            ;
    }
}
"""
LARGE = [*INT32, 123456789, -987654321, 2**31 - 2, 715827883, -1431655765]


def high_multiply_rows():
    pairs = [(a, b) for a in LARGE for b in LARGE]
    return [(a, b, 0, (a * b + 2**30) >> 31) for a, b in pairs]


def divide_rows():
    near = [(n << e >> 1) + d for e in EXPONENTS for n in (1, 3, -1, -3) for d in (-1, 0, 1)]
    values = [x for x in dict.fromkeys([*LARGE, -(2**31), *near]) if -(2**31) <= x < 2**31]
    return [(x, e, 0, int(divide_by_power_of_two(np.array(x), e))) for x in values for e in EXPONENTS]


def requantize_rows(single):
    rng = np.random.default_rng(1)
    rows = []
    for exponent in (*(-e for e in EXPONENTS), 1, 3, 8):
        reach = 2 ** (30 - max(exponent, 0))
        sums = [0, 1, -1, reach - 1, 1 - reach, *(s << -min(exponent, 0) >> 1 for s in (1, -1, 3, -3))]
        sums += rng.integers(-reach, reach, 12).tolist()
        for acc in (s for s in sums if -reach < s < reach):
            for multiplier in (0, 2**30, 2**30 + 1, 2**31 - 1, int(rng.integers(2**30, 2**31))):
                rows.append((acc, multiplier, exponent, int(requantize(np.array(acc), multiplier, exponent, single))))
    return rows


FUNCTIONS = {
    "bnn_high_multiply(a, b)": high_multiply_rows,
    "bnn_divide_by_power_of_two(a, b)": divide_rows,
    "bnn_requantize_twice(a, b, c)": lambda: requantize_rows(False),
    "bnn_requantize_once(a, b, c)": lambda: requantize_rows(True),
    "bnn_clamp(a, -128, b)": lambda: [
        (y, high, 0, min(max(y, -128), high))
        for y in (-(2**29), -129, -128, -1, 0, 5, 6, 7, 127, 2**29)
        for high in (6, 127)
    ],
}


def run(folder, expression, rows, core_name, compiler):
    core = load_core(core_name)
    text = ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows)
    path = folder / "program.c"
    path.write_text(SOURCE.replace("ROWS", text).replace("EXPRESSION", expression))
    builder = Builder(load_toolchain(compiler, core.target[compiler]), load_isa("base"), Cache(), FLASH, RAM)
    image = builder.build_function(path, "test")
    plan = function_plan(image, "test", tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT), ())
    emulate(image, replace(plan, limit_instructions=400 * len(rows)), core.unicorn_cpu)


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("expression", FUNCTIONS)
def test_as_numpy(tmp_path, expression, core, compiler):
    run(tmp_path, expression, FUNCTIONS[expression](), core, compiler)


@pytest.mark.parametrize("core", CORES)
def test_a_wrong_value_is_noticed(tmp_path, core):
    *row, result = high_multiply_rows()[-1]
    with pytest.raises(EmulationFault):
        run(tmp_path, "bnn_high_multiply(a, b)", [(*row, result + 1)], core, "clang")
