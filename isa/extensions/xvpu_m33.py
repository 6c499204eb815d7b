"""xvpu_m33: the vector unit of xvpu as a coprocessor that a Cortex-M33 can have.

The coprocessor interface moves core registers, 64 bits at a time, and has no road to memory: vectors are loaded by the
core, at its own cost, and put into the unit in four transfers. It shows what the missing loads of xvpu are worth.
"""

from bnnsim.isa import CDP, MCR, MCRR, MRC, MRRC, Effect, Extension, Source, u32, vector_unit
from bnnsim.isa.vector_unit import INT8, INT16, INT32, OPERAND, VC, VD, VECTOR_WORDS, VR, unit

extension = Extension(
    "xvpu_m33",
    "XMOS-style vector unit as a coprocessor, operands from core registers: 256 binary multiply-accumulates per "
    "instruction.",
    origin="XMOS XS3A: semantics of the C model in xmos/lib_nn (develop, 52a6187); encodings and costs are ours",
    state_words=vector_unit.STATE_WORDS_WITH_OPERAND,
    note="coprocessor with the transfers of the Cortex-M33's interface (MCR, MRC, MCRR, MRRC, CDP; from memory of its "
    "reference manual), operands loaded at the core's own cost; hypothetical on cores without that interface",
)
_TRANSFER = Source.assumed("one transfer per cycle; a result comes back a cycle later")
_STEP = Source.assumed("one pipelined pass through the unit, as on the XS3A; 8 to 12 kGE")
_COUNT = list(range(1, VECTOR_WORDS + 1))
_WORDS_OF_ONES = [0xFFFFFFFF] * VECTOR_WORDS


def _unit(vc=(), vr=(), vd=(), mode=INT8, operand=()):
    return unit(vc, vr, vd, mode, 0, operand)


