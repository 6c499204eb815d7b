"""kernels/runtime/softfloat*.c: every function against NumPy's float32, on edge and random bit patterns."""

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
from bnnsim.timing.core import load_core
from bnnsim.timing.decode import decode_instruction
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program
from tests.conftest import FLASH, RAM, REGIONS_OF_ZERO_WAIT, compilers

REGIONS = tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT)
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4-nofpu")
EDGES = np.array(
    [
        0, 1, 2, 3, 0x1234, 0x00400000, 0x007FFFFF, 0x00800000, 0x00800001, 0x00FFFFFF, 0x01000000, 0x0BFFFFFF,
        0x33800000, 0x33800001, 0x3EFFFFFF, 0x3F000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3FC00000, 0x3FFFFFFF,
        0x40000000, 0x4B000001, 0x4B7FFFFF, 0x4B800000, 0x4EFFFFFF, 0x4F000000, 0x4F7FFFFF, 0x4F800000, 0x7F000000,
        0x7F7FFFFE, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF,
    ],
    np.uint32,
)  # fmt: skip
EDGES = np.concatenate([EDGES, EDGES | np.uint32(1 << 31)])


def patterns(seed, count):
    """Pairs of bit patterns: all edges with each other, any bits, and exponents close to each other."""
    rng = np.random.default_rng(seed)
    edges = [grid.ravel() for grid in np.meshgrid(EDGES, EDGES)]
    a, b = rng.integers(0, 1 << 32, (2, count), dtype=np.uint32)
    near = (a & 0x807FFFFF) | ((b >> 23 & 0xFF) + rng.integers(-26, 27, count)).clip(0, 254).astype(np.uint32) << 23
    small = b & 0x80FFFFFF
    return np.concatenate([edges[0], a, near, a]), np.concatenate([edges[1], b, b, small])


def to_int(a, low, high):
    """Towards zero, saturated; NaN gives 0."""
    x = np.nan_to_num(a.view(np.float32).astype(np.float64), nan=0, posinf=1e30, neginf=-1e30)
    return np.trunc(x).clip(low, high).astype(np.int64)


def binary(operation):
    return lambda a, b: operation(a.view(np.float32), b.view(np.float32)).astype(np.float32).view(np.uint32)


def compared(operation):
    return lambda a, b: operation(a.view(np.float32), b.view(np.float32)).astype(np.uint32)


# name → (operands, what NumPy says of their bits)
FUNCTIONS = {
    "__aeabi_fadd": (2, binary(np.add)),
    "__aeabi_fsub": (2, binary(np.subtract)),
    "__aeabi_frsub": (2, binary(lambda a, b: b - a)),
    "__aeabi_fmul": (2, binary(np.multiply)),
    "__aeabi_fdiv": (2, binary(np.divide)),
    "__aeabi_i2f": (1, lambda a, _: a.view(np.int32).astype(np.float32).view(np.uint32)),
    "__aeabi_ui2f": (1, lambda a, _: a.astype(np.float32).view(np.uint32)),
    "__aeabi_f2iz": (1, lambda a, _: (to_int(a, -(2**31), 2**31 - 1) & 0xFFFFFFFF).astype(np.uint32)),
    "__aeabi_f2uiz": (1, lambda a, _: to_int(a, 0, 2**32 - 1).astype(np.uint32)),
    "__aeabi_fcmpeq": (2, compared(np.equal)),
    "__aeabi_fcmplt": (2, compared(np.less)),
    "__aeabi_fcmple": (2, compared(np.less_equal)),
    "__aeabi_fcmpge": (2, compared(np.greater_equal)),
    "__aeabi_fcmpgt": (2, compared(np.greater)),
    "__aeabi_fcmpun": (2, compared(lambda a, b: np.isnan(a) | np.isnan(b))),
}  # fmt: skip
FLOAT_RESULTS = {f"__aeabi_{name}" for name in ("fadd", "fsub", "frsub", "fmul", "fdiv")}

SOURCE = """
#include <stdint.h>
uint32_t NAME(PARAMETERS);
static const uint32_t table[][3] = {ROWS};
volatile uint32_t stuck;
void test(void)
{
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const volatile uint32_t *row = table[i];
        const uint32_t result = NAME(ARGUMENTS), wanted = row[2];
        stuck = result != wanted && !(MAY_BE_NAN && wanted == 0x7fc00000 && (result & wanted) == wanted);
        while (stuck)
            ;
    }
}
"""


