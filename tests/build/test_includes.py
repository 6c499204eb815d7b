"""What a source depends on."""

import os

import pytest

from bnnsim.build.includes import isa_used_by, with_includes
from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.errors import ToolchainError
from bnnsim.isa import load_isa
from tests.conftest import FLASH, RAM


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "include" / "deep").mkdir(parents=True)
    (tmp_path / "kernel.c").write_text('#include "beside.h"\n  # include <top.h>\n#include <stdint.h>\n')
    (tmp_path / "beside.h").write_text('#include "beside.h"\n#include "isa.h"\n')
    (tmp_path / "include" / "top.h").write_text('#include "deep/down.h"\n')
    (tmp_path / "include" / "deep" / "down.h").write_text('#include "near.h"\n')
    (tmp_path / "include" / "deep" / "near.h").write_text("int near;\n")
    (tmp_path / "include" / "unused.h").write_text("int unused;\n")
    return tmp_path


def names(folder):
    return [path.name for path in with_includes(folder / "kernel.c", [folder / "include"])]


def test_headers_are_followed_through_folders_and_circles(sources):
    assert names(sources) == ["kernel.c", "beside.h", "top.h", "down.h", "near.h"]


def test_a_changed_header_is_read_again(sources):
    names(sources)
    near = sources / "include" / "deep" / "near.h"
    near.write_text('#include "../unused.h"\n')
    os.utime(near, ns=(1, 1))
    assert names(sources)[-1] == "unused.h"


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("int x;", "base"),
        ("int popcount_of_something;", "base"),
        ("int x; /* popc(x)\nis not called */ int y; /* xpopa */", "base"),
        ("y = popc(x);", "popcnt"),
        ('"bnnsim_popc r0, r1"', "popcnt"),
        ("#ifdef BNNSIM_POPCOUNT", "popcnt"),
        ("#ifdef BNNSIM_HAVE_xpopa", "xpopa"),
        ('"bnnsim_xor_popcount_accumulate r0, r1, r2"', "xpopa"),
        ("y = xpopa(popc(x), 1, 2);", "popcnt+xpopa"),
        ('"bnnsim_popc r0, r1\\n\\tpopcount"', "popcnt"),
        ('"nop\\n\\tbnnsim_popc r0, r1\\n"', "popcnt"),
    ],
)
def test_extensions_whose_instructions_are_named(text, used, tmp_path):
    path = tmp_path / "a.c"
    path.write_text(text)
    assert isa_used_by(load_isa("popcnt+xpopa"), [path]).name == used


def test_headers_of_assembly(tmp_path):
    source = tmp_path / "kernel.s"
    source.write_text(' .include "macros.inc"\n count r0\n')
    (tmp_path / "macros.inc").write_text(".macro count n\n bnnsim_popc \\n, r1\n.endm\n")
    found = with_includes(source, [])
    assert [path.name for path in found] == ["kernel.s", "macros.inc"]
    assert isa_used_by(load_isa("popcnt+xpopa"), found).name == "popcnt"


@pytest.mark.parametrize(
    "body",
    [
        "return popc(x);",
        "#define COUNT(how) how##c\nreturn COUNT(pop)(x);",
        '__asm__(".macro run end\\nbnnsim_pop\\\\end r0, r0\\n.endm\\nrun c"); return x;',
        '__asm__(".inst.w 0xee400000" : "+r"(x)); return x;',
        '__asm__("cdp p0, #4, c0, c0, c0, #0" : "+r"(x)); return x;',
    ],
)
def test_instructions_count_however_they_are_written(body, tmp_path):
    source = tmp_path / "kernel.c"
    source.write_text(f'#include "isa.h"\n#include <stdint.h>\nuint32_t run(uint32_t x) {{\n{body}\n}}\n')
    digests = []
    for isa in ("popcnt", "popcnt+xpopa", "base"):
        toolchain = load_toolchain("clang", "cortex-m4")
        try:
            image = Builder(toolchain, load_isa(isa), Cache(), FLASH, RAM).build_function(source, "run")
        except ToolchainError:
            assert isa == "base"
            continue
        digests.append(image.digest)
        assert len(image.sites) == (isa != "base"), isa
    assert digests[0] not in digests[2:]
    if "##" not in body and ".macro" not in body:
        assert digests[0] == digests[1]  # xpopa is in neither: one image
