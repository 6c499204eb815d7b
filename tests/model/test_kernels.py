"""Front matter of kernels: what is read, how expressions evaluate, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnsim.errors import ConfigError, LoweringError, UsageError
from bnnsim.model.expressions import check_expression, evaluate
from bnnsim.model.kernels import Kernel, load_kernel, load_kernels
from bnnsim.model.network import random_layer
from bnnsim.model.operators import OPERATORS

SOURCE = """\
/* ---
operator: BBConv2D
variant: mine
idea: "short: by hand"
needs: [popcount]
weights: bit O Y X C/32 C%32
scratch_bytes: 4 * kernel_h * in_words
supports: kernel_h * kernel_w <= 9 and out_c % 32 == 0
--- */
#include "bnn_layer.h"

void bbconv2d_mine(const bnn_layer *layer) {}
"""


@pytest.fixture
def write(tmp_path: Path):
    """Write a kernel, with texts replaced, and return its path."""

    def _write(*replacements: tuple[str, str], name: str = "mine.c") -> Path:
        text = SOURCE
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


def test_a_kernel(write) -> None:
    kernel = load_kernel(write())
    assert (kernel.operator, kernel.variant, kernel.function) == ("BBConv2D", "mine", "bbconv2d_mine")
    assert kernel.fixed_time and kernel.needs == ("popcount",) and kernel.idea == "short: by hand"
    assert kernel.missing({"dsp"}) == ("popcount",) and kernel.missing({"popcount", "dsp"}) == ()
    layer = random_layer("BBConv2D", (8, 8, 40), 32, 3)
    assert kernel.accepts(layer) and kernel.scratch_size(layer) == 4 * 3 * 2
    assert not kernel.accepts(random_layer("BBConv2D", (8, 8, 40), 33, 3))
    assert not kernel.accepts(random_layer("BBConv2D", (8, 8, 40), 32, 5))
    assert not kernel.accepts(random_layer("BMaxPool2D", (8, 8, 40), kernel=2))


def test_defaults(write) -> None:
    lines = "needs: [popcount]\n", "scratch_bytes: 4 * kernel_h * in_words\n"
    supports = "supports: kernel_h * kernel_w <= 9 and out_c % 32 == 0\n"
    kernel = load_kernel(write(*((line, "") for line in (*lines, supports))))
    layer = random_layer("BBConv2D", (8, 8, 40), 33, 5)
    assert kernel.needs == () and kernel.accepts(layer) and kernel.scratch_size(layer) == 0


def test_folders_and_files(write, tmp_path: Path) -> None:
    path = write()
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "startup.c").write_text("int x;")
    assert [k.variant for k in load_kernels(tmp_path)] == ["mine"]
    assert load_kernels(path) == load_kernels(str(path)) == (load_kernel(path),)
    write(name="other.c")
    with pytest.raises(ConfigError, match=r"other.c: BBConv2D mine is also in .*mine.c"):
        load_kernels(tmp_path)


@pytest.mark.parametrize("kernel", load_kernels(), ids=lambda kernel: kernel.function)
def test_our_kernels_lie_where_their_names_say(kernel: Kernel) -> None:
    assert kernel.path.stem == kernel.variant
    assert kernel.path.parent.name == kernel.operator.lower()
    assert kernel.operator in OPERATORS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "operator: BBConv2D",
            "operator: BBConv",
            r"mine.c:2: operator: unknown operator 'BBConv'.*did you mean",
        ),
        ("variant: mine", "variant: Mine", r"mine.c:3: variant: found 'Mine'"),
        ('idea: "short: by hand"', "idea: short: by hand", r"mine.c:4:"),
        (
            "needs: [popcount]",
            "need: [popcount]",
            r"mine.c:5: need: unknown key 'need'.*did you mean 'needs'",
        ),
        ("needs: [popcount]", "idea: again", r"mine.c:5: idea: duplicate key"),
        ("C%32\n", "C%16\n", r"mine.c:6: weights: .*do not split the same axis"),
        ("weights: bit O Y X C/32 C%32\n", "", r"weights: missing; BBConv2D needs a layout"),
        ("4 * kernel_h", "4 * kernal_h", r"mine.c:7: scratch_bytes: .*did you mean 'kernel_h'"),
        ("<= 9 and", "<= 9 &", r"mine.c:8: supports: .*not allowed"),
        ("void bbconv2d_mine", "void bbconv2d_yours", r"mine.c: found no `void bbconv2d_mine\("),
        ("/* ---\n", "/* \n", r"mine.c:1: a kernel starts with front matter"),
        ("operator: BBConv2D", "operator: BMaxPool2D", r"mine.c:6: weights: BMaxPool2D has no weights"),
        ("operator: BBConv2D", "operator: QQConv2D", r"mine.c:6: weights: QQConv2D has int8 weights"),
    ],
)
def test_wrong_front_matter(write, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_kernel(write((old, new)))


def test_all_problems_of_a_folder_at_once(write, tmp_path: Path) -> None:
    write(("variant: mine", "variant: Mine"), ("4 * kernel_h", "kernel"))
    write(("operator: BBConv2D\n", ""), name="other.c")
    with pytest.raises(ConfigError) as info:
        load_kernels(tmp_path)
    assert len(info.value.problems) == 3


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.c: cannot read the kernel"):
        load_kernels(tmp_path / "none.c")


def test_wrong_sizes_name_kernel_and_layer(write) -> None:
    layer = random_layer("BBConv2D", (8, 8, 40), 32, 3)
    negative = load_kernel(write(("4 * kernel_h * in_words", "kernel_h - 9")))
    with pytest.raises(LoweringError, match=r"mine.c: scratch_bytes: kernel_h - 9 is -6 for layer layer"):
        negative.scratch_size(layer)
    zero = load_kernel(write(("4 * kernel_h * in_words", "9 // pad_top")))
    with pytest.raises(LoweringError, match="divides by zero for layer layer"):
        zero.scratch_size(layer)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("-(7 // 2) % 4", 1),
        ("(a + 31) // 32 * 4", 8),
        ("max(a, 3, b) - min(a, b)", 35),
        ("1 < b <= 5 and a != b", 1),
        ("a == 1 or b == 1", 0),
        ("not a", 0),
        ("a * (b > 4)", 40),
        (" 0x10 ", 16),
    ],
)
def test_expressions(text: str, value: int) -> None:
    found = evaluate(text, {"a": 40, "b": 5})
    assert found == value and type(found) is int


REFUSED = """a / 2 | a ** 2 | 1 << 40 | 1.5 | True | 'a' | a.real | f(a) | max() | max(*a) | max(a, key=a) | [a]
a if a else a | lambda: a | __import__('os') | a in a | | a b | c | (a := 2) | a; a | a[0] | {} | ~a"""


@pytest.mark.parametrize("text", [text.strip() for text in REFUSED.replace("\n", "|").split("|")])
def test_refused_expressions(text: str) -> None:
    with pytest.raises(UsageError, match=r"not allowed|no expression|unknown name"):
        check_expression(text, ["a"])
