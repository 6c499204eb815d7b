"""Every instruction of every extension of ours: Python's semantics, the native ones and the emulator agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.emulate.custom import compile_semantics, run_in_frame
from bnnsim.isa import load_isa
from bnnsim.isa.instruction import MEMORY, STATE
from bnnsim.paths import own_names
from tests.emulate.custom_programs import SKIPPED, TAKEN, conditional, random_uses, run

USES = 48  # of a program, at least
EDGES = (0, 1, 0x7F, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = st.sampled_from(EDGES) | st.integers(0, 2**32 - 1)
EXTENSIONS = own_names("extension")
INSTRUCTIONS = [(e, i.name) for e in EXTENSIONS for i in load_isa(e).instructions]


@st.composite
def arguments_of(draw, instruction):
    """Arguments as `evaluate` takes them; arrays are random, or one of a test vector with one word changed."""
    found = []
    for at, name in enumerate(instruction.parameters):
        if name not in (STATE, MEMORY):
            found.append(draw(st.integers(0, 2**instruction.encoding.immediate_bits - 1) if name == "imm" else WORDS))
            continue
        known = [instruction.arguments(operands)[at] for operands, _ in instruction.vectors]
        array = draw(st.sampled_from(known)).copy()
        if draw(st.booleans()):
            random = draw(st.randoms(use_true_random=False))
            array[:] = np.frombuffer(random.randbytes(array.nbytes), np.uint32)
        array[draw(st.integers(0, len(array) - 1))] = draw(WORDS)
        found.append(array)
    return found


def after(instruction, run, arguments):
    """What an instruction returns, or that it raises, and the arrays after it."""
    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    try:
        found = run(arguments)
    except (ValueError, ZeroDivisionError, OverflowError):
        return "raises"
    every = (1 << instruction.stores_bytes) - 1
    if instruction.stores_bytes and found is None:
        found = every
    by_name = zip(instruction.parameters, arguments, strict=True)
    arrays = {name: value.tolist() for name, value in by_name if isinstance(value, np.ndarray)}
    if instruction.stores_bytes:  # of bytes that it does not store nobody learns
        stored = np.array(arrays.pop(MEMORY), np.uint32).tobytes()
        arrays["stored"] = [byte for at, byte in enumerate(stored) if found >> at & 1]
    return found, arrays


@pytest.mark.parametrize(("extension", "name"), INSTRUCTIONS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)  # the first example compiles
def test_native_semantics_equal_pythons(extension, name, data):
    (instruction,) = [i for i in load_isa(extension).instructions if i.name == name]
    semantics = compile_semantics([instruction])[name]
    assert semantics.native
    arguments = data.draw(arguments_of(instruction))
    in_python = after(instruction, lambda a: instruction.evaluate(*a), arguments)
    assert after(instruction, lambda a: run_in_frame(instruction, semantics, a), arguments) == in_python


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_emulator_does_what_the_semantics_say(extension, seed, regions, tmp_path):
    """Unconditional, and in IT blocks whose condition holds or not where the form allows it."""
    isa = load_isa(extension)
    uses = random_uses(isa, max(USES, 4 * len(isa.instructions)), seed)
    image, trace, differences = run(uses, isa, regions, tmp_path)
    assert not differences
    sites = dict(zip(sorted(image.sites), uses, strict=True))
    assert [site.word for _, site in sorted(image.sites.items())] == [use.word for use in uses]
    skipped = {int(at): int(n) for at, n in zip(trace.skipped_at, trace.skipped[0], strict=True)}
    assert skipped == {address: 1 for address, use in sites.items() if use.how == SKIPPED}
    if any(conditional(i.encoding.form) for i in isa.instructions):
        assert {SKIPPED, TAKEN} <= {use.how for use in uses}
