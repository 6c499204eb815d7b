"""Mnemonics, forms and registers of single instructions, by their words."""

import pytest

from bnnsim.timing.core import load_core
from bnnsim.timing.decode import decode_instruction
from bnnsim.timing.in_order import CONSUMES_WORD, FOLDED, ODD, shape_of
from tests.timing.bench import assemble

# assembly, group on the Cortex-M4, words moved
GROUPS = [
    ("adds r0,r1,r2", "alu", 0),
    ("mvns.w r0,r1", "alu", 0),
    ("bics.w r0,r1,#1", "alu", 0),
    ("rrxs r0,r1", "alu", 0),
    ("teq r0,r1", "alu", 0),
    ("mls r0,r1,r2,r3", "multiply_accumulate", 0),
    ("muls r0,r1,r0", "multiply", 0),
    ("umaal r0,r1,r2,r3", "dsp_multiply", 0),
    ("sel r0,r1,r2", "dsp", 0),
    ("ldr r0,[r1,r2]", "load", 0),
    ("ldr.w pc,[r1,r2,lsl #2]", "load_to_pc", 0),
    ("ldr pc,[sp],#4", "load_to_pc", 0),
    ("ldrexb r0,[r1]", "load", 0),
    ("str r0,[r1,r2]", "store_register_offset", 0),
    ("strb.w r0,[r1,r2,lsl #1]", "store_register_offset", 0),
    ("strh r0,[r1],#2", "store", 0),
    ("strd r0,r1,[r2,#8]!", "store_double", 0),
    ("push {r0,r4-r7,lr}", "store_multiple", 6),
    ("pop.w {r4-r11,pc}", "load_multiple", 9),
    ("ldmdb r0!,{r1-r3}", "load_multiple", 3),
    ("stm r0!,{r1,r2}", "store_multiple", 2),
    ("vldr d1,[r0]", "vfp_load", 2),
    ("vstr s1,[r0]", "vfp_store", 1),
    ("vpush {d8-d10}", "vfp_store", 6),
    ("vldmia r0!,{s0-s4}", "vfp_load", 5),
    ("vmov s0,r1", "vfp", 0),
    ("vmov s0,s1,r1,r2", "vfp_core_pair", 0),
    ("vmrs APSR_nzcv,fpscr", "vfp", 0),
    ("vnmls.f32 s0,s1,s2", "vfp_multiply_accumulate", 0),
    ("mov pc,lr", "alu", 0),
    ("tbh [pc,r1,lsl #1]", "table_branch", 0),
    ("it eq\nmoveq r0,r0", "if_then", 0),
    ("nop.w", "hint", 0),
    ("cpsid i", "system", 0),
    ("svc #0", None, 0),
    ("wfi", None, 0),
]


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    text = "".join(f".thumb_func\nat{n}: {asm}\n" for n, (asm, _, _) in enumerate(GROUPS))
    image = assemble(text, tmp_path_factory.mktemp("decode"))
    sizes = {address: size for address, size, _ in image.words()}
    return [image.read(a, sizes[a]) for a in (image.symbol(f"at{n}") for n in range(len(GROUPS)))]


@pytest.mark.parametrize("number", range(len(GROUPS)), ids=[asm for asm, _, _ in GROUPS])
def test_group(codes, number):
    _, group, registers = GROUPS[number]
    decoded = decode_instruction(codes[number])
    assert load_core("cortex-m4").group_of(decoded.mnemonic, decoded.form) == group
    assert decoded.registers == registers


@pytest.mark.parametrize(
    ("hex_code", "address", "written_back", "result", "branches"),
    [
        ("5168", 1 << 2, 0, 1 << 1, "never"),  # ldr r1,[r2,#4]
        ("52f8041b", 1 << 2, 1 << 2, 1 << 1, "never"),  # ldr r1,[r2],#4
        ("5159", 1 << 2 | 1 << 5, 0, 1 << 1, "never"),  # ldr r1,[r2,r5]
        ("06b4", 1 << 13, 1 << 13, 1 << 1, "never"),  # push {r1,r2}
        ("f0bd", 1 << 13, 1 << 13, 1 << 4, "always"),  # pop {r4-r7,pc}
        ("7047", 0, 0, 1 << 14, "always"),  # bx lr
        ("fed0", 0, 0, 0, "sometimes"),  # beq
        ("feb1", 0, 0, 1 << 6, "sometimes"),  # cbz r6
        ("1142", 0, 0, 0, "never"),  # tst r1,r2
    ],
)
def test_registers(hex_code, address, written_back, result, branches):
    decoded = decode_instruction(bytes.fromhex(hex_code))
    assert (decoded.address, decoded.written_back) == (address, written_back)
    assert (decoded.result, decoded.branches) == (result, branches)


def test_no_instruction():
    assert decode_instruction(bytes.fromhex("ffffffff")) is None


def test_shape():
    assert shape_of(0x100, 2) == 1
    assert shape_of(0x102, 2) == CONSUMES_WORD
    assert shape_of(0x100, 4) == 1 | CONSUMES_WORD
    assert shape_of(0x102, 4) == 1 | CONSUMES_WORD | ODD
    assert shape_of(0x100, 2, folded=True) == 1 | FOLDED
