"""What changes the price of a run: boards, settings, instructions without a cost; and what reports say about it."""

from __future__ import annotations

import json
import re

import pytest

from bnnsim.cli.main import main
from bnnsim.timing.core import load_core
from tests.cli.elf_programs import build

DSP = """
    .text
    .type dsp, %function
dsp:
    movs r2, #3
1:  sadd16 r0, r0, r1
    subs r2, #1
    bne 1b
    uxtb16 r0, r0
    bx lr
    .size dsp, . - dsp
"""
CORE = """
extends: cortex-m4
name: cortex-m4-small
description: A Cortex-M4 whose table lacks the DSP instructions.
without: [dsp]
unvalidated: [all of it]
"""
BOARD = """
name: mine
description: A board for this test.
real: true
core: cortex-m4
clock_hz: 50_000_000
source: {kind: assumed, ref: for this test}
unvalidated: [its flash]
memory:
  flash:
    address: 0x10000
    bytes: 0x20000
    instruction: {wait_states: 4, line_bytes: 16, lead_cycles: 0, source: {kind: assumed, ref: for this test}}
  ram: {address: 0x20000000, bytes: 0x20000}
"""


@pytest.fixture
def dsp(tmp_path):
    (tmp_path / "small.yaml").write_text(CORE)
    return build(tmp_path, extra=DSP), tmp_path / "small.yaml"


def test_unknown_is_an_error_unless_allowed(dsp, run_time, timed):
    program, core = dsp
    code, _, err = run_time(program, "--core", core, "--call", "dsp")
    assert (code, "in dsp" in err, "sadd16 r0, r0, r1" in err) == (1, True, True)
    known, found = timed(program, "--call", "dsp"), timed(program, "--core", core, "--call", "dsp", "--allow-unknown")
    assert found["cycles"] == known["cycles"]  # they do take one cycle each
    assert (known["includes_unknown"], found["includes_unknown"]) == (False, True)
    first, second = found["unknown"]
    assert first["disassembly"] == "sadd16 r0, r0, r1"
    assert (first["function"], first["executions"], first["cycles_each"]) == ("dsp", 3, 1)
    assert (second["disassembly"], second["executions"]) == ("uxtb16 r0, r0", 1)
    assert first["code"] == "fa90 f001" and first["address"].startswith("0x000100")
    dear = timed(program, "--core", core, "--call", "dsp", "--allow-unknown=11")
    assert dear["cycles"] == known["cycles"] + 4 * 10
    assert dear["sources"]["assumed"] == known["sources"]["assumed"] + 4 * 11


def test_every_total_is_flagged(dsp, run_time):
    program, core = dsp
    _, out, _ = run_time(program, "--core", core, "--call", "dsp", "--allow-unknown=2")
    assert "include 4 instructions without a cost, taken as 2 cycles each" in out
    assert "fa90 f001 (sadd16 r0, r0, r1), 3 times" in out
    assert "* cycles" in out
    assert "not validated: all of it" in out
    assert "without a cost" not in run_time(program, "--call", "dsp", "--allow-unknown")[1]


def test_undefined_instructions_stay_errors(tmp_path, run_time):
    program = build(tmp_path, extra="    .text\n    .type bad, %function\nbad: udf #0\n    .size bad, . - bad\n")
    assert run_time(program, "--call", "bad", "--allow-unknown")[0] == 1


ODD_ENDS = """
    .text
    .type even, %function
even: ldr r3, =even2
    bx r3
    .ltorg
    .balign 4
    .thumb_func
even2: bx lr
    .size even, . - even
    .type leaves, %function
leaves: bkpt 0xab
    bx lr
    .size leaves, . - leaves
"""


def test_runs_that_end_in_odd_ways(tmp_path, run_time):
    program = build(tmp_path, extra=ODD_ENDS.replace("=even2", "=even2 - 1"))
    code, _, err = run_time(program, "--call", "even")
    assert (code, "branch to an even address" in err) == (1, True)
    code, _, err = run_time(program, "--call", "leaves", "--args", "0x18,0x20026")
    assert (code, "nothing was executed before the end" in err and "leaves" in err) == (1, True)
    code, _, err = run_time(program, "--call", "leaves", "--args", "0x30,0x10")
    assert (code, "not in memory" in err) == (1, True)


