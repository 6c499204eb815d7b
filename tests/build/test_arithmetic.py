"""kernels/runtime/arithmetic.c: every helper that compilers call on Armv6-M, against Python's integers."""

import random
from dataclasses import replace

import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import function_plan
from bnnsim.emulate.plan import Region
from bnnsim.emulate.run import emulate
from bnnsim.errors import EmulationFault
from bnnsim.isa import load_isa
from tests.conftest import FLASH, RAM, REGIONS_OF_ZERO_WAIT, compilers

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
EDGES = {
    32: [0, 1, 2, 3, 7, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF],
    64: [0, 1, 0xFFFF, M32, 1 << 32, 0x123456789ABCDEF0, (1 << 63) - 1, 1 << 63, M64],
    6: [0, 1, 15, 16, 31, 32, 33, 63],
}


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def truncated(a, b):
    return 0 if b == 0 else abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)


def quotient_and_remainder(a, b):
    quotient = truncated(a, b)
    return quotient & M32 | ((a - quotient * b) & M32) << 32


def order(a, b):
    return ((a > b) - (a < b)) & M32


# C expression of a and b → (bits of a, bits of b, bits of the result, what Python says)
HELPERS = {
    "__aeabi_uidiv((uint32_t)a, (uint32_t)b)": (32, 32, 32, truncated),
    "(uint32_t)__aeabi_idiv((int32_t)a, (int32_t)b)":
        (32, 32, 32, lambda a, b: truncated(signed(a, 32), signed(b, 32)) & M32),
    "__aeabi_uidivmod((uint32_t)a, (uint32_t)b)": (32, 32, 64, quotient_and_remainder),
    "__aeabi_idivmod((int32_t)a, (int32_t)b)":
        (32, 32, 64, lambda a, b: quotient_and_remainder(signed(a, 32), signed(b, 32))),
    "__aeabi_lmul(a, b)": (64, 64, 64, lambda a, b: a * b & M64),
    "__aeabi_llsl(a, (int32_t)b)": (64, 6, 64, lambda a, b: a << b & M64),
    "__aeabi_llsr(a, (int32_t)b)": (64, 6, 64, lambda a, b: a >> b),
    "(uint64_t)__aeabi_lasr((int64_t)a, (int32_t)b)": (64, 6, 64, lambda a, b: signed(a, 64) >> b & M64),
    "(uint32_t)__aeabi_lcmp((int64_t)a, (int64_t)b)": (64, 64, 32, lambda a, b: order(signed(a, 64), signed(b, 64))),
    "(uint32_t)__aeabi_ulcmp(a, b)": (64, 64, 32, order),
    "(uint32_t)__clzsi2((uint32_t)a)": (32, 6, 32, lambda a, _: 32 - a.bit_length()),
    "(uint32_t)__clzdi2(a)": (64, 6, 32, lambda a, _: 64 - a.bit_length()),
    "(uint32_t)__ctzsi2((uint32_t)a)": (32, 6, 32, lambda a, _: (a & -a).bit_length() - 1 if a else 32),
    # what compilers make calls of
    "(uint32_t)a / ((uint32_t)b | 1) + (uint32_t)a % ((uint32_t)b | 1)":
        (32, 32, 32, lambda a, b: a // (b | 1) + a % (b | 1) & M32),
    "(a * b) ^ (a >> (b & 63)) ^ (a << (b & 63))":
        (64, 64, 64, lambda a, b: (a * b ^ a >> (b & 63) ^ a << (b & 63)) & M64),
    "(uint64_t)((int64_t)a >> (b & 63)) + (a < b) + ((int64_t)a <= (int64_t)b)":
        (64, 64, 64, lambda a, b: (signed(a, 64) >> (b & 63)) + (a < b) + (signed(a, 64) <= signed(b, 64)) & M64),
}  # fmt: skip

SOURCE = """
#include <stdint.h>
uint32_t __aeabi_uidiv(uint32_t, uint32_t);
int32_t __aeabi_idiv(int32_t, int32_t);
uint64_t __aeabi_uidivmod(uint32_t, uint32_t);
uint64_t __aeabi_idivmod(int32_t, int32_t);
uint64_t __aeabi_lmul(uint64_t, uint64_t);
uint64_t __aeabi_llsl(uint64_t, int32_t);
uint64_t __aeabi_llsr(uint64_t, int32_t);
int64_t __aeabi_lasr(int64_t, int32_t);
int32_t __aeabi_lcmp(int64_t, int64_t);
int32_t __aeabi_ulcmp(uint64_t, uint64_t);
int __clzsi2(uint32_t);
int __clzdi2(uint64_t);
int __ctzsi2(uint32_t);
static const uint64_t table[][3] = {ROWS};
volatile uint32_t stuck;
void test(void)
{
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const volatile uint64_t *row = table[i];
        const uint64_t a = row[0], b = row[1], c = row[2];
        (void)b;
        stuck = (EXPRESSION) != c;
        while (stuck)
            ;
    }
}
"""


def run(folder, expression, rows, compiler):
    """Ends only if the expression has the value of every row."""
    text = ", ".join(f"{{{a}ull, {b}ull, {result}ull}}" for a, b, result in rows)
    path = folder / "helper.c"
    path.write_text(SOURCE.replace("ROWS", text).replace("EXPRESSION", expression))
    builder = Builder(load_toolchain(compiler, "cortex-m0plus"), load_isa("base"), Cache(), FLASH, RAM)
    image = builder.build_function(path, "test")
    plan = function_plan(image, "test", tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT), ())
    emulate(image, replace(plan, limit_instructions=4000 * len(rows)), "cortex-m0")


def rows_of(expression):
    a_bits, b_bits, result_bits, law = HELPERS[expression]
    rng = random.Random(expression)
    pairs = [(a, b) for a in EDGES[a_bits] for b in EDGES[b_bits]]
    pairs += [(rng.getrandbits(rng.randint(1, a_bits)), rng.getrandbits(rng.randint(1, b_bits))) for _ in range(200)]
    return [(a, b, law(a, b) & ((1 << result_bits) - 1)) for a, b in pairs]


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("expression", HELPERS)
def test_helper(tmp_path, expression, compiler):
    run(tmp_path, expression, rows_of(expression), compiler)


@pytest.mark.parametrize("compiler", compilers())
def test_a_wrong_value_is_noticed(tmp_path, compiler):
    a, b, result = rows_of("__aeabi_lmul(a, b)")[-1]
    with pytest.raises(EmulationFault):
        run(tmp_path, "__aeabi_lmul(a, b)", [(a, b, result ^ 1)], compiler)
