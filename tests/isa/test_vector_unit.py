"""The vector unit against an independent model of it in NumPy, written from the published description."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.emulate.custom import compile_semantics, run_in_frame
from bnnsim.errors import ExtensionError
from bnnsim.isa import load_isa

INT32, INT16, INT8 = 0, 1, 2
DTYPES = {INT32: "<i4", INT16: "<i2", INT8: "<i1"}
LOADING = {i.name: i for i in load_isa("xvpu").instructions}
TRANSFERRED = {i.name: i for i in load_isa("xvpu_m33").instructions}
# Each instruction of xvpu that computes, and the one of xvpu_m33 that does the same with its operand register.
PAIRS = {
    "vlmaccr": "cmaccr", "vlmaccr1": "cmaccr1", "vladd": "cadd", "vlsub": "csub", "vlsat": "csat", "vclrdr": "cclrdr",
    "vdepth1": "cdepth1",
}  # fmt: skip
# Words that saturate, cancel and change signs come up often.
WORDS = st.one_of(
    st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0x7FFF8000, 0x80007FFF, 0x7F807F80]),
    st.integers(0, 2**32 - 1),
)
VECTORS = st.lists(WORDS, min_size=8, max_size=8).map(lambda words: np.array(words, "<u4"))


class Model:
    """vC, vR, vD as arrays of words; accumulators as Python integers."""

    def __init__(self, vc, vr, vd, mode):
        self.vc, self.vr, self.vd, self.mode = vc.copy(), vr.copy(), vd.copy(), mode

    @property
    def accumulators(self):
        return [int(d) << 16 | int(r) for d, r in zip(self.vd.view("<i2"), self.vr.view("<u2"), strict=True)]

    @accumulators.setter
    def accumulators(self, values):
        self.vr = np.array([v & 0xFFFF for v in values], "<u2").view("<u4")
        self.vd = np.array([v >> 16 & 0xFFFF for v in values], "<u2").view("<u4")

    def elements(self, vector):
        return vector.view(DTYPES[self.mode]).astype(object)

    def saturated(self, values):
        most = np.iinfo(DTYPES[self.mode]).max
        return np.array([min(max(v, -most), most) for v in values]).astype(DTYPES[self.mode])

    def rotate(self, value):
        *rest, last = self.accumulators
        most = 2**31 - 1
        self.accumulators = [min(max(last + value, -most), most), *rest]

    def vlmaccr(self, memory):
        self.rotate(int(np.sum(self.elements(self.vc) * self.elements(memory))))

    def vlmaccr1(self, memory):
        a, b = (np.where(np.unpackbits(v.view(np.uint8)), -1, 1) for v in (self.vc, memory))
        self.rotate(int(a @ b) // 2)

    def vladd(self, memory):
        self.vr = self.saturated(self.elements(memory) + self.elements(self.vr)).view("<u4")

    def vlsub(self, memory):
        self.vr = self.saturated(self.elements(memory) - self.elements(self.vr)).view("<u4")

    def vlsat(self, memory):
        shifts = memory.view("<u2").tolist()
        halves = [1 << s >> 1 for s in shifts]
        found = self.saturated(
            [(a + half) >> s for a, half, s in zip(self.accumulators, halves, shifts, strict=True)]
        ).tobytes()
        self.vr, self.vd = np.frombuffer(found.ljust(32, b"\0"), "<u4").copy(), np.zeros(8, "<u4")

    def vclrdr(self, memory):
        self.vr, self.vd = np.zeros(8, "<u4"), np.zeros(8, "<u4")

    def vdepth1(self, memory):
        bits = sum(1 << i for i, e in enumerate(self.elements(self.vr)) if e < 0)
        self.vr = np.array([bits, *[0] * 7], "<u4")


class Unit:
    """The same through an extension's semantics: in Python or natively."""

    def __init__(self, model, native=False):
        self.state = np.zeros(26, np.uint32)
        self.state[:24] = np.concatenate([model.vc, model.vr, model.vd])
        self.state[24] = model.mode << 8
        self.compiled = compile_semantics(LOADING.values()) if native else None

    def run(self, name, *operands):
        instruction = LOADING[name]
        arguments = [*operands]
        arguments.insert(instruction.parameters.index("state"), self.state)
        if self.compiled is None:
            return instruction.evaluate(*arguments)
        return run_in_frame(instruction, self.compiled[name], arguments)

    def vectors(self):
        return self.state[:8], self.state[8:16], self.state[16:24]