def test_one_file_cannot_take_two_results(elf, run_time, tmp_path):
    file = tmp_path / "out.json"
    code, _, err = run_time(elf, "--call", "fib", "--args", "3", "--json", file, "--profile", file)
    assert (code, "out.json is named twice" in err) == (2, True)
    assert run_time(elf, "--call", "fib", "--args", "3", "--board", "")[0] == 2


def test_board(elf, run_time, timed, tmp_path):
    (tmp_path / "mine.yaml").write_text(BOARD)
    plain = timed(elf, "--call", "switched", "--args", "40")
    found = timed(elf, "--call", "switched", "--args", "40", "--board", tmp_path / "mine.yaml")
    assert (found["board"], found["clock_hz"], found["core"]) == ("mine", 50_000_000, "cortex-m4")
    assert found["milliseconds"] == found["cycles"] / 50_000
    assert found["stalls"]["flash"] == found["cycles"] - plain["cycles"] > 0
    assert sum(f["cycles"] for f in found["functions"]) == sum(found["sources"].values()) == found["cycles"]
    assert found["unvalidated"] == [*load_core("cortex-m4").unvalidated, "its flash"]
    _, out, _ = run_time(elf, "--call", "switched", "--args", "40", "--board", tmp_path / "mine.yaml", "--annotate")
    assert "ms at 50 MHz" in out and "not validated: its flash" in out
    assert any("flash" in line and "branch refill" in line for line in out.splitlines() if "program.c" in line)


def test_code_outside_the_board_is_told(tmp_path, timed):
    (tmp_path / "mine.yaml").write_text(BOARD)
    program = build(tmp_path, code=0x0800_0000)
    found = timed(program, "--call", "fib", "--args", "3", "--board", tmp_path / "mine.yaml")
    note = found["unvalidated"][-1]
    assert note.startswith("code at 0x0800") and "no wait states" in note


def test_board_and_core_must_agree(elf, run_time, tmp_path):
    (tmp_path / "mine.yaml").write_text(BOARD)
    given = ("--call", "fib", "--args", "3", "--board", tmp_path / "mine.yaml")
    code, _, err = run_time(elf, *given, "--core", "cortex-m3")
    assert (code, "cortex-m3" in err) == (2, True)
    assert run_time(elf, "--call", "fib", "--board", "zero-weight")[0] == 2


def test_settings(elf, timed, run_time):
    call = ("--call", "fib", "--args", "9")
    plain, changed = timed(elf, *call), timed(elf, *call, "--set", "branch.cycles=3", "--set", "cortex-m4.alu.cycles=2")
    assert changed["cycles"] > plain["cycles"]
    assert changed["instructions"] == plain["instructions"]
    code, _, err = run_time(elf, *call, "--set", "alu.cycle=2")
    assert (code, "did you mean 'alu.cycles'" in err) == (2, True)
    assert run_time(elf, *call, "--set", "alu.cycles=many")[0] == 2


def test_cost_of_a_custom_instruction(tmp_path, timed, run_time):
    from bnnsim.isa import load_isa

    word = load_isa("popcnt").instructions[0].encoding.value
    text = (
        f"    .text\n    .type count, %function\ncount:\n    .inst.w {word:#x}\n    bx lr\n    .size count, . - count\n"
    )
    program = build(tmp_path, extra=text)
    one, six = (
        timed(program, "--isa", "popcnt", "--call", "count", "--set", f"popcnt.popc.issue_cycles={n}") for n in (1, 6)
    )
    assert six["cycles"] == one["cycles"] + 5
    late = timed(program, "--isa", "popcnt", "--call", "count", "--set", "popcnt.popc.latency=6")
    assert late["cycles"] == one["cycles"]  # nothing uses the result before the end
    wide = timed(program, "--isa", "popcnt", "--call", "count", "--set", "data_port.bits=128")
    assert (wide["cycles"], one["notes"]) == (one["cycles"], [])
    assert "128-bit data port in place of 32. Nobody sells such a core" in wide["notes"][0]
    code, _, err = run_time(program, "--isa", "popcnt", "--call", "count", "--set", "popcnt.popc.latancy=2")
    assert (code, "did you mean 'popcnt.popc.latency'" in err) == (2, True)
    assert run_time(program, "--isa", "popcnt", "--call", "count", "--set", "popcnt.popc.latency=0")[0] == 2
    assert run_time(program, "--isa", "popcnt", "--call", "count", "--set", "popcnt.popcc.latency=2")[0] == 2


