"""Extension files: what loads, and what each mistake says."""

import pytest

from bnnsim.errors import BnnsimError, ExtensionError, UsageError
from bnnsim.isa import load_extension, load_isa
from bnnsim.isa.checks import warnings_of
from bnnsim.isa.limit import time_limit
from bnnsim.paths import own_names

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
    assert isa.cost_keys == ("popcnt.popc.issue_cycles", "popcnt.popc.latency")
    assert isa.provides == {"popc", "popcount", "any_popcount"}
    assert [popc.evaluate(v) for v in (0, 1, 0xFFFFFFFF, 0x0F0F0F0F)] == [0, 1, 32, 16]


@pytest.mark.parametrize("name", own_names("extension"))
def test_ours_are_called_like_their_files_and_say_where_they_come_from(name):
    extension = load_extension(name)
    assert extension.name == name
    assert extension.description.endswith(".")
    assert not [text for text in warnings_of(extension) if "no test vector" not in text]
    for instruction in extension.instructions:
        assert instruction.doc and instruction.cost.source.ref


def test_base_and_combinations(tmp_path):
    mine = write(tmp_path, GOOD.replace("OP", "7"))
    assert load_isa("base").instructions == ()
    assert load_isa(f"popcnt+{mine}").name == "popcnt+mine"
    assert load_isa("base").digest != load_isa("popcnt").digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latency=1", "latency=0", "latency=0; expected whole cycles, 1 to 1000, or a formula"),
        ("op=OP", "op=99", "allowed are 0 to 31"),
        ("((3,), 6)", "((3,), 7)", r"test vector twice\(0x3\) gives 0x6, expected 0x7"),
        ("((3,), 6)", "((3, 4), 7)", "has 2 operands, needs 1"),
        ("[((3,), 6)]", "[]", "no test vectors"),
        ("2 * n", "n // 0", "ZeroDivisionError"),
        ("(n: u32)", "(x: u32)", r"operands \(n\), the semantics take \(x\)"),
        ("(n: u32)", "(nn: u32)", "did you mean 'n'"),
        ("latency=1,", "latency=1, primitive='popcont',", "did you mean 'popcount'"),
        ("latency=1,", "latency=1, primitive='xor_popcount_accumulate',", "has operands"),
        ('Extension("mine"', 'Extension("base"', "core's own instruction set"),
        ("return 2 * n", "return (", "SyntaxError"),
        ("import CX2", "import CX9", "ImportError: cannot import name 'CX9' .*did you mean 'CX"),
        ("latency=1", "latncy=1", "unexpected keyword argument 'latncy'; did you mean 'latency'"),
        ("op=OP", "coproc=1", "unexpected keyword argument 'coproc'; did you mean 'coprocessor'"),
        ("return 2 * n", "return 2 * n\nraise SystemExit(0)", "SystemExit"),
        ("return 2 * n", "raise SystemExit(0)", r"semantics raise SystemExit at twice\(0x3\)"),
        ("return 2 * n", "return 2 * n / 1", "'float' object cannot be interpreted as an integer"),
        ("n: u32)", "n: float)", "n has the type <class 'float'>; operands are u32 or s32"),
        ("[((3,), 6)]", "6", r"vectors=6; expected a list of \(\(operands\), result\)"),
        ("[((3,), 6)]", "(v for v in [((3,), 7)])", "gives 0x6, expected 0x7"),
        ("latency=1", "on_core=['cortex-m4']", "expected core names and Cost"),
        ('assumed("test")', 'assumed("")', "expected who says so, or why"),
        ("Source.assumed(", 'Source("guessed", ', "expected one of manual, measured, assumed"),
        ('"A test."', "5", "description=5; expected text"),
        ("CX2(op=OP)", "CX2", "encoding is <function CX2 "),
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


