"""Instructions of every form, with state, immediates and memory: natively, and in Python where Numba gives up."""

import pytest

from bnnsim.isa import load_isa
from bnnsim.isa.encoding import FORMS, Form
from tests.emulate.custom_programs import SKIPPED, random_uses, run

HEAD = """
from bnnsim.isa import *
every = Extension("every", "One instruction of each form.", state_words=2)
COST = {"source": Source.assumed("test")}
"""
IMMEDIATE_BITS = 3
ZERO = {0: "None", 1: "0", 2: "(0, 0)"}


def instruction(form: Form, uncompiled: str) -> str:
    """Semantics that mix all operands with the state; on zeros they do nothing."""
    immediate_bits = min(IMMEDIATE_BITS, len(form.immediate_at))
    memory = {"LDC": "loads_bytes=64, ", "STC": "stores_bytes=64, "}.get(form.name, "")
    operands = [*form.operands, *(["imm"] if immediate_bits else [])]
    parameters = [*operands, "state", *(["memory"] if memory else [])]
    mixed = " + ".join([f"{3 + 2 * at} * {name}" for at, name in enumerate(operands)] or ["1 - 1"])
    body = [f"mixed = {mixed} + 77 * int(state[0]) + (int(state[1]) >> 3)"]
    if form.name == "LDC":
        body.append("mixed += int(memory[0]) + 5 * int(memory[15])")
    body.append("state[0] = mixed & 0xFFFFFFFF")
    body.append(f"state[1] = (int(state[1]) + mixed + {len(form.name)} * imm) & 0xFFFFFFFF")
    if form.name == "STC":
        body += ["for at in range(16):", "    memory[at] = (mixed + at) & 0xFFFFFFFF"]
        body += ["return (mixed * 0x10001) & 0x7FFFFFFFFFFFFFF0"]
    results = {0: [], 1: ["return mixed"], 2: ["return mixed, mixed >> 5"]}
    body += results[len(form.results)]
    zeros = ["0"] * len(operands) + ["[]"] * (len(parameters) - len(operands))
    encoding = f"op=0, coprocessor={int(form.owner != 'CDE')}, immediate_bits={immediate_bits}"
    return (
        f"@every.instruction({form.name}({encoding}), {memory}**COST,\n"
        f"    vectors=[(({', '.join(zeros)},), Effect({ZERO[len(form.results)]}, state=[]))])\n"
        f"def do_{form.name.lower()}({', '.join(parameters)}):\n"
        f"    {uncompiled}\n" + "".join(f"    {line}\n" for line in body)
    )


@pytest.mark.parametrize(
    ("names", "uncompiled"),
    [(tuple(FORMS), "pass"), (("CX1", "CX3DA", "VCX3A", "MRRC", "CDP", "LDC", "STC"), "class Box: pass")],
    ids=["natively", "in Python"],
)
def test_every_form(tmp_path, regions, capfd, names, uncompiled):
    path = tmp_path / "every.py"
    path.write_text(HEAD + "".join(instruction(FORMS[name], uncompiled) for name in names))
    isa = load_isa(str(path))
    uses = random_uses(isa, 5 * len(names), seed=3)
    image, trace, differences = run(uses, isa, regions, tmp_path)
    assert not differences
    sites = dict(zip(sorted(image.sites), uses, strict=True))
    skipped = dict(zip(trace.skipped_at.tolist(), trace.skipped[0].tolist(), strict=True))
    assert skipped == {address: 1 for address, use in sites.items() if use.how == SKIPPED}
    assert {use.instruction.name for use in uses} == {f"do_{name.lower()}" for name in names}
    warned = capfd.readouterr().err.count("runs in Python, hundreds of times slower")
    assert warned == (0 if uncompiled == "pass" else len(names))


def test_a_pattern(tmp_path, regions):
    path = tmp_path / "free.py"
    path.write_text("""
from bnnsim.isa import *
free = Extension("free", "Words of its own.")
COST = {"source": Source.assumed("test")}
@free.instruction(Pattern("1111 1110 1000 nnnn mmmm 0011 0i01 DDDD"), **COST, vectors=[((1, 2, 3, 1), 5)])
def added(d, n, m, imm):
    return d + n * m - 2 * imm
@free.instruction(Pattern("1111 1010 1111 nnnn 1111 dddd 1111 mmmm"), **COST, vectors=[((6, 3), 5)])
def mixed(n, m):
    return n ^ m
""")
    isa = load_isa(str(path))
    *_, differences = run(random_uses(isa, 20, seed=4), isa, regions, tmp_path)
    assert not differences