@extension.instruction(
    MCRR(op=0, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    vectors=[
        ((1, 2, 0, _unit()), Effect(state=_unit(vc=[1, 2]))),
        ((1, 2, 3, _unit()), Effect(state=_unit(vc=[0] * 6 + [1, 2]))),
        ((0xFFFFFFFF, 0x80000000, 1, _unit()), Effect(state=_unit(vc=[0, 0, 0xFFFFFFFF, 0x80000000]))),
        ((0, 0, 2, _unit(vc=_COUNT)), Effect(state=_unit(vc=[1, 2, 3, 4, 0, 0, 7, 8]))),
        ((9, 9, 0, _unit([1], [2], [3], INT16)), Effect(state=_unit([9, 9], [2], [3], INT16))),
    ],
)
def cputc(n: u32, m: u32, imm, state):
    """Words 2 imm and 2 imm + 1 of vC."""
    state[VC + 2 * imm] = n
    state[VC + 2 * imm + 1] = m


@extension.instruction(
    MCRR(op=1, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    vectors=[
        ((1, 2, 0, _unit()), Effect(state=_unit(vr=[1, 2]))),
        ((1, 2, 3, _unit()), Effect(state=_unit(vr=[0] * 6 + [1, 2]))),
        ((0xFFFFFFFF, 0x80000000, 1, _unit()), Effect(state=_unit(vr=[0, 0, 0xFFFFFFFF, 0x80000000]))),
        ((0, 0, 2, _unit(vr=_COUNT)), Effect(state=_unit(vr=[1, 2, 3, 4, 0, 0, 7, 8]))),
        ((9, 9, 0, _unit([1], [2], [3], INT16)), Effect(state=_unit([1], [9, 9], [3], INT16))),
    ],
)
def cputr(n: u32, m: u32, imm, state):
    """Words 2 imm and 2 imm + 1 of vR, the accumulators' lower halves."""
    state[VR + 2 * imm] = n
    state[VR + 2 * imm + 1] = m


@extension.instruction(
    MCRR(op=2, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    vectors=[
        ((1, 2, 0, _unit()), Effect(state=_unit(vd=[1, 2]))),
        ((1, 2, 3, _unit()), Effect(state=_unit(vd=[0] * 6 + [1, 2]))),
        ((0xFFFFFFFF, 0x80000000, 1, _unit()), Effect(state=_unit(vd=[0, 0, 0xFFFFFFFF, 0x80000000]))),
        ((0, 0, 2, _unit(vd=_COUNT)), Effect(state=_unit(vd=[1, 2, 3, 4, 0, 0, 7, 8]))),
        ((9, 9, 0, _unit([1], [2], [3], INT16)), Effect(state=_unit([1], [2], [9, 9], INT16))),
    ],
)
def cputd(n: u32, m: u32, imm, state):
    """Words 2 imm and 2 imm + 1 of vD, the accumulators' upper halves."""
    state[VD + 2 * imm] = n
    state[VD + 2 * imm + 1] = m


@extension.instruction(
    MCRR(op=3, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    vectors=[
        ((1, 2, 0, _unit()), Effect(state=_unit(operand=[1, 2]))),
        ((1, 2, 3, _unit()), Effect(state=_unit(operand=[0] * 6 + [1, 2]))),
        ((0xFFFFFFFF, 0x80000000, 1, _unit()), Effect(state=_unit(operand=[0, 0, 0xFFFFFFFF, 0x80000000]))),
        ((0, 0, 2, _unit(operand=[5] * 7)), Effect(state=_unit(operand=[5, 5, 5, 5, 0, 0, 5]))),
        ((9, 9, 0, _unit([1], [2], [3], INT16)), Effect(state=_unit([1], [2], [3], INT16, [9, 9]))),
    ],
)
def cputo(n: u32, m: u32, imm, state):
    """Words 2 imm and 2 imm + 1 of the operand register."""
    state[OPERAND + 2 * imm] = n
    state[OPERAND + 2 * imm + 1] = m


@extension.instruction(
    MRRC(op=0, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    latency=2,
    vectors=[
        ((0, _unit(vr=_COUNT)), (1, 2)),
        ((1, _unit(vr=_COUNT)), (3, 4)),
        ((3, _unit(vr=_COUNT)), (7, 8)),
        ((2, _unit(vr=_WORDS_OF_ONES)), (0xFFFFFFFF, 0xFFFFFFFF)),
        ((0, _unit(vc=_COUNT, vd=_COUNT)), (0, 0)),
    ],
)
def cgetr(imm, state):
    """Words 2 imm and 2 imm + 1 of vR, to core registers."""
    return int(state[VR + 2 * imm]), int(state[VR + 2 * imm + 1])


@extension.instruction(
    MRRC(op=1, coprocessor=7, immediate_bits=2),
    source=_TRANSFER,
    latency=2,
    vectors=[
        ((0, _unit(vd=_COUNT)), (1, 2)),
        ((1, _unit(vd=_COUNT)), (3, 4)),
        ((3, _unit(vd=_COUNT)), (7, 8)),
        ((2, _unit(vd=_WORDS_OF_ONES)), (0xFFFFFFFF, 0xFFFFFFFF)),
        ((0, _unit(vc=_COUNT, vr=_COUNT)), (0, 0)),
    ],
)
def cgetd(imm, state):
    """Words 2 imm and 2 imm + 1 of vD, to core registers."""
    return int(state[VD + 2 * imm]), int(state[VD + 2 * imm + 1])


@extension.instruction(
    MRC(op=0, coprocessor=7),
    source=_TRANSFER,
    latency=2,
    vectors=[
        ((_unit(vr=_COUNT),), 1),
        ((_unit(vr=_WORDS_OF_ONES),), 0xFFFFFFFF),
        ((_unit(vc=_COUNT, vd=_COUNT),), 0),
        ((_unit(vr=[0x80000000]),), 0x80000000),
        ((_unit(vr=[0, 1]),), 0),
    ],
)
def cbits(state):
    """The lowest word of vR, where cdepth1 puts its bits, to a core register."""
    return int(state[VR])


@extension.instruction(
    MCR(op=0, coprocessor=7),
    source=_TRANSFER,
    vectors=[
        ((0x200, _unit(mode=INT32)), Effect(state=_unit(mode=INT8))),
        ((0x100, _unit(mode=INT8)), Effect(state=_unit(mode=INT16))),
        ((0, _unit(mode=INT8)), Effect(state=_unit(mode=INT32))),
        ((0xFFFFF100, _unit()), Effect(state=_unit(mode=INT16))),
        ((0x200, _unit([1], [2], [3], INT16, [4])), Effect(state=_unit([1], [2], [3], INT8, [4]))),
    ],
)
def csetc(n: u32, state):
    """Set the control word: element type in bits 11:8, 0 for int32, 1 for int16, 2 for int8."""
    state[vector_unit.CONTROL] = n & 0xFFF


@extension.instruction(
    CDP(op=0, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(),), Effect()),
        ((_unit(_COUNT, _COUNT, _COUNT),), Effect(state=_unit(_COUNT))),
        ((_unit(vr=_WORDS_OF_ONES),), Effect(state=_unit())),
        ((_unit(vd=_WORDS_OF_ONES),), Effect(state=_unit())),
        ((_unit(vr=[1], mode=INT16, operand=[9]),), Effect(state=_unit(mode=INT16, operand=[9]))),
    ],
)
def cclrdr(state):
    """Clear vD and vR: all accumulators are 0."""
    vector_unit.clear_accumulators(state)


@extension.instruction(
    CDP(op=1, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(vr=_WORDS_OF_ONES),), Effect(state=_unit(vr=[0xFFFFFFFF]))),
        ((_unit(vr=_WORDS_OF_ONES, mode=INT16),), Effect(state=_unit(vr=[0xFFFF], mode=INT16))),
        ((_unit(vr=[0x7FFFFFFF] * 8, mode=INT32),), Effect(state=_unit(vr=[0], mode=INT32))),
        ((_unit(vr=[0x80010001, 0x8000], mode=INT16),), Effect(state=_unit(vr=[6], mode=INT16))),
        ((_unit(vr=[0] * 7 + [0x80000080]),), Effect(state=_unit(vr=[0x90000000]))),
    ],
)
def cdepth1(state):
    """One bit for each element of vR, set if it is negative; the rest of vR is cleared."""
    vector_unit.sign_bits(state)


@extension.instruction(
    CDP(op=2, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit([0x01010101], operand=[0x01010101]),), Effect(state=_unit([0x01010101], [4], operand=[0x01010101]))),
        ((_unit([0x80], operand=[0x80]),), Effect(state=_unit([0x80], [0x4000], operand=[0x80]))),
        ((_unit([0x80], operand=[1]),), Effect(state=_unit([0x80], [0xFF80], [0xFFFF], operand=[1]))),
        (
            (_unit([3], mode=INT16, operand=[0xFFFE]),),
            Effect(state=_unit([3], [0xFFFA], [0xFFFF], INT16, [0xFFFE])),
        ),
        (
            (_unit([2], [0] * 7 + [0xFFFF0000], [0] * 7 + [0x7FFF0000], operand=[1]),),
            Effect(state=_unit([2], [0xFFFF], [0x7FFF], operand=[1])),
        ),
    ],
)
def cmaccr(state):
    """Add the dot product of vC and the operand, 32 int8 or 16 int16, to accumulator 15, then rotate: it becomes 0."""
    vector_unit.multiply_accumulate(state, state, OPERAND)


