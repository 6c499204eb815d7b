"""xvpu: a vector unit like the XMOS XS3A's on a hypothetical core that can load its operands.

256 binary or 32 int8 multiply-accumulates in one instruction, into 16 accumulators that take turns. An instruction's
vector comes straight from memory, as fast as the core's data port delivers words: that, not arithmetic, is the limit.
LDC and STC have one register, the address, so VSTRPV's mask is kept in the unit. vgetr is ours: the XS3A would store
and load.
"""

from bnnsim.isa import CDP, LDC, MCR, MRC, STC, Effect, Extension, Source, u32, vector_unit
from bnnsim.isa.vector_unit import EVERY_BYTE, INT8, INT16, INT32, VC, VD, VECTOR_BYTES, VECTOR_WORDS, VR, unit

extension = Extension(
    "xvpu",
    "XMOS-style vector unit, loads included: 256 binary or 32 int8 multiply-accumulates per instruction.",
    origin="XMOS XS3A: semantics of the C model in xmos/lib_nn (develop, 52a6187); encodings and costs are ours",
    state_words=vector_unit.STATE_WORDS,
    note="hypothetical core: no Cortex-M has instructions that load a coprocessor's 256-bit operands; 96 bytes of "
    "state that an interrupt must keep",
)
_MOVES = Source.assumed("bound by the data port; the adder trees, 8 to 12 kGE, keep up with one vector per cycle")
_STEP = Source.assumed("one pipelined pass through the unit, as on the XS3A")
_TRANSFER = Source.assumed("one transfer to the coprocessor; its result is there a cycle later")
_LOAD = {"source": _MOVES, "issue_cycles": "memory_beats", "loads_bytes": VECTOR_BYTES}
_STORE = {"source": _MOVES, "issue_cycles": "memory_beats", "stores_bytes": VECTOR_BYTES}
_COUNT = list(range(1, VECTOR_WORDS + 1))
_BYTES = [byte for word in _COUNT for byte in (word, 0, 0, 0)]
_ONES, _ZEROS = [0xFF] * VECTOR_BYTES, [0] * VECTOR_BYTES
_WORDS_OF_ONES = [0xFFFFFFFF] * VECTOR_WORDS


def _halves(values: list[int]) -> list[int]:
    """16-bit elements as bytes of memory."""
    return [(value >> shift) & 0xFF for value in values for shift in (0, 8)]


@extension.instruction(
    LDC(op=0, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(), _BYTES), Effect(state=unit(vc=_COUNT))),
        ((unit(vc=_WORDS_OF_ONES), _ZEROS), Effect(state=unit())),
        ((unit(), _ONES), Effect(state=unit(vc=_WORDS_OF_ONES))),
        ((unit(vr=[7], vd=[8], mode=INT16, mask=5), [1]), Effect(state=unit([1], [7], [8], INT16, 5))),
        ((unit(), [*_ZEROS[:31], 128]), Effect(state=unit(vc=[0] * 7 + [0x80000000]))),
    ],
)
def vldc(state, memory):
    """Load vC."""
    vector_unit.copy_vector(state, VC, memory, 0)


@extension.instruction(
    LDC(op=1, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(), _BYTES), Effect(state=unit(vd=_COUNT))),
        ((unit(vd=_WORDS_OF_ONES), _ZEROS), Effect(state=unit())),
        ((unit(), _ONES), Effect(state=unit(vd=_WORDS_OF_ONES))),
        ((unit([6], [7], mode=INT16, mask=5), [1]), Effect(state=unit([6], [7], [1], INT16, 5))),
        ((unit(), [*_ZEROS[:31], 128]), Effect(state=unit(vd=[0] * 7 + [0x80000000]))),
    ],
)
def vldd(state, memory):
    """Load vD, the accumulators' upper halves."""
    vector_unit.copy_vector(state, VD, memory, 0)


@extension.instruction(
    LDC(op=2, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(), _BYTES), Effect(state=unit(vr=_COUNT))),
        ((unit(vr=_WORDS_OF_ONES), _ZEROS), Effect(state=unit())),
        ((unit(), _ONES), Effect(state=unit(vr=_WORDS_OF_ONES))),
        ((unit([6], vd=[8], mode=INT16, mask=5), [1]), Effect(state=unit([6], [1], [8], INT16, 5))),
        ((unit(), [*_ZEROS[:31], 128]), Effect(state=unit(vr=[0] * 7 + [0x80000000]))),
    ],
)
def vldr(state, memory):
    """Load vR, the accumulators' lower halves."""
    vector_unit.copy_vector(state, VR, memory, 0)


