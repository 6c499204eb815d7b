"""What is kept of semantics on disk is found again, and never taken for that of others."""

import subprocess
import sys
import types

import pytest

import bnnsim.emulate  # noqa: F401  (sets Numba's cache)
from bnnsim.isa import load_isa, loader
from bnnsim.isa.fingerprint import fingerprint

TEXT = """
import helper
import numpy as np
K = 3
TABLE = np.arange(5000)
WEIGHTS = (1, 2)
def inner(n):
    return n + K
def last(n):
    return n
def semantics(n, bias=1):
    return helper.twice(inner(n)) + TABLE[n] + bias + sum([last(n) * w for w in WEIGHTS])
"""


def made(text=TEXT, helper="def twice(n):\n    return 2 * n\n", monkeypatch=None):
    module = types.ModuleType("helper")
    exec(helper, module.__dict__)
    monkeypatch.setitem(sys.modules, "helper", module)
    scope = {"__name__": "an_extension"}
    exec(text, scope)
    return fingerprint(scope["semantics"])


def test_it_is_the_same_for_the_same_code_elsewhere(monkeypatch):
    assert made(monkeypatch=monkeypatch) == made("\n# moved\n" + TEXT, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("old", "new"),
    [("K = 3", "K = 4"), ("n + K", "n - K"), ("arange(5000)", "arange(5000)[::-1]"), ("bias=1", "bias=2"),
     ("TABLE[n] +", "TABLE[n] -"), ("(1, 2)", "(1, 3)"), ("return n\n", "return -n\n")],
)  # fmt: skip
def test_everything_that_it_reaches_counts(old, new, monkeypatch):
    assert made(monkeypatch=monkeypatch) != made(TEXT.replace(old, new), monkeypatch=monkeypatch)


def test_an_element_in_the_middle_of_a_large_table_counts(monkeypatch):
    changed = TEXT.replace("TABLE = np.arange(5000)", "TABLE = np.arange(5000); TABLE[2500] = 0")
    assert made(monkeypatch=monkeypatch) != made(changed, monkeypatch=monkeypatch)


def test_functions_of_imported_modules_count(monkeypatch):
    other = made(helper="def twice(n):\n    return n << 2\n", monkeypatch=monkeypatch)
    assert made(monkeypatch=monkeypatch) != other


def test_functions_of_modules_in_packages_count(monkeypatch):
    text = "import package\ndef semantics(n):\n    return package.helper.twice(n)\n"
    found = []
    for factor in (2, 3):
        package, helper = types.ModuleType("package"), types.ModuleType("package.helper")
        exec(f"def twice(n):\n    return {factor} * n\n", helper.__dict__)
        package.helper, helper.package = helper, package
        monkeypatch.setitem(sys.modules, "package", package)
        found.append(made(text, monkeypatch=monkeypatch))
    assert found[0] != found[1]


def test_recursion_ends(monkeypatch):
    text = "def semantics(n):\n    return semantics(n - 1) if n else 0\n"
    assert len(made(text, monkeypatch=monkeypatch)) == len(made(monkeypatch=monkeypatch))


PROGRAM = """
import sys
from pathlib import Path
from bnnsim.isa import load_extension
import bnnsim.emulate
from bnnsim.emulate.custom import compile_semantics, run_in_frame
(instruction,) = load_extension(sys.argv[1]).instructions
semantics = compile_semantics([instruction])["addk"]
print(semantics.native, run_in_frame(instruction, semantics, [5]))
"""
EXTENSION = """
from bnnsim.isa import CX2, Extension, Source, u32
extension = Extension("addk", "Adds.")
K = 1
@extension.instruction(CX2(op=3), latency=1, source=Source.assumed("one adder"), vectors=[((0,), K)])
def addk(n: u32) -> u32:
    return n + K
"""


def test_a_changed_constant_is_not_taken_from_the_cache_of_an_earlier_process(tmp_path):
    found = []
    for text in (EXTENSION, EXTENSION, EXTENSION.replace("K = 1", "K = 2")):
        path = tmp_path / "addk.py"
        path.write_text(text)
        run = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
        found.append(run.stdout.strip())
    assert found == ["True 6", "True 6", "True 7"]


def test_what_an_extension_imports_is_part_of_the_isa(tmp_path, monkeypatch):
    """Traces are kept by it: a helper in another file changes what is computed, and no byte of the extension's."""
    (tmp_path / "mine.py").write_text(
        EXTENSION.replace("K = 1", "import sys\nadd = sys.modules['a_helper'].add").replace("n + K", "add(n)")
        .replace("K)", "add(0))")
    )  # fmt: skip
    found = []
    for step in (1, 2):
        helper = types.ModuleType("a_helper")
        exec(f"def add(n):\n    return n + {step}\n", helper.__dict__)
        monkeypatch.setitem(sys.modules, "a_helper", helper)
        loader._load_source.cache_clear()
        found.append(load_isa(str(tmp_path / "mine.py")))
    assert found[0].digest != found[1].digest
    assert found[0].extensions[0].digest == found[1].extensions[0].digest
    assert load_isa(str(tmp_path / "mine.py")).digest == found[1].digest
