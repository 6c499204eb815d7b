"""The generated isa.h: intrinsics, macros for assembly, and that both give the word that the encoding says."""

import re

import pytest

from bnnsim.build.intrinsics import header
from bnnsim.isa import load_isa
from tests.conftest import REPOSITORY, compilers

FUSED = (REPOSITORY / "isa" / "extensions" / "xpopa.py").read_text().replace("CX3A(op=0)", "CX3A(op=3, coprocessor=1)")


@pytest.fixture
def fused(tmp_path):
    path = tmp_path / "fused.py"
    path.write_text(FUSED)
    return str(path)


def test_base_has_nothing():
    assert "asm" not in header(load_isa("base"))


def test_every_instruction_has_a_macro_and_a_claimed_primitive_another(fused):
    assert macros(header(load_isa("popcnt"))) == {"popc": "d, n", "popcount": "d, n"}
    both = {"xpopa": "d, n, m", "xor_popcount_accumulate": "d, n, m"}
    assert macros(header(load_isa(fused))) == both
    assert macros(header(load_isa(f"popcnt+{fused}"))) == {"popc": "d, n", "popcount": "d, n", **both}


def macros(text):
    return dict(re.findall(r"\.macro bnnsim_(\w+) ([^\\]*)", text))


def test_an_instruction_without_a_primitive_has_its_own_names_only(tmp_path):
    path = tmp_path / "fused.py"
    path.write_text(FUSED.replace('primitive="xor_popcount_accumulate",', ""))
    text = header(load_isa(str(path)))
    assert list(macros(text)) == ["xpopa"]
    assert "BNNSIM_XOR_POPCOUNT_ACCUMULATE" not in text
    assert "uint32_t xpopa(uint32_t d, uint32_t n, uint32_t m)" in text


SOURCE = """
#include <stdint.h>
#include "isa.h"
uint32_t intrinsic(uint32_t a, uint32_t b) { return BNNSIM_POPCOUNT(a) + BNNSIM_XOR_POPCOUNT_ACCUMULATE(1, a, b); }
__attribute__((naked)) uint32_t macro(uint32_t a __attribute__((unused)), uint32_t b __attribute__((unused)))
{
    __asm__ volatile("bnnsim_popcount r12, r0\\n\\t"
                     "mov r2, #1\\n\\t"
                     "bnnsim_xor_popcount_accumulate r2, r0, r1\\n\\t"
                     "add r0, r12, r2\\n\\t"
                     "bx lr");
}
uint32_t differs;
void test(uint32_t a, uint32_t b)
{
    differs = intrinsic(a, b) != macro(a, b) || macro(a, b) != 13 + 1 + 19;
    while (differs)
        ;
}
"""


@pytest.mark.parametrize("compiler", compilers())
def test_macros_and_intrinsics_compute_the_same(run_source, fused, compiler):
    """The program ends only if they do."""
    isa = f"popcnt+{fused}"
    image, _, trace = run_source(SOURCE, args=(0x12345678, 0xFFFF0000), isa=isa, compiler=compiler, limit=1000)
    assert len(image.sites) >= 4
    assert trace.peak_stack_bytes < 4096