@extension.instruction(
    CDP(op=3, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(),), Effect(state=_unit(vr=[128]))),
        ((_unit(vc=_WORDS_OF_ONES),), Effect(state=_unit(_WORDS_OF_ONES, [0xFF80], [0xFFFF]))),
        ((_unit([0xFF], mode=INT16, operand=[0xFF]),), Effect(state=_unit([0xFF], [128], mode=INT16, operand=[0xFF]))),
        ((_unit(operand=[1] * 7),), Effect(state=_unit(vr=[121], operand=[1] * 7))),
        (
            (_unit(vr=[0] * 7 + [0xFFF00000], vd=[0] * 7 + [0x7FFF0000]),),
            Effect(state=_unit(vr=[0xFFFF], vd=[0x7FFF])),
        ),
        ((_unit(vr=_COUNT),), Effect(state=_unit(vr=[0x10000 * n + 128 * (n == 1) for n in _COUNT]))),
    ],
)
def cmaccr1(state):
    """Add half the ±1 dot product of vC and the operand, 256 bits, to accumulator 15, then rotate: it becomes 0."""
    vector_unit.multiply_accumulate_bits(state, state, OPERAND)


@extension.instruction(
    CDP(op=4, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(vr=[5, 6], operand=[1, 2]),), Effect(state=_unit(vr=[6, 8], operand=[1, 2]))),
        ((_unit(vr=[0x7F], operand=[1]),), Effect(state=_unit(vr=[0x7F], operand=[1]))),
        ((_unit(vr=[0x81], operand=[0xFF]),), Effect(state=_unit(vr=[0x81], operand=[0xFF]))),
        (
            (_unit(vr=[0x7FFF], mode=INT16, operand=[1]),),
            Effect(state=_unit(vr=[0x7FFF], mode=INT16, operand=[1])),
        ),
        ((_unit(vr=[0x80000001], mode=INT32),), Effect(state=_unit(vr=[0x80000001], mode=INT32))),
    ],
)
def cadd(state):
    """vR = operand + vR, element by element, saturated."""
    vector_unit.add_vector(state, state, OPERAND, 1)