@extension.instruction(
    LDC(op=3, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit([0x01010101] * 8), [1] * 32), Effect(state=unit([0x01010101] * 8, [32]))),
        ((unit([0x80808080] * 8), [0x80] * 32), Effect(state=unit([0x80808080] * 8, [0], [8]))),
        ((unit([0x80808080] * 8), [0x7F] * 32), Effect(state=unit([0x80808080] * 8, [0x1000], [0xFFF8]))),
        ((unit([3], mode=INT16), [0xFE, 0xFF]), Effect(state=unit([3], [0xFFFA], [0xFFFF], INT16))),
        (
            (unit([2], [0] * 7 + [0xFFFF0000], [0] * 7 + [0x7FFF0000]), [1]),
            Effect(state=unit([2], [0xFFFF], [0x7FFF])),
        ),
        ((unit(vr=[0x00020001], vd=[0x00040003]), [0]), Effect(state=unit(vr=[0x10000, 2], vd=[0x30000, 4]))),
    ],
)
def vlmaccr(state, memory):
    """Add the dot product of vC and memory, 32 int8 or 16 int16, to accumulator 15, then rotate: it becomes 0."""
    vector_unit.multiply_accumulate(state, memory, 0)


@extension.instruction(
    LDC(op=4, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(), _ZEROS), Effect(state=unit(vr=[128]))),
        ((unit(), _ONES), Effect(state=unit(vr=[0xFF80], vd=[0xFFFF]))),
        ((unit(_WORDS_OF_ONES, mode=INT16), _ONES), Effect(state=unit(_WORDS_OF_ONES, [128], mode=INT16))),
        ((unit(), [1] * 32), Effect(state=unit(vr=[96]))),
        (
            (unit(vr=[0] * 7 + [0xFFF00000], vd=[0] * 7 + [0x7FFF0000]), _ZEROS),
            Effect(state=unit(vr=[0xFFFF], vd=[0x7FFF])),
        ),
        (
            (unit(vr=[0] * 7 + [0x00100000], vd=[0] * 7 + [0x80000000]), _ONES),
            Effect(state=unit(vr=[1], vd=[0x8000])),
        ),
        ((unit(vr=_COUNT), _ZEROS), Effect(state=unit(vr=[0x10000 * n + 128 * (n == 1) for n in _COUNT]))),
    ],
)
def vlmaccr1(state, memory):
    """Add half the ±1 dot product of vC and memory, 256 bits, to accumulator 15, then rotate: it becomes 0."""
    vector_unit.multiply_accumulate_bits(state, memory, 0)


@extension.instruction(
    LDC(op=5, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(vr=[5, 6]), [1, 0, 0, 0, 2]), Effect(state=unit(vr=[6, 8]))),
        ((unit(vr=[0x7F]), [1]), Effect(state=unit(vr=[0x7F]))),
        ((unit(vr=[0x81], mode=INT8), [0xFF]), Effect(state=unit(vr=[0x81]))),
        ((unit(vr=[0x80], mode=INT8), [0]), Effect(state=unit(vr=[0x81]))),
        ((unit(vr=[0x7FFF], mode=INT16), [1]), Effect(state=unit(vr=[0x7FFF], mode=INT16))),
        ((unit(vr=[0xFFFF0001], mode=INT16), [1, 0, 1]), Effect(state=unit(vr=[2], mode=INT16))),
        ((unit(vr=[0x80000001], mode=INT32), [0, 0, 0, 0x80]), Effect(state=unit(vr=[0x80000001], mode=INT32))),
    ],
)
def vladd(state, memory):
    """vR = memory + vR, element by element, saturated."""
    vector_unit.add_vector(state, memory, 0, 1)


@extension.instruction(
    LDC(op=6, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(vr=[5, 6]), [7, 0, 0, 0, 2]), Effect(state=unit(vr=[2, 0xFC]))),
        ((unit(vr=[0x81]), [1]), Effect(state=unit(vr=[0x7F]))),
        ((unit(vr=[0x7F]), [0x80]), Effect(state=unit(vr=[0x81]))),
        ((unit(vr=[0x8001], mode=INT16), [1]), Effect(state=unit(vr=[0x7FFF], mode=INT16))),
        ((unit(vr=[0x00010001], mode=INT16), [0, 0, 3]), Effect(state=unit(vr=[0x0002FFFF], mode=INT16))),
        ((unit(vr=[0x80000000], mode=INT32), [0]), Effect(state=unit(vr=[0x7FFFFFFF], mode=INT32))),
    ],
)
def vlsub(state, memory):
    """vR = memory - vR, element by element, saturated."""
    vector_unit.add_vector(state, memory, 0, -1)


