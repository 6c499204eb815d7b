"""An extension with one instruction of each kind that timing must follow, and their words as assembly."""

from __future__ import annotations

from bnnsim.isa import CX2, CX3A, CX3DA, LDC, MRC, STC, VCX3A, Cost, Effect, Extension, Isa, Source

unit = Extension("unit", "For tests.", state_words=8)
_assumed = Source.assumed("a test")
_zero = Effect(result=0)


@unit.instruction(CX2(op=0), source=_assumed, vectors=[((3, ()), 2)])
def count(n, state):
    """Count the set bits of n."""
    return bin(n).count("1")


@unit.instruction(
    CX3A(op=0), source=_assumed, vectors=[((1, 0, 0, ()), 1)], on_core={"cortex-m4": Cost(1, 3, Source.measured("m"))}
)
def add(d, n, m, state):
    """Add d; slower on a Cortex-M4."""
    return d


@unit.instruction(CX3DA(op=0), source=_assumed, vectors=[((1, 2, 0, 0, ()), (1, 2))])
def wide(d, d_hi, n, m, state):
    """Two registers."""
    return d, d_hi


@unit.instruction(VCX3A(op=0), source=_assumed, vectors=[((1, 2, 0, 0, 0, 0, ()), (1, 2))])
def vector(d, d_hi, n, n_hi, m, m_hi, state):
    """Two lanes."""
    return d, d_hi


@unit.instruction(MRC(op=0, coprocessor=7), source=_assumed, vectors=[(((),), _zero)])
def take(state):
    """Read the unit."""
    return state[0]


@unit.instruction(
    LDC(op=0, coprocessor=7), issue_cycles="memory_beats", latency="memory_beats", loads_bytes=32, source=_assumed,
    vectors=[(((), ()), Effect())],
)  # fmt: skip
def fill(state, memory):
    """Load eight words."""
    for i in range(8):
        state[i] = memory[i]


@unit.instruction(
    STC(op=0, coprocessor=7), issue_cycles="memory_beats", latency="memory_beats", stores_bytes=32, source=_assumed,
    vectors=[(((), ()), Effect(memory=(0,) * 32))],
)  # fmt: skip
def drain(state, memory):
    """Store eight words."""
    for i in range(8):
        memory[i] = state[i]


ISA = Isa("unit", (unit,))
_BY_NAME = {i.name: i for i in unit.instructions}


def word(name: str, step_bytes: int = 0, **registers: int) -> str:
    """Assembly of an instruction, e.g. word("add", d=1, n=5, m=6)."""
    encoding = _BY_NAME[name].encoding
    return f".inst.w {encoding.word(registers, step_bytes=step_bytes):#x}"


def latency(cycles: int, *names: str) -> dict[str, int]:
    """Costs with this latency for instructions, all if none is named."""
    return {f"unit.{name}.latency": cycles for name in names or _BY_NAME}