def test_stall_column_adds_up_and_is_aligned(elf, run_time, timed):
    given = ("--call", "it_heavy", "--args", "20")
    stalls = timed(elf, *given)["stalls"]
    _, out, _ = run_time(elf, *given, "--annotate")
    listing = out[out.index("executions") :]
    for reason, cycles in stalls.items():
        shown = re.findall(rf"\b{reason.replace('_', ' ')} (−?)([\d,]+)", listing)
        assert sum(int(n.replace(",", "")) * (-1 if sign else 1) for sign, n in shown) == cycles
    assert stalls["branch_refill"] > 0
    assert len({len(line) for line in listing.splitlines()[1:] if line}) == 1


@pytest.mark.parametrize("debug", [True, False])
def test_stripped_programs_take_the_same(tmp_path, elf, timed, run_time, debug):
    from bnnsim.build.image import load_image
    from bnnsim.isa import load_isa

    stripped = build(tmp_path, debug=debug, strip=True)
    image = load_image(elf.read_bytes(), load_isa("base"))
    for name, arguments in (("it_heavy", "50"), ("switched", "40"), ("through", "9")):
        found = timed(stripped, "--call", hex(image.symbol(name)), "--args", arguments)
        expected = timed(elf, "--call", name, "--args", arguments)
        assert [found[k] for k in ("cycles", "instructions", "stalls")] == [
            expected[k] for k in ("cycles", "instructions", "stalls")
        ]
        assert sorted(f["cycles"] for f in found["functions"]) == sorted(f["cycles"] for f in expected["functions"])
    assert timed(stripped)["cycles"] == timed(elf)["cycles"]
    code, _, err = run_time(stripped, "--isa", "popcnt")
    assert (code, "no symbols" in err) == (1, True)


def test_to_an_address_that_ran_before(tmp_path, timed):
    text = """
    .text
    .type outer, %function
outer:
    push {r4, lr}
    bl inner
outer_middle:
    bl inner
    pop {r4, pc}
    .size outer, . - outer
    .type inner, %function
inner:
    nop
inner_middle:
    bx lr
    .size inner, . - inner
    """
    program = build(tmp_path, extra=text)
    found = timed(program, "--call", "outer", "--from", "outer_middle", "--to", "inner_middle")
    assert found["instructions"] == 2  # bl, nop


@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m33"])
def test_what_is_not_validated_is_listed_and_reported(core, elf, timed, capsys):
    texts = load_core(core).unvalidated
    assert texts
    assert timed(elf, "--call", "fib", "--args", "5", "--core", core)["unvalidated"] == list(texts)
    assert main(["list", "cores", "--json"]) == 0
    listed = {item["name"]: item for item in json.loads(capsys.readouterr().out)["cores"]}
    assert listed[core]["unvalidated"] == list(texts)
    assert main(["list", "cores"]) == 0
    assert f"not validated: {texts[0].split()[0]}" in capsys.readouterr().out


def test_band(elf, timed, run_time, tmp_path):
    given = ("--call", "switched", "--args", "40", "--core", "cortex-m7", "--band")
    found = timed(elf, *given)
    low, high = found["band"]["cycles"]
    assert low <= found["cycles"] <= high and low < high
    assert found["band"]["parameters"] == {key: list(ends) for key, ends in load_core("cortex-m7").band.items()}
    for end in (0, 1):  # all parameters at one end are two of the corners that are priced
        options = (f"--set={key}={pair[end]}" for key, pair in load_core("cortex-m7").band.items())
        assert low <= timed(elf, *given[:-1], *options)["cycles"] <= high
    _, out, _ = run_time(elf, *given, "--board", "stm32f746")
    assert re.search(r"[\d,]+–[\d,]+ cycles \([\d.]+–[\d.]+ ms\) over the band", out)
    (tmp_path / "sure.yaml").write_text("extends: cortex-m4\nname: sure\ndescription: Sure.\nband: {}\n")
    sure = run_time(elf, "--call", "fib", "--args", "3", "--core", tmp_path / "sure.yaml", "--band")
    assert "names no uncertain parameters" in sure[1]
