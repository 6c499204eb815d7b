"""Encodings against GCC's and Clang's own assemblers and CDE intrinsics (arm_cde.h)."""

import importlib.util
import io
import random
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from bnnsim.isa.encoding import FORMS, Encoding
from tests.conftest import compilers
from tests.isa.words import random_operands, words_of

FLAGS = ["-mthumb", "-mfloat-abi=hard", "-O1"]
CDE_ON_P0 = "-march=armv8-m.main+fp+cdecp0"  # the other numbers are coprocessors'
SAMPLES = 40  # of each form


def command(compiler: str) -> list[str]:
    if compiler == "gcc":
        return ["arm-none-eabi-gcc", *FLAGS, CDE_ON_P0]
    zig = Path(importlib.util.find_spec("ziglang").origin).parent
    clang = [str(zig / "zig"), "clang", "-target", "thumbv8m.main-none-eabi", "-nostdinc"]
    return [*clang, "-isystem", str(zig / "lib" / "include"), *FLAGS, CDE_ON_P0]


def sections(compiler: str, source: Path) -> dict[str, list[int]]:
    """Compile or assemble a file; words of 32-bit instructions by section."""
    built = source.with_suffix(".o")
    subprocess.run([*command(compiler), "-c", str(source), "-o", str(built)], check=True)
    elf = ELFFile(io.BytesIO(built.read_bytes()))
    return {s.name: [w for w in words_of(s.data()) if w >> 16] for s in elf.iter_sections() if s["sh_flags"] & 4}


def whole(form: str, immediate: int, coprocessor: int) -> Encoding:
    """The encoding that fixes a whole immediate."""
    below = FORMS[form].modifier_bits
    return Encoding(FORMS[form], immediate >> below, immediate & (1 << below) - 1, coprocessor)


def spelled(encoding: Encoding, immediate: int, registers: dict[str, int], word: int) -> str:
    """A word in UAL, immediates of coprocessor forms as opcodes and coprocessor registers (Arm DDI 0553)."""
    form, number = encoding.form, f"p{encoding.coprocessor}"
    if form.owner == "CDE":
        shown = []
        for f in form.fields:
            at = registers[f.name]
            shown += {"pair": [f"r{at}", f"r{at + 1}"], "double": [f"d{at}"]}.get(f.kind, [f"r{at}"])
        return f"{form.name.lower()} {', '.join([number, *shown, f'#{immediate}'])}"
    at = {"cm": word & 15, "opc2": word >> 5 & 7, "cd": word >> 12 & 15, "cn": word >> 16 & 15}
    match form.name:
        case "CDP":
            return f"cdp {number}, #{word >> 20 & 15}, c{at['cd']}, c{at['cn']}, c{at['cm']}, #{at['opc2']}"
        case "MCR" | "MRC" as name:
            register = registers["n" if name == "MCR" else "d"]
            return f"{name.lower()} {number}, #{word >> 21 & 7}, r{register}, c{at['cn']}, c{at['cm']}, #{at['opc2']}"
        case "MCRR" | "MRRC" as name:
            first, second = (registers[f.name] for f in form.fields)
            return f"{name.lower()} {number}, #{word >> 4 & 15}, r{first}, r{second}, c{at['cm']}"
    long, step = "l" if word >> 22 & 1 else "", encoding.step_of(word)
    return f"{form.name.lower()}{long} {number}, c{at['cd']}, [r{registers['n']}], #{step}"


@pytest.mark.parametrize("compiler", compilers())
def test_every_form_assembles_to_our_words(tmp_path, compiler):
    draw, lines, expected = random.Random(5), [".syntax unified", ".thumb", ".text"], []
    for name, form in FORMS.items():
        for _ in range(SAMPLES):
            immediate = draw.getrandbits(len(form.immediate_at))
            encoding = whole(name, immediate, 0 if form.owner == "CDE" else draw.randint(1, 7))
            registers, _, step = random_operands(encoding, draw)
            expected.append(encoding.word(registers, 0, step))
            lines.append(spelled(encoding, immediate, registers, expected[-1]))
    source = tmp_path / "words.s"
    source.write_text("\n".join(lines) + "\n")
    found = sections(compiler, source)[".text"]
    wrong = [f"{t}: {f:#x}, ours {e:#x}" for t, f, e in zip(lines[3:], found, expected, strict=True) if f != e]
    assert not wrong


def intrinsic(name: str, immediate: int, draw: random.Random) -> tuple[str, str, dict[str, int]]:
    """Parameters of a C function and its value, a CDE intrinsic; and the registers that its sources arrive in."""
    form = FORMS[name]
    if name.startswith("VCX"):  # of D registers: what arrives in core registers is moved there first
        names = [f"a{number}" for number, f in enumerate(f for f in form.fields if f.read)]
        call = f"__arm_{name[:4].lower()}d{name[4:].lower()}_u64(0, {', '.join(names)}, {immediate})"
        return ", ".join(f"unsigned long long {n}" for n in names), call, {}
    accumulates, wide = name.endswith("A"), "D" in name
    first = (2 if wide else 1) if accumulates else 0
    parameters = [f"unsigned {'long long ' if wide else ''}a0"] if accumulates else []
    parameters += [f"unsigned a{register}" for register in range(first, 4)]
    sources = {f.name: draw.randrange(first, 4) for f in form.fields if f.name != "d"}
    arguments = (["a0"] if accumulates else []) + [f"a{register}" for register in sources.values()]
    return ", ".join(parameters), f"__arm_{name.lower()}({', '.join(['0', *arguments, str(immediate)])})", sources


@pytest.mark.parametrize("compiler", compilers())
def test_intrinsics_of_arm_cde_h_emit_our_words(tmp_path, compiler):
    """Destinations lie where the compiler likes."""
    draw, lines, cases = random.Random(6), ["#include <arm_cde.h>"], []
    for name in [n for n, form in FORMS.items() if form.owner == "CDE"] * (SAMPLES // 4):
        immediate = draw.getrandbits(len(FORMS[name].immediate_at))
        parameters, call, sources = intrinsic(name, immediate, draw)
        returned = "unsigned long long" if "D" in name or name.startswith("V") else "unsigned"
        section = f'__attribute__((section(".text.f{len(cases)}")))'
        lines.append(f"{section} {returned} f{len(cases)}({parameters}) {{ return {call}; }}")
        cases.append((name, immediate, sources))
    source = tmp_path / "cde.c"
    source.write_text("\n".join(lines) + "\n")
    found = sections(compiler, source)
    for number, (name, immediate, sources) in enumerate(cases):
        encoding = whole(name, immediate, 0)
        ours = [word for word in found[f".text.f{number}"] if encoding.matches(word)]
        assert len(ours) == 1, (name, immediate, [hex(word) for word in found[f".text.f{number}"]])
        assert {f: encoding.registers_of(ours[0])[f] for f in sources} == sources
