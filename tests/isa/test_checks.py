"""Load-time checks: overlaps, numbers of coprocessors, claims, and what is only worth a warning."""

import pytest

from bnnsim.errors import ExtensionError
from bnnsim.isa import load_extension, load_isa
from bnnsim.isa.base_words import use_by_base
from bnnsim.isa.checks import warnings_of
from bnnsim.isa.encoding import CX3A, LDC, VCX3A, Pattern
from bnnsim.paths import own_names

FILE = """
from bnnsim.isa import *
mine = Extension("mine", "A test.")
@mine.instruction(ENCODING, source=Source.assumed("test"), vectors=VECTORS, MORE)
def added(PARAMETERS):
    return RESULT
"""
ADDED = {"PARAMETERS": "n", "RESULT": "n + 1", "VECTORS": "[((3,), 4)]", "MORE": ""}


@pytest.fixture
def mine(tmp_path):
    """Write mine.py and return its path."""

    def write(name="mine", **values):
        text = FILE.replace('"mine"', f'"{name}"')
        for key, value in {**ADDED, **values}.items():
            text = text.replace(key, value)
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ("Effect(memory=[1, 0, 0, 0, 0])", "up to 4 bytes of memory"),
        ("Effect(state=[1])", "or an Effect with"),
        ("Effect(memory=[300])", "stores 1 in byte 0, expected 300"),
        ("Effect(memory=[2])", "stores 1 in byte 0, expected 2"),
    ],
)
def test_effects_that_cannot_be_are_told(mine, effect, message):
    words = {"PARAMETERS": "memory", "RESULT": "memory.fill(1)", "MORE": "stores_bytes=4"}
    with pytest.raises(ExtensionError, match=rf"mine\.py:4: .*{message}"):
        load_extension(mine(ENCODING="STC(coprocessor=3)", VECTORS=f"[(([0],), {effect})]", **words))


def test_a_latency_below_the_issue_cycles_is_a_warning(mine):
    extension = load_extension(mine(ENCODING="CX2(op=9)", MORE="issue_cycles=5, latency=2"))
    assert [w.split(": ", 1)[1] for w in warnings_of(extension)] == ["added: latency 2 counts as 5, its issue_cycles"]


def test_overlapping_encodings_name_both(mine):
    path = mine(ENCODING="CX2(op=0)")
    message = r"mine\.py:4: encoding of mine\.added \(0xee400000\) overlaps popcnt\.popc \(.*popcnt\.py:\d+\)"
    with pytest.raises(ExtensionError, match=message):
        load_isa(f"popcnt+{path}")


def test_an_operand_imm_overlaps_what_fixes_the_same_bits(mine):
    path = mine(ENCODING="CX2(op=3)")
    other = mine("other", ENCODING="CX2(op=0, immediate_bits=7)", PARAMETERS="n, imm", VECTORS="[((3, 0), 4)]")
    with pytest.raises(ExtensionError, match=r"other\.added .* overlaps mine\.added"):
        load_isa(f"{path}+{other}")


@pytest.mark.parametrize("cde", ["CX2", "CX2A"])
def test_a_number_is_cdes_or_a_coprocessors(mine, cde):
    accumulates = {"PARAMETERS": "d, n", "VECTORS": "[((1, 3), 4)]"} if cde == "CX2A" else {}
    one = mine("one", ENCODING=f"{cde}(op=5, coprocessor=3)", **accumulates)
    transfer = {"PARAMETERS": "n, m", "RESULT": "None", "VECTORS": "[((1, 2), None)]", "def added": "def moved"}
    two = mine("two", ENCODING="MCRR(op=0, coprocessor=3)", **transfer)
    clash = r"two\.moved \(MCRR\) makes coprocessor 3 the coprocessor's, one\.added \(CX2A?, .*one\.py:4\)"
    with pytest.raises(ExtensionError, match=rf"two\.py:4: {clash}"):
        load_isa(f"{one}+{two}")
    with pytest.raises(ExtensionError, match=r"one\.added .* makes coprocessor 3 the custom datapath's, two\.moved"):
        load_isa(f"{two}+{one}")
    other = mine("two", ENCODING="MCRR(op=0, coprocessor=4)", **transfer)
    assert load_isa(f"{one}+{other}").name == "one+two"