@extension.instruction(
    LDC(op=7, coprocessor=7),
    **_LOAD,
    vectors=[
        ((unit(vr=[5], mode=INT16), _ZEROS), Effect(state=unit(vr=[5], mode=INT16))),
        ((unit(vr=[5], mode=INT16), [1]), Effect(state=unit(vr=[3], mode=INT16))),
        ((unit(vr=[0xFFFB], vd=[0xFFFF], mode=INT16), [1]), Effect(state=unit(vr=[0xFFFE], mode=INT16))),
        ((unit(vd=[0x00018000], mode=INT16), _ZEROS), Effect(state=unit(vr=[0x7FFF8001], mode=INT16))),
        ((unit(vd=[0x00018000], mode=INT16), _halves([16, 10])), Effect(state=unit(vr=[0x00408001], mode=INT16))),
        ((unit(vr=[0x01000200, 3, 4]), _halves([2, 0])), Effect(state=unit(vr=[0x00037F7F, 4]))),
        ((unit(vr=[0xFFFF], vd=[0x7FFF], mode=INT16), _ONES), Effect(state=unit(mode=INT16))),
    ],
)
def vlsat(state, memory):
    """vR = accumulators, each shifted right by its u16 in memory, half up, and saturated to elements; vD = 0."""
    vector_unit.saturate_accumulators(state, memory, 0)


@extension.instruction(
    STC(op=0, coprocessor=7),
    **_STORE,
    vectors=[
        ((unit(_COUNT), []), Effect(memory=_BYTES)),
        ((unit(), _ONES), Effect(memory=_ZEROS)),
        ((unit(_WORDS_OF_ONES, mask=1), []), Effect(memory=_ONES)),
        ((unit([0x04030201], [9], [9]), []), Effect(memory=[1, 2, 3, 4, *_ZEROS[4:]])),
        ((unit([0] * 7 + [0x80000000]), []), Effect(memory=[*_ZEROS[:31], 0x80])),
    ],
)
def vstc(state, memory):
    """Store vC."""
    vector_unit.copy_vector(memory, 0, state, VC)
    return EVERY_BYTE


@extension.instruction(
    STC(op=1, coprocessor=7),
    **_STORE,
    vectors=[
        ((unit(vd=_COUNT), []), Effect(memory=_BYTES)),
        ((unit(), _ONES), Effect(memory=_ZEROS)),
        ((unit(vd=_WORDS_OF_ONES, mask=1), []), Effect(memory=_ONES)),
        ((unit([9], [9], [0x04030201]), []), Effect(memory=[1, 2, 3, 4, *_ZEROS[4:]])),
        ((unit(vd=[0] * 7 + [0x80000000]), []), Effect(memory=[*_ZEROS[:31], 0x80])),
    ],
)
def vstd(state, memory):
    """Store vD, the accumulators' upper halves."""
    vector_unit.copy_vector(memory, 0, state, VD)
    return EVERY_BYTE


@extension.instruction(
    STC(op=2, coprocessor=7),
    **_STORE,
    vectors=[
        ((unit(vr=_COUNT), []), Effect(memory=_BYTES)),
        ((unit(), _ONES), Effect(memory=_ZEROS)),
        ((unit(vr=_WORDS_OF_ONES, mask=1), []), Effect(memory=_ONES)),
        ((unit([9], [0x04030201], [9]), []), Effect(memory=[1, 2, 3, 4, *_ZEROS[4:]])),
        ((unit(vr=[0] * 7 + [0x80000000]), []), Effect(memory=[*_ZEROS[:31], 0x80])),
    ],
)
def vstr(state, memory):
    """Store vR, the accumulators' lower halves."""
    vector_unit.copy_vector(memory, 0, state, VR)
    return EVERY_BYTE


@extension.instruction(
    STC(op=3, coprocessor=7),
    **_STORE,
    vectors=[
        ((unit(vr=_COUNT, mask=0xFFFFFFFF), []), Effect(memory=_BYTES)),
        ((unit(vr=_WORDS_OF_ONES), []), Effect()),
        ((unit(vr=[0x04030201], mask=3), []), Effect(memory=[1, 2])),
        ((unit(vr=[0x04030201], mask=5), []), Effect(memory=[1, None, 3])),
        ((unit(vr=[0] * 7 + [0x80000000], mask=0x80000000), []), Effect(memory=[None] * 31 + [0x80])),
    ],
)
def vstrpv(state, memory):
    """Store the bytes of vR whose bits are set in the mask."""
    vector_unit.copy_vector(memory, 0, state, VR)
    return int(state[vector_unit.MASK])