def test_unknown_names_have_a_nearest_match():
    with pytest.raises(UsageError, match="did you mean 'popcnt'"):
        load_isa("popcount")
    with pytest.raises(UsageError, match="no such file"):
        load_isa("./absent.py")
    with pytest.raises(BnnsimError, match="empty name"):
        load_isa("popcnt+")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        *((text, r".*expected \(\(operands\), result\)") for text in ("[(3, 6)]", "[5]", "[((3,), 6.0)]", "'ab'")),
        ("[((3,), None)]", r".*result being a 32-bit integer$"),
        ("[((3,), (6, 0))]", r".*result being a 32-bit integer$"),
        ("[((3,), True)]", r".*result being a 32-bit integer$"),
        ("[((3,), 1 << 32)]", r".*result being a 32-bit integer$"),
        ("[((True,), 6)]", r"\(True,\): n=True; expected a 32-bit integer"),
        ("[((1 << 32,), 6)]", r"\(4294967296,\): n=4294967296; expected a 32-bit integer"),
        ("[((-(1 << 31) - 1,), 6)]", r"\(-2147483649,\): n=-2147483649; expected a 32-bit integer"),
        ("[(('a',), 6)]", r"\('a',\): n='a'; expected a 32-bit integer"),
    ],
)
def test_malformed_vectors_are_told(tmp_path, vectors, message):
    path = write(tmp_path, GOOD.replace("OP", "7").replace("[((3,), 6)]", vectors))
    with pytest.raises(ExtensionError, match=rf"mine\.py:4: twice: test vector {message}"):
        load_extension(path)


def test_an_endless_loop_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("bnnsim.isa.checks.time_limit", lambda: time_limit(0.1))
    path = write(tmp_path, GOOD.replace("OP", "7").replace("return 2 * n", "\n    while True: pass"))
    with pytest.raises(ExtensionError, match=r"mine\.py:4: semantics raise TimeoutError at twice\(0x3\): no end after"):
        load_extension(path)


def test_types_may_be_text_and_what_a_file_prints_is_not_output(tmp_path, capsys):
    text = GOOD.replace("OP", "7").replace("n: u32", "n: 's32'").replace("u32\n", "s32, u32\n")
    extension = load_extension(write(tmp_path, text + "print('hello')\n"))
    assert extension.instructions[0].signed == (True,)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "hello\n")


def test_vectors_may_be_negative(tmp_path):
    load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("[((3,), 6)]", "[((-3,), -6)]")))


@pytest.mark.parametrize("name", ["register", "int", "tüte", "_hidden", "uint32_t", "n"])
def test_names_that_c_cannot_have(tmp_path, name):
    with pytest.raises(ExtensionError, match="cannot be a C intrinsic's name"):
        load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("twice", name)))


@pytest.mark.parametrize("latency", ["0", "1.5", "1001", "10**30"])
def test_latencies_out_of_range(tmp_path, latency):
    with pytest.raises(ExtensionError, match="expected whole cycles, 1 to 1000, or a formula"):
        load_extension(write(tmp_path, GOOD.replace("OP", "7").replace("latency=1", f"latency={latency}")))


@pytest.mark.parametrize(
    ("extension", "name", "operands", "text"),
    [
        ("popcnt", "popc", ({"d": 0, "n": 14},), "popc r0, lr"),
        ("xpopa", "xpopa", ({"d": 12, "n": 1, "m": 2},), "xpopa r12, r1, r2"),
        ("csa", "csa", ({"d": 10, "n": 1, "m": 1},), "csa r10, r11, r1, r1"),
        ("vxpopa", "vxpopa", ({"d": 15, "n": 0, "m": 7},), "vxpopa d15, d0, d7"),
        ("thrpk", "thrpk", ({"d": 3, "n": 4, "m": 5}, 6), "thrpk r3, r4, r5, #6"),
        ("xvpu", "vldc", ({"n": 13}, 0, 32), "vldc [sp], #32"),
        ("xvpu", "vldc", ({"n": 3}, 0, -1020), "vldc [r3], #-1020"),
        ("xvpu", "vstr", ({"n": 3},), "vstr [r3]"),
        ("xvpu", "vgetr", ({"d": 5}, 7), "vgetr r5, #7"),
        ("xvpu", "vclrdr", ({},), "vclrdr"),
    ],
)
def test_disassembly(extension, name, operands, text):
    (instruction,) = [i for i in load_extension(extension).instructions if i.name == name]
    assert instruction.text(instruction.encoding.word(*operands)) == text


def test_a_file_is_loaded_once_until_it_changes(tmp_path):
    path = write(tmp_path, GOOD.replace("OP", "7"))
    first = load_extension(path)
    assert load_extension(path) is first
    write(tmp_path, GOOD.replace("OP", "8"))
    assert load_extension(path).instructions[0].encoding.op == 8
    write(tmp_path, GOOD.replace("OP", "7"))
    assert load_extension(path).digest == first.digest
    other = tmp_path / "other"
    other.mkdir()
    namesake = load_extension(write(other, GOOD.replace("OP", "7")))
    assert (namesake.path, namesake.digest) == (str(other / "mine.py"), first.digest)
