"""Extension files: what loads, and what each mistake says."""

import pytest

from bnnsim.errors import BnnsimError, ExtensionError, UsageError
from bnnsim.isa import load_extension, load_isa

GOOD = """
from bnnsim.isa import CX2, Extension, Source, u32
mine = Extension("mine", "A test.")
@mine.instruction(CX2(op=OP), latency=1, source=Source.assumed("test"), vectors=[((3,), 6)])
def twice(n: u32) -> u32:
    return 2 * n
"""


def write(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_popcnt_is_what_it_says():
    isa = load_isa("popcnt")
    (popc,) = isa.instructions
    assert popc.encoding.value == 0xEE400000
    assert isa.latencies == {"popcnt.popc": 1}
    assert isa.provides == {"popc", "popcount", "any_popcount"}
    assert [popc.evaluate(v) for v in (0, 1, 0xFFFFFFFF, 0x0F0F0F0F)] == [0, 1, 32, 16]


def test_base_and_combinations(tmp_path):
    mine = write(tmp_path, GOOD.replace("OP", "7"))
    assert load_isa("base").instructions == ()
    assert load_isa(f"popcnt+{mine}").name == "popcnt+mine"
    assert load_isa("base").digest != load_isa("popcnt").digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latency=1", "latency=0", "latency=0; expected a whole number of cycles"),
        ("op=OP", "op=99", "allowed are 0 to 31"),
        ("((3,), 6)", "((3,), 7)", r"test vector twice\(0x3\) gives 0x6, expected 0x7"),
        ("((3,), 6)", "((3, 4), 7)", "has 2 operands, needs 1"),
        ("[((3,), 6)]", "[]", "no test vectors"),
        ("2 * n", "n // 0", "ZeroDivisionError"),
        ("(n: u32)", "(x: u32)", r"operands \(n\), the semantics take \(x\)"),
        ("latency=1,", "latency=1, primitive='popcont',", "did you mean 'popcount'"),
        ("latency=1,", "latency=1, primitive='xor_popcount_accumulate',", "has operands"),
        ('Extension("mine"', 'Extension("base"', "core's own instruction set"),
        ("return 2 * n", "return (", "SyntaxError"),
        ("import CX2", "import CX9", "ImportError"),
        ("return 2 * n", "return 2 * n\nraise SystemExit(0)", "SystemExit"),
        ("mine = ", "mine = other = ", None),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, old, new, message):
    text = GOOD.replace(old, new).replace("OP", "7")
    path = write(tmp_path, text)
    if message is None:
        with pytest.raises(ExtensionError, match="found 2 Extension objects"):
            load_extension(path)
        return
    with pytest.raises(ExtensionError, match=message) as caught:
        load_extension(path)
    assert f"{path}:" in str(caught.value)


def test_overlapping_encodings_name_both(tmp_path):
    path = write(tmp_path, GOOD.replace("OP", "0"))
    with pytest.raises(ExtensionError, match=r"mine\.twice.*overlaps popcnt\.popc"):
        load_isa(f"popcnt+{path}")


def test_a_primitive_may_be_claimed_once(tmp_path):
    text = GOOD.replace("OP", "7").replace("latency=1,", "latency=1, primitive='popcount',")
    with pytest.raises(ExtensionError, match="claimed by both popcnt and mine"):
        load_isa(f"popcnt+{write(tmp_path, text)}")


def test_unknown_names_have_a_nearest_match():
    with pytest.raises(UsageError, match="did you mean 'popcnt'"):
        load_isa("popcount")
    with pytest.raises(UsageError, match="no such file"):
        load_isa("./absent.py")
    with pytest.raises(BnnsimError, match="empty name"):
        load_isa("popcnt+")


@pytest.mark.parametrize(
    "vectors", ["[(3, 6)]", "[5]", "[((3,), 6.0)]", "[((True,), 6)]", "[((1 << 32,), 6)]", "[((3,), None)]", "'ab'"]
)
def test_malformed_vectors_are_told(tmp_path, vectors):
    path = write(tmp_path, GOOD.replace("OP", "7").replace("[((3,), 6)]", vectors))
    with pytest.raises(ExtensionError, match=r"mine\.py:4: twice: test vector .*expected \(\(operands\), result\)"):
        load_extension(path)


def test_vectors_may_be_negative(tmp_path):
    load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("[((3,), 6)]", "[((-3,), -6)]")))


@pytest.mark.parametrize("name", ["register", "int", "tüte", "_hidden"])
def test_names_that_c_cannot_have(tmp_path, name):
    with pytest.raises(ExtensionError, match="cannot be a C intrinsic's name"):
        load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("twice", name)))


@pytest.mark.parametrize("latency", ["0", "1.5", "1001", "10**30"])
def test_latencies_out_of_range(tmp_path, latency):
    with pytest.raises(ExtensionError, match="whole number of cycles, 1 to 1000"):
        load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("latency=1", f"latency={latency}")))