def assert_same(unit, model):
    for name, found, expected in zip(("vC", "vR", "vD"), unit.vectors(), (model.vc, model.vr, model.vd), strict=True):
        np.testing.assert_array_equal(found, expected, name)


MODELS = st.builds(Model, VECTORS, VECTORS, VECTORS, st.sampled_from([INT16, INT8]))
COMPUTING = sorted(PAIRS)


@pytest.mark.parametrize("name", COMPUTING)
@settings(max_examples=60, deadline=None)
@given(MODELS, VECTORS)
def test_an_instruction_does_what_the_model_does(name, model, memory):
    unit = Unit(model)
    unit.run(name, *([memory.copy()] if LOADING[name].loads_bytes else []))
    getattr(model, name)(memory)
    assert_same(unit, model)


@pytest.mark.parametrize("name", COMPUTING)
@settings(max_examples=60, deadline=None)
@given(MODELS, VECTORS)
def test_natively_too(name, model, memory):
    unit = Unit(model, native=True)
    unit.run(name, *([memory.copy()] if LOADING[name].loads_bytes else []))
    getattr(model, name)(memory)
    assert_same(unit, model)


@pytest.mark.parametrize(("name", "transferred"), PAIRS.items())
@settings(max_examples=40, deadline=None)
@given(MODELS, VECTORS)
def test_the_coprocessor_does_the_same_with_its_operand_register(name, transferred, model, operand):
    state = np.zeros(34, np.uint32)
    for first, vector, put in ((0, model.vc, "cputc"), (8, model.vr, "cputr"), (16, model.vd, "cputd")):
        for part in range(4):
            TRANSFERRED[put].evaluate(int(vector[2 * part]), int(vector[2 * part + 1]), part, state)
        np.testing.assert_array_equal(state[first : first + 8], vector)
    for part in range(4):
        TRANSFERRED["cputo"].evaluate(int(operand[2 * part]), int(operand[2 * part + 1]), part, state)
    TRANSFERRED["csetc"].evaluate(model.mode << 8, state)
    TRANSFERRED[transferred].evaluate(state)
    getattr(model, name)(operand)
    for get, vector in (("cgetr", model.vr), ("cgetd", model.vd)):
        found = [word for part in range(4) for word in TRANSFERRED[get].evaluate(part, state)]
        np.testing.assert_array_equal(found, vector, get)
    assert TRANSFERRED["cbits"].evaluate(state) == model.vr[0]


@given(VECTORS, VECTORS)
def test_additions_in_int32_mode(vr, memory):
    for name in ("vladd", "vlsub", "vdepth1"):
        model = Model(vr, vr, vr, INT32)
        unit = Unit(model)
        unit.run(name, *([memory.copy()] if name != "vdepth1" else []))
        getattr(model, name)(memory)
        assert_same(unit, model)


@pytest.mark.parametrize("name", ["vlmaccr", "vlmaccr1", "vlsat"])
def test_accumulators_of_int32_mode_are_refused(name):
    unit = Unit(Model(*np.zeros((3, 8), "<u4"), INT32))
    with pytest.raises(ValueError, match="int32 mode"):
        unit.run(name, np.zeros(8, np.uint32))


def test_a_mode_that_does_not_exist_is_refused():
    unit = Unit(Model(*np.zeros((3, 8), "<u4"), INT8))
    unit.run("vsetc", 0x300)
    with pytest.raises(ValueError, match="no such mode"):
        unit.run("vdepth1")


