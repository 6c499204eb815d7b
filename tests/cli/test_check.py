"""`bnnsim new kernel` and `bnnsim check`: a template that is right, and kernels that are not."""

from __future__ import annotations

import json

import pytest

from bnnsim.bench.cases import CASES
from bnnsim.bench.check import RANDOM_CASES, cases_for
from bnnsim.bench.template import template
from bnnsim.cli.main import main
from bnnsim.model.kernels import load_kernel, load_kernels
from bnnsim.model.operators import OPERATORS
from bnnsim.paths import data_root

FAST = ("--core", "cortex-m4", "--toolchain", "clang", "--isa", "base", "--quiet")


@pytest.fixture
def pool(tmp_path, monkeypatch, capsys):
    """The template of a pooling kernel, with texts replaced."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "kernel", "my_pool", "--operator", "BMaxPool2D"]) == 0
    assert "bnnsim check ./my_pool.c" in capsys.readouterr().out
    path = tmp_path / "my_pool.c"

    def changed(*replacements):
        text = path.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text)
        return path

    return changed


def test_a_template_is_right_and_compared(pool, capsys):
    pool()
    assert main(["check", "./my_pool.c", *FAST]) == 0
    out = capsys.readouterr().out
    assert "right" in out and "my_pool ◀" in out and "words" in out and "per output" in out


def test_json(pool, capsys):
    pool()
    assert main(["check", "./my_pool.c", *FAST, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == 0 and found["checked"][0]["layers"] > 20
    (timed,) = [t for t in found["timed"] if t["shape"].startswith("2×2, 64")]
    by_name = {k["variant"]: k for k in timed["kernels"]}
    assert by_name["my_pool"]["cycles"] == by_name["plain"]["cycles"]
    assert by_name["words"]["cycles"] < by_name["my_pool"]["cycles"]


def test_wrong_outputs_are_told_with_the_layer(pool, capsys):
    pool(("bit |=", "bit ="))
    assert main(["check", "./my_pool.c", *FAST]) == 1
    out = capsys.readouterr().out
    assert "WRONG" in out and "outputs differ from the reference" in out and "BMaxPool2D of [" in out


def test_writes_outside_a_buffer_are_told_with_the_line(pool, capsys):
    start = "    uint32_t *output = layer->output;\n"
    pool((start, start + "\n    output[-1] = 7;\n"))
    assert main(["check", "./my_pool.c", *FAST]) == 1
    out = capsys.readouterr().out
    assert "unmapped memory" in out and "my_pool.c:" in out


def test_time_that_depends_on_data_is_told(pool, capsys):
    pool(("bit |= ", "if (!bit)\n                                bit |= "))
    assert main(["check", "./my_pool.c", *FAST, "--no-timing"]) == 0
    assert "set fixed_time: false" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new", "kernel", "My-Pool"], "small letters"),
        (["new", "kernel", "words", "--operator", "BMaxPool2D"], "already"),
        (["new", "kernel", "mine", "--operator", "BMaxPol2D"], "did you mean 'BMaxPool2D'"),
        (["new", "kernel", "my_pool", "--operator", "BMaxPool2D"], "--force"),
        (["check", "my_pool"], "expected a kernel"),
        (["check", "my_pool.py"], "no such file"),
        (["check", "none.c"], "cannot read the kernel"),
        (["check", "my_pool.c", "--core", "cortex-m5"], "did you mean"),
        (
            ["check", "my_pool.c", "--toolchain", "gc"],
            "--toolchain: found 'gc'; allowed: clang, gcc; did you mean 'gcc'",
        ),
        (["check", "my_pool.c", "--seed", "-1"], "-1 is not in the range"),
        (["check", "my_pool.c", "--json", "no/such/folder.json"], "--json"),
    ],
)
def test_wrong_usage(pool, capsys, arguments, message):
    pool()
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_needs_that_no_core_has(pool, capsys):
    pool(("needs: []", "needs: [popcount]"))
    assert main(["check", "my_pool.c", "--isa", "base"]) == 2
    assert "needs popcount" in capsys.readouterr().err


def test_isas_are_those_that_have_what_a_kernel_needs(pool, capsys):
    """An extension that no population count could be replaced by runs only kernels that name it."""
    pool(("needs: []", "needs: [thrpk]"))
    arguments = ("--core", "cortex-m4", "--toolchain", "clang", "--no-timing", "--quiet", "--json", "-")
    assert main(["check", "./my_pool.c", *arguments]) == 0
    assert [row["isa"] for row in json.loads(capsys.readouterr().out)["checked"]] == ["thrpk"]


def test_needs_that_nothing_has(pool, capsys):
    pool(("needs: []", "needs: [dsp2]"))
    assert main(["check", "my_pool.c", "--isa", "base"]) == 2
    assert "needs: unknown need 'dsp2'" in (err := capsys.readouterr().err) and "did you mean 'dsp'" in err


def test_an_endless_loop_ends(pool, capsys):
    start = "    uint32_t *output = layer->output;\n"
    pool((start, start + '    for (;;) __asm__ volatile("");\n'))
    assert main(["check", "./my_pool.c", *FAST]) == 1
    assert "endless loop? more than 20," in capsys.readouterr().out


def test_what_does_not_compile_is_told_without_a_layer(pool, capsys):
    pool(("    uint32_t *output = layer->output;\n", "    uint32_t *output = ;\n"))
    assert main(["check", "./my_pool.c", *FAST]) == 1
    out = capsys.readouterr().out
    assert "not built" in out and "my_pool.c:" in out and "expected expression" in out and "BMaxPool2D of" not in out


def test_quantized_inputs_get_random_shapes():
    cases = [case for case in CASES if case.operator in ("MaxPool2D_int8", "Concatenation_int8", "Reshape_int8")]
    for operator in sorted({case.operator for case in cases}):
        kernel = next(k for k in load_kernels() if k.operator == operator)
        own = [case for case in cases if kernel.accepts(case.layer)]
        found = cases_for(kernel, cases)[len(own) :]
        assert len(found) == RANDOM_CASES
        assert len({case.layer.input.shape for case in found}) > RANDOM_CASES // 2


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_has_a_template(tmp_path, operator):
    path = tmp_path / "mine.c"
    path.write_text(template(operator, "mine"))
    kernel = load_kernel(path)
    assert (kernel.operator, kernel.variant, kernel.needs) == (operator, "mine", ())
    local = {p.name for p in (data_root() / "kernels").glob("*/*.h") if p.parent.name != "include"}
    assert not [name for name in local if f'#include "{name}"' in path.read_text()]


@pytest.mark.parametrize("operator", ["Softmax_int8", "LceBMaxPool2d", "Dequantize_int8"])
def test_templates_without_a_plain_kernel_of_one_file_are_right(tmp_path, monkeypatch, operator):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "kernel", "mine", "--operator", operator]) == 0
    assert main(["check", "./mine.c", *FAST, "--no-timing"]) == 0