@extension.instruction(
    CDP(op=5, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(vr=[5, 6], operand=[7, 2]),), Effect(state=_unit(vr=[2, 0xFC], operand=[7, 2]))),
        ((_unit(vr=[0x81], operand=[1]),), Effect(state=_unit(vr=[0x7F], operand=[1]))),
        ((_unit(vr=[0x7F], operand=[0x80]),), Effect(state=_unit(vr=[0x81], operand=[0x80]))),
        (
            (_unit(vr=[0x8001], mode=INT16, operand=[1]),),
            Effect(state=_unit(vr=[0x7FFF], mode=INT16, operand=[1])),
        ),
        ((_unit(vr=[0x80000000], mode=INT32),), Effect(state=_unit(vr=[0x7FFFFFFF], mode=INT32))),
    ],
)
def csub(state):
    """vR = operand - vR, element by element, saturated."""
    vector_unit.add_vector(state, state, OPERAND, -1)


@extension.instruction(
    CDP(op=6, coprocessor=7),
    source=_STEP,
    vectors=[
        ((_unit(vr=[5], mode=INT16),), Effect(state=_unit(vr=[5], mode=INT16))),
        ((_unit(vr=[5], mode=INT16, operand=[1]),), Effect(state=_unit(vr=[3], mode=INT16, operand=[1]))),
        (
            (_unit(vr=[0xFFFB], vd=[0xFFFF], mode=INT16, operand=[1]),),
            Effect(state=_unit(vr=[0xFFFE], mode=INT16, operand=[1])),
        ),
        ((_unit(vd=[0x00018000], mode=INT16),), Effect(state=_unit(vr=[0x7FFF8001], mode=INT16))),
        ((_unit(vr=[0x01000200, 3, 4], operand=[2]),), Effect(state=_unit(vr=[0x00037F7F, 4], operand=[2]))),
    ],
)
def csat(state):
    """vR = accumulators, each shifted right by its u16 of the operand, half up, saturated to elements; vD = 0."""
    vector_unit.saturate_accumulators(state, state, OPERAND)