def test_the_clash_is_found_within_an_extension(tmp_path):
    path = tmp_path / "both.py"
    path.write_text("""
from bnnsim.isa import *
both = Extension("both", "A test.")
COST = {"source": Source.assumed("test")}
@both.instruction(CX3A(op=7, coprocessor=5), **COST, vectors=[((1, 2, 3), 6)])
def added(d, n, m):
    return d + n + m
@both.instruction(MCRR(op=0, coprocessor=5), **COST, vectors=[((1, 2), None)])
def moved(n, m):
    pass
""")
    with pytest.raises(ExtensionError, match=r"both\.py:8: both\.moved .*both\.added \(CX3A, .*both\.py:5\)"):
        load_extension(str(path))


def test_the_clash_of_numbers_is_found_where_no_word_overlaps():
    assert not CX3A().overlaps(LDC()) and not VCX3A().overlaps(LDC(coprocessor=1))


def test_a_claimed_primitive_is_held_against_its_meaning(mine):
    path = mine(ENCODING="CX2(op=5)", MORE="primitive='popcount'", RESULT="n & 1", VECTORS="[((1,), 1)]")
    with pytest.raises(ExtensionError, match=r"mine\.py:4: added claims primitive 'popcount', but added\(0x"):
        load_extension(path)
    popcount = {"RESULT": "bin(n).count('1')", "VECTORS": "[((3,), 2)]", "MORE": "primitive='popcount'"}
    load_extension(mine(ENCODING="CX2(op=5)", **popcount))


def test_a_claim_to_push_thresholds_is_held_against_the_directions_that_kernels_use(mine):
    def push(left, right):
        either = f"({left}) if imm == 0 else ({right}) if imm == 1 else 0"
        vectors = "[((1, 5, 5, 0), 3), ((1, 5, 5, 1), 0x80000000)]"
        given = {"PARAMETERS": "d, n, m, imm", "RESULT": either, "VECTORS": vectors}
        return mine(ENCODING="CX3A(op=6, immediate_bits=2)", MORE="primitive='push_threshold'", **given)

    load_extension(push("d << 1 | int(n >= m)", "d >> 1 | int(n >= m) << 31"))
    for wrong in (("d << 1 | int(n >= m)", "d >> 1 | 1 << 31"), ("d << 1 | 1", "d >> 1 | int(n >= m) << 31")):
        with pytest.raises(ExtensionError, match=r"mine\.py:4: added claims primitive 'push_threshold', but added\(0x"):
            load_extension(push(*wrong))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("name", {"def added": "def popc"}), ("primitive", {"MORE": "primitive='popcount'"})],
)
def test_a_name_or_primitive_may_be_claimed_once(mine, kind, changes):
    path = mine(**{"ENCODING": "CX2(op=5)", "RESULT": "bin(n).count('1')", "VECTORS": "[((3,), 2)]", **changes})
    message = rf"mine\.py:4: {kind} 'popc\w*' is claimed by both popcnt \(.*popcnt\.py:\d+\) and mine; select one"
    with pytest.raises(ExtensionError, match=message):
        load_isa(f"popcnt+{path}")