@given(VECTORS, VECTORS)
def test_vectors_are_loaded_and_stored(first, second):
    for load, store in (("vldc", "vstc"), ("vldd", "vstd"), ("vldr", "vstr")):
        unit, memory = Unit(Model(first, first, first, INT8)), np.zeros(8, np.uint32)
        unit.run(load, second.copy())
        assert sum((v == second).all() for v in unit.vectors()) >= 1
        assert unit.run(store, memory) in (None, 0xFFFFFFFF)
        np.testing.assert_array_equal(memory, second)


@given(VECTORS, st.integers(0, 2**32 - 1))
def test_vstrpv_stores_the_bytes_of_its_mask(vr, mask):
    unit, memory = Unit(Model(vr, vr, vr, INT8)), np.zeros(8, np.uint32)
    unit.run("vsetm", mask)
    assert unit.run("vstrpv", memory) == mask
    np.testing.assert_array_equal(memory, vr)


@settings(deadline=None)
@given(MODELS, st.lists(VECTORS, min_size=16, max_size=16))
def test_sixteen_steps_bring_every_accumulator_back(model, weights):
    expected = model.accumulators
    for i, vector in enumerate(weights):
        differing = np.unpackbits((model.vc ^ vector).view(np.uint8)).sum()
        expected[15 - i] = min(max(expected[15 - i] + 128 - int(differing), 1 - 2**31), 2**31 - 1)
    unit = Unit(model)
    for vector in weights:
        unit.run("vlmaccr1", vector.copy())
    model.accumulators = expected
    assert_same(unit, model)


@pytest.mark.parametrize(("start", "weight", "end"), [(2**31 - 5, 0, 2**31 - 1), (5 - 2**31, 0xFFFFFFFF, 1 - 2**31)])
def test_saturation_is_symmetric(start, weight, end):
    model = Model(*np.zeros((3, 8), "<u4"), INT8)
    model.accumulators = [start] * 16
    unit = Unit(model)
    unit.run("vlmaccr1", np.full(8, weight, np.uint32))
    model.accumulators = [end, *[start] * 15]
    assert_same(unit, model)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_binary_layer_from_weights_to_bits(tiles, seed):
    """The whole chain of XMOS' binary convolutions equals a ±1 dot product and its thresholds."""
    rng = np.random.default_rng(seed)
    inputs, weights = rng.choice([-1, 1], 256 * tiles), rng.choice([-1, 1], (16, 256 * tiles))
    thresholds = rng.integers(-20, 20, 16)
    sums = weights @ inputs
    unit, stored = Unit(Model(*np.zeros((3, 8), "<u4"), INT32), native=True), np.zeros(8, np.uint32)

    def packed(values):
        return np.packbits(values > 0, bitorder="little").view("<u4")

    unit.run("vsetc", INT16 << 8)
    unit.run("vsetm", 3)
    unit.run("vclrdr")
    for tile in range(tiles):
        part = slice(256 * tile, 256 * tile + 256)
        unit.run("vldc", packed(inputs[part]))
        for output in reversed(range(16)):
            unit.run("vlmaccr1", packed(weights[output, part]))
    unit.run("vladd", (-thresholds).astype("<i2").view("<u4"))
    unit.run("vdepth1")
    assert unit.run("vstrpv", stored) == 3
    assert unit.run("vgetr", 0) == stored[0]
    expected = [int(total) / 2 < threshold for total, threshold in zip(sums, thresholds, strict=True)]
    assert [bool(stored[0] >> i & 1) for i in range(32)] == expected + [False] * 16


def test_only_one_of_the_units_fits_an_isa():
    with pytest.raises(ExtensionError, match="overlaps"):
        load_isa("xvpu+xvpu_m33")


def test_loads_and_stores_cost_beats_of_the_data_port():
    for instruction in LOADING.values():
        if instruction.memory_bytes:
            beats = [instruction.cost.cycles(instruction.shape(bits)) for bits in (32, 64, 128, 256)]
            assert beats == [(8, 8), (4, 4), (2, 2), (1, 1)]
