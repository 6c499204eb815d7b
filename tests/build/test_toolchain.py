"""Compilers: same bytes wherever the files lie, shifting by a halfword, and where the code ends up."""

import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.errors import UsageError
from bnnsim.isa import load_isa
from tests.conftest import FLASH, RAM, compilers

SOURCE = """
#include <stdint.h>
__attribute__((noinline)) uint32_t sum(const uint32_t *p, int n)
{
    uint32_t s = 0;
    for (int i = 0; i < n; i++)
        s = s * 31 + (p[i] ^ 0x12345678);
    return s;
}
uint32_t test(const uint32_t *p, int n) { return sum(p, n) + sum(p + 1, n); }
"""


def build(folder, compiler, shift=0):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.c").write_text(SOURCE)
    builder = Builder(
        load_toolchain(compiler, "cortex-m4"), load_isa("base"), Cache(folder / "cache"), FLASH, RAM, shift
    )
    return builder.build_function(folder / "source.c", "test")


@pytest.mark.parametrize("compiler", compilers())
def test_no_path_of_the_machine_and_the_same_bytes_everywhere(tmp_path, compiler):
    one, two = build(tmp_path / "a", compiler), build(tmp_path / "some where else", compiler)
    assert one.elf == two.elf
    assert str(tmp_path).encode() not in one.elf


@pytest.mark.parametrize("compiler", compilers())
def test_shift_moves_functions_and_loop_heads_by_a_halfword(tmp_path, compiler):
    plain, shifted = (build(tmp_path / str(n), compiler, n) for n in (0, 2))
    for name in ("sum", "test"):
        assert plain.symbol(name) % 16 == 0
        assert shifted.symbol(name) % 16 == 2
    heads = [_loop_head(image) for image in (plain, shifted)]
    assert [head % 8 for head in heads] == [0, 2]


def _loop_head(image):
    """Target of the only backward conditional branch of `sum`."""
    function = next(f for f in image.functions if f.name == "sum")
    for address, size, word in image.words():
        if not function.address <= address < function.address + function.size_bytes:
            continue
        if size == 2 and word >> 12 == 0xD and word & 0x80 and word >> 8 & 0xF < 14:
            return address + 4 + 2 * ((word & 0xFF) - 256)
    raise AssertionError("no loop")


def test_source_lines_and_functions(tmp_path):
    image = build(tmp_path, "clang")
    function = image.function_at(image.symbol("sum") + 2)
    assert function is not None and function.name == "sum"
    assert "source.c:" in (image.line_at(image.symbol("sum")) or "")
    assert image.function_at(0x1000) is None


@pytest.mark.parametrize(
    ("target", "triple"),
    [
        ("cortex-m0", "thumbv6m-none-eabi"),
        ("cortex-m0plus", "thumbv6m-none-eabi"),
        ("cortex-m3", "thumbv7m-none-eabi"),
        ("cortex-m4", "thumbv7em-none-eabi"),
        ("cortex-m7", "thumbv7em-none-eabi"),
        ("cortex-m33", "thumbv8m.main-none-eabi"),
    ],
)
def test_clang_gets_the_architecture_of_the_core(tmp_path, target, triple):
    tools = load_toolchain("clang", target)
    assert tools.compile_command[2:4] == ("-target", triple)
    assert tools.flags[:3] == (f"-mcpu={target}", "-mthumb", "-mfloat-abi=soft")
    assert tools.thumb2 == (triple != "thumbv6m-none-eabi")
    builder = Builder(tools, load_isa("base"), Cache(tmp_path), FLASH, RAM)
    (tmp_path / "source.c").write_text(SOURCE)
    wide = [word for _, size, word in builder.build_function(tmp_path / "source.c", "test").words() if size == 4]
    assert tools.thumb2 or all(word >> 27 == 0x1E and word & 0xD000 == 0xD000 for word in wide)  # only BL


def test_unknown_target_has_a_nearest_match():
    with pytest.raises(UsageError, match=r"unknown target 'cortex-m4f' .* did you mean 'cortex-m4'"):
        load_toolchain("clang", "cortex-m4f")


def test_unknown_toolchain_has_a_nearest_match():
    with pytest.raises(UsageError, match="did you mean 'clang'"):
        load_toolchain("clan", "cortex-m4")