def trace_of(folder, name, rows, compiler, core):
    """Ends only if the function has the value of every row (a, b, result); returns image and trace."""
    both = FUNCTIONS[name][0] == 2
    text = SOURCE.replace("ROWS", ", ".join("{" + ", ".join(f"{x}u" for x in row) + "}" for row in rows))
    text = text.replace("PARAMETERS", "uint32_t, uint32_t" if both else "uint32_t").replace("NAME", name)
    text = text.replace("ARGUMENTS", "row[0], row[1]" if both else "row[0]")
    path = folder / "function.c"
    path.write_text(text.replace("MAY_BE_NAN", str(int(name in FLOAT_RESULTS))))
    table = load_core(core)
    builder = Builder(load_toolchain(compiler, table.target[compiler]), load_isa("base"), Cache(), FLASH, RAM)
    image = builder.build_function(path, "test")
    plan = replace(function_plan(image, "test", REGIONS), limit_instructions=800 * len(rows) + 1000)
    return image, emulate(image, plan, table.unicorn_cpu)


def rows_of(name, a, b):
    with np.errstate(all="ignore"):
        result = FUNCTIONS[name][1](a, b).copy()
    if name in FLOAT_RESULTS:
        result[np.isnan(result.view(np.float32))] = 0x7FC00000  # stands for any quiet NaN
    return list(zip(a.tolist(), b.tolist(), result.tolist(), strict=True))


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(tmp_path, name, compiler, core):
    a, b = patterns(len(name), 1000)
    trace_of(tmp_path, name, rows_of(name, a, b), compiler, core)


@pytest.mark.parametrize("compiler", compilers())
def test_a_wrong_value_is_noticed(tmp_path, compiler):
    a, b, result = rows_of("__aeabi_fadd", *patterns(1, 1))[-1]
    with pytest.raises(EmulationFault):
        trace_of(tmp_path, "__aeabi_fadd", [(a, b, result ^ 1)], compiler, "cortex-m3")


def finite(name, kind, seed):
    """64 pairs of finite operands: of any size, or close to 1, or subnormals and zeros; no zero to divide by."""
    rng = np.random.default_rng(seed)
    fraction, sign = rng.integers(0, 1 << 23, (2, 64)), rng.integers(0, 2, (2, 64)) << 31
    exponents = {"any": (0, 255), "near 1": (124, 131), "subnormal": (0, 1)}[kind]
    a, b = (sign | rng.integers(*exponents, (2, 64)) << 23 | fraction).astype(np.uint32)
    a[::8] = 0
    if name != "__aeabi_fdiv":
        b[::16] = 0
    return a, b


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_is_fixed_for_finite_operands(tmp_path, name, compiler, core):
    found = set()
    for seed, kind in enumerate(("any", "near 1", "subnormal")):
        image, trace = trace_of(tmp_path, name, rows_of(name, *finite(name, kind, seed)), compiler, core)
        table = load_core(core)
        found.add(int(price(decode_program(trace, image, table), table, {}).cycles[0]))
    assert len(found) == 1


FLOAT_SOURCE = "float test(float a, float b);\nfloat test(float a, float b) { return a * b + a; }\n"
INTEGER_SOURCE = "/* no float */ int test(int a, int b);\nint test(int a, int b) { return a * b; } // float\n"


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize(
    ("core", "fpu"), [("cortex-m4", 1), ("cortex-m7", 1), ("cortex-m33", 1), *((c, 0) for c in CORES)]
)
def test_floats_are_computed_by_the_fpu_where_there_is_one(tmp_path, compiler, core, fpu):
    toolchain = load_toolchain(compiler, load_core(core).target[compiler])
    assert toolchain.fpu == fpu == ("fpu" in load_core(core).features)
    path = tmp_path / "source.c"
    path.write_text(FLOAT_SOURCE)
    image = Builder(toolchain, load_isa("base"), Cache(), FLASH, RAM).build_function(path, "test")
    decoded = [decode_instruction(image.read(address, size)) for address, size, _ in image.words()]
    used = {found.mnemonic for found in decoded if found is not None}
    assert bool(used & {"vmul", "vmla"}) == fpu
    assert "vfma" not in used  # rounds once; VMLA rounds the product, too
    assert ("__aeabi_fmul" in image.symbols) == (not fpu)


def test_files_that_name_floats_and_kernels_that_need_an_fpu_are_compiled_for_it(tmp_path):
    toolchain = load_toolchain("clang", "cortex-m4")
    needs = "/* ---\nidea: {}\nneeds: [{}]\n--- */\n"
    for text, wanted in (
        (FLOAT_SOURCE, True),
        (INTEGER_SOURCE, False),
        ('#include "float32.h"\n', True),
        (needs.format("counts", "vxpopa, thumb2, fpu") + INTEGER_SOURCE, True),
        (needs.format("no fpu", "thumb2") + INTEGER_SOURCE, False),
    ):
        (tmp_path / "source.c").write_text(text)
        assert ("-mfloat-abi=softfp" in toolchain.flags_for(tmp_path / "source.c")) == wanted
    without = load_toolchain("clang", "cortex-m4+nofp")
    assert without.flags_for(tmp_path / "source.c") == without.flags