@extension.instruction(
    CDP(op=0, coprocessor=7),
    source=_STEP,
    vectors=[
        ((unit(),), Effect()),
        ((unit(_COUNT, _COUNT, _COUNT),), Effect(state=unit(_COUNT))),
        ((unit(vr=_WORDS_OF_ONES),), Effect(state=unit())),
        ((unit(vd=_WORDS_OF_ONES),), Effect(state=unit())),
        ((unit(vr=[1], mode=INT16, mask=9),), Effect(state=unit(mode=INT16, mask=9))),
    ],
)
def vclrdr(state):
    """Clear vD and vR: all accumulators are 0."""
    vector_unit.clear_accumulators(state)


@extension.instruction(
    CDP(op=1, coprocessor=7),
    source=_STEP,
    vectors=[
        ((unit(vr=_WORDS_OF_ONES),), Effect(state=unit(vr=[0xFFFFFFFF]))),
        ((unit(vr=_WORDS_OF_ONES, mode=INT16),), Effect(state=unit(vr=[0xFFFF], mode=INT16))),
        ((unit(vr=[0x7FFFFFFF] * 8, mode=INT32),), Effect(state=unit(vr=[0], mode=INT32))),
        ((unit(vr=[0x80000000] * 8, mode=INT32),), Effect(state=unit(vr=[0xFF], mode=INT32))),
        ((unit(vr=[0x80010001, 0x8000], mode=INT16),), Effect(state=unit(vr=[6], mode=INT16))),
        ((unit(vr=[0] * 7 + [0x80000080]),), Effect(state=unit(vr=[0x90000000]))),
    ],
)
def vdepth1(state):
    """One bit for each element of vR, set if it is negative; the rest of vR is cleared."""
    vector_unit.sign_bits(state)


@extension.instruction(
    MCR(op=0, coprocessor=7),
    source=_TRANSFER,
    vectors=[
        ((0x200, unit(mode=INT32)), Effect(state=unit(mode=INT8))),
        ((0x100, unit(mode=INT8)), Effect(state=unit(mode=INT16))),
        ((0, unit(mode=INT8)), Effect(state=unit(mode=INT32))),
        ((0xFFFFF100, unit()), Effect(state=unit(mode=INT16))),
        ((0x200, unit([1], [2], [3], INT16, 4)), Effect(state=unit([1], [2], [3], INT8, 4))),
    ],
)
def vsetc(n: u32, state):
    """Set the control word: element type in bits 11:8, 0 for int32, 1 for int16, 2 for int8."""
    state[vector_unit.CONTROL] = n & 0xFFF


@extension.instruction(
    MCR(op=1, coprocessor=7),
    source=_TRANSFER,
    vectors=[
        ((3, unit()), Effect(state=unit(mask=3))),
        ((0xFFFFFFFF, unit()), Effect(state=unit(mask=0xFFFFFFFF))),
        ((0, unit(mask=3)), Effect(state=unit())),
        ((0x80000000, unit()), Effect(state=unit(mask=0x80000000))),
        ((1, unit([1], [2], [3], INT16, 4)), Effect(state=unit([1], [2], [3], INT16, 1))),
    ],
)
def vsetm(n: u32, state):
    """Set the mask of bytes that vstrpv stores."""
    state[vector_unit.MASK] = n


@extension.instruction(
    MRC(op=0, coprocessor=7, immediate_bits=3),
    source=_TRANSFER,
    latency=2,
    vectors=[
        ((0, unit(vr=_COUNT)), 1),
        ((7, unit(vr=_COUNT)), 8),
        ((3, unit(vr=_WORDS_OF_ONES)), 0xFFFFFFFF),
        ((1, unit(vc=_COUNT, vd=_COUNT)), 0),
        ((2, unit(vr=[0, 0, 0x80000000])), 0x80000000),
        ((4, unit(vr=_COUNT)), 5),
        ((5, unit(vr=_COUNT)), 6),
        ((6, unit(vr=_COUNT)), 7),
    ],
)
def vgetr(imm, state):
    """Word imm of vR, to a core register."""
    return int(state[VR + imm])