@pytest.mark.parametrize(
    ("bits", "use"),
    [
        ("1111 1011 0000 nnnn 1111 dddd 0000 mmmm", "is mul r"),
        ("1111 1011 0111 nnnn 1111 dddd 0000 mmmm", "is usad8 r"),
        ("1111 1010 1001 nnnn 1111 dddd 1010 mmmm", "is rbit r"),
        ("1111 1010 1100 nnnn 1111 dddd 1000 mmmm", "is crc32b r"),
        ("1110 1110 0011 nnnn dddd 1010 0000 mmmm", "is on coprocessor 10"),
        ("1110 1110 0011 nnnn dddd 1111 0000 mmmm", "is on coprocessor 15; 0 to 7 are free"),
        ("1110 1110 0011 nnnn dddd iiii 0000 mmmm", "is on coprocessor"),
        ("1110 0110 0011 nnnn dddd 0000 0000 mmmm", "begins like a 16-bit instruction"),
        ("iiii iiii iiii iiii iiii iiii iiii iiii", "begins like a 16-bit instruction"),
        ("1111 0111 1111 iiii 1010 iiii iiii iiii", "is udf.w"),
    ],
)
def test_words_that_the_base_instruction_set_has(mine, bits, use):
    assert use in use_by_base(Pattern(bits))
    values = {"n": 1, "d": 0, "m": 1, "i": 1}
    operands = [name if name != "i" else "imm" for name in "nmi" if name in bits]
    vectors = f"[(({', '.join(str(values[name[0]]) for name in operands)},), {2 if 'd' in bits else None})]"
    result = {"RESULT": "n + 1" if "d" in bits else "None", "VECTORS": vectors, "PARAMETERS": ", ".join(operands)}
    message = r"mine\.py:4: encoding of added overlaps the base instruction set: 0x[0-9a-f]{8} "
    with pytest.raises(ExtensionError, match=message):
        load_extension(mine(ENCODING=f"Pattern('{bits}')", **result))


@pytest.mark.parametrize(
    "bits",
    [
        "1110 1110 0011 nnnn dddd 0000 0000 mmmm",  # coprocessor 0: a CDP to disassemblers
        "1111 1110 0011 nnnn dddd 0iii 0000 mmmm",
        "1111 1010 1111 nnnn 1111 dddd 1111 mmmm",  # undefined among parallel additions
    ],
)
def test_free_words(mine, bits):
    assert use_by_base(Pattern(bits)) is None


def test_our_encodings_are_free():
    assert [n for n in own_names("extension") for i in load_extension(n).instructions if use_by_base(i.encoding)] == []


def test_warnings_name_what_looks_like_a_mistake(mine):
    three = {"ENCODING": "CX2(op=1, immediate_bits=3)", "PARAMETERS": "n, imm", "VECTORS": "[((3, 0), 3), ((3, 5), 7)]"}
    path = mine(**three, RESULT="n | (imm & 4)")
    assert warnings_of(load_extension(path)) == [
        f"{path}:4: added: no test vector for 6 of 8 values of imm: 1, 2, 3, 4, 6, 7",
        f"{path}:4: added: bit 0 of imm changes nothing; a fixed bit keeps its values free",
        f"{path}:4: added: bit 1 of imm changes nothing; a fixed bit keeps its values free",
    ]
    ignored = {"ENCODING": "CX3(op=3)", "PARAMETERS": "n, m", "VECTORS": "[((3, 0), 4)]"}
    path = mine(**ignored)
    text = "operand m changes nothing; a form without it keeps encodings free"
    assert warnings_of(load_extension(path)) == [f"{path}:4: added: {text}"]
    half = {"PARAMETERS": "d, d_hi, n, m", "VECTORS": "[((3, 0, 0, 0), (0, 3))]", "RESULT": "n, d ^ m"}
    assert warnings_of(load_extension(mine(ENCODING="CX3DA(op=3)", **half))) == []


def test_a_core_that_there_is_not_is_worth_a_warning(mine):
    cost = "on_core={'cortx-m7': Cost(1, 2, Source.assumed('test')), 'cortex-m7': Cost(1, 1, Source.assumed('test'))}"
    path = mine(ENCODING="CX2(op=3)", MORE=cost)
    text = "added: on_core names 'cortx-m7', which is no core of ours; did you mean 'cortex-m7'"
    (warning,) = warnings_of(load_extension(path))
    assert warning.startswith(f"{path}:4: {text}")


def test_state_counts_as_an_effect(tmp_path):
    path = tmp_path / "unit.py"
    path.write_text("""
from bnnsim.isa import *
unit = Extension("unit", "A test.", state_words=1)
@unit.instruction(MCR(op=0, coprocessor=4), source=Source.assumed("test"), vectors=[((3, [1]), Effect(state=[3]))])
def put(n, state):
    state[0] = n
""")
    assert warnings_of(load_extension(str(path))) == []
