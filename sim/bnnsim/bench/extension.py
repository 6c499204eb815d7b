"""Is an extension right: it loads, means the same in Python and natively, and compilers write its words."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bnnsim import paths
from bnnsim.bench.words import samples_of, wrong_words
from bnnsim.build.toolchain import load_toolchain
from bnnsim.errors import BnnsimError, ExtensionError, ToolchainError
from bnnsim.isa import Extension, Instruction, load_extension
from bnnsim.isa.checks import check_together, warnings_of
from bnnsim.isa.inspect import known_extensions
from bnnsim.isa.instruction import MEMORY, STATE, copied, hex_text
from bnnsim.isa.limit import time_limit
from bnnsim.isa.operands import inputs_of

if TYPE_CHECKING:
    from bnnsim.emulate.custom import Semantics

Outcome = Literal["pass", "fail", "warning", "skipped"]
TARGETS = ("cortex-m4", "cortex-m33")  # what macros and intrinsics are compiled for; D registers need their FPU

_MOST_SECONDS = 30  # of tries for one instruction, which take milliseconds


@dataclass(frozen=True)
class Check:
    """One thing that was tried. instruction: empty if it concerns the whole extension."""

    what: str
    instruction: str
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True)
class Effort:
    """How much is tried: compilers by name, inputs for each instruction, seed of the random ones."""

    compilers: Sequence[str] = ("clang", "gcc")
    inputs: int = 1000
    seed: int = 0


@dataclass
class Checked:
    """What was found; extension: None if it does not load."""

    name: str
    extension: Extension | None = None
    checks: list[Check] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether nothing failed."""
        return all(check.outcome != "fail" for check in self.checks)


def check_extension(name_or_path: str, effort: Effort, step: Callable[[str], None] = lambda _: None) -> Checked:
    """Check an extension by name or path; step: called with what is done next.

    Raises UsageError if there is none of that name; all else is a failed check.
    """
    checked = Checked(name_or_path)
    paths.find("extension", name_or_path)
    step("loading")
    try:
        extension = checked.extension = load_extension(name_or_path)
    except ExtensionError as error:
        checked.checks += [Check("loads", "", "fail", line) for line in str(error).splitlines()]
        return checked
    count = sum(len(i.vectors) for i in extension.instructions)
    checked.checks.append(Check("loads", "", "pass", "encodings, operands, costs, primitives"))
    checked.checks += [Check("loads", "", "warning", text) for text in warnings_of(extension)]
    checked.checks.append(Check("test vectors, Python", "", "pass", f"{count} vectors"))
    for instruction in extension.instructions:
        step(instruction.name)
        checked.checks += _native(instruction, effort)
    for compiler in effort.compilers:
        step(compiler)
        checked.checks += _words(extension, compiler)
    step("other extensions")
    checked.checks += _neighbours(extension)
    return checked


def _native(instruction: Instruction, effort: Effort) -> list[Check]:
    """Run the test vectors natively and hold native semantics against Python's."""
    from bnnsim.emulate.custom import compile_semantics

    vectors = "test vectors, native"
    try:
        semantics = compile_semantics([instruction])[instruction.name]
    except ExtensionError as error:
        return [Check(vectors, instruction.name, "fail", str(error))]
    if not semantics.native:
        text = "Numba does not compile the semantics; they run in Python, hundreds of times slower"
        return [Check(vectors, instruction.name, "warning", text), _repeated(instruction, effort)]
    found = [Check(vectors, instruction.name, "pass", f"{len(instruction.vectors)} vectors")]
    return [*found, _equivalence(instruction, semantics, effort)]


def _repeated(instruction: Instruction, effort: Effort) -> Check:
    """Try semantics that run in Python only, twice each, on edge and random inputs."""
    what, tried, refused = "Python, twice", 0, []
    stop = monotonic() + _MOST_SECONDS
    for arguments in inputs_of(instruction, effort.inputs, effort.seed):
        if monotonic() > stop:
            return _too_slow(what, instruction, tried)
        tried += 1
        before = instruction.shown(arguments)
        first, second = (copied(arguments) for _ in range(2))
        (found, error), (again, _) = _evaluated(instruction, first), _evaluated(instruction, second)
        if error is not None:
            refused.append(f"{before}: the semantics raise {type(error).__name__}: {error}")
            if isinstance(error, TimeoutError):
                break
        elif problem := _difference(instruction, (found, first), (again, second), ("at first", "then")):
            return Check(what, instruction.name, "fail", f"{before}: {problem}")
    return _summary(what, instruction, effort, (tried, 0, refused))


def _too_slow(what: str, instruction: Instruction, tried: int) -> Check:
    return Check(what, instruction.name, "warning", f"only {tried:,} inputs in {_MOST_SECONDS} s")


def _equivalence(instruction: Instruction, semantics: Semantics, effort: Effort) -> Check:
    """Hold native semantics against Python's on edge and random inputs."""
    what, tried, refused, unchecked = "Python = native", 0, 0, []
    stop = monotonic() + _MOST_SECONDS
    for arguments in inputs_of(instruction, effort.inputs, effort.seed):
        if monotonic() > stop:
            return _too_slow(what, instruction, tried)
        tried += 1
        before = instruction.shown(arguments)
        in_python, natively = (copied(arguments) for _ in range(2))
        expected, error = _evaluated(instruction, in_python)
        if error is not None and not isinstance(error, ValueError):
            # not all native helpers check indices: none is run on these
            unchecked.append(f"{before}: the semantics raise {type(error).__name__}: {error}")
            if isinstance(error, TimeoutError):
                break
            continue
        found, native_error = _run_natively(instruction, semantics, natively)
        refused += error is not None
        if (error is None) != (native_error is None):
            wanted = hex_text(expected) if error is None else f"ValueError: {error}"
            text = f"expected {wanted} (Python), found natively: "
            return Check(what, instruction.name, "fail", f"{before}: {text}{native_error or hex_text(found)}")
        if error is None and (problem := _difference(instruction, (expected, in_python), (found, natively))):
            return Check(what, instruction.name, "fail", f"{before}: {problem}")
    return _summary(what, instruction, effort, (tried, refused, unchecked))


def _summary(what: str, instruction: Instruction, effort: Effort, found: tuple[int, int, list[str]]) -> Check:
    """found: inputs tried, those that were refused twice, and what was raised on others."""
    tried, refused, unchecked = found
    if unchecked:
        # a unit may rely on what its own instructions leave in its state; operands can be anything
        outcome: Outcome = "warning" if instruction.state_words else "fail"
        return Check(what, instruction.name, outcome, f"{len(unchecked)} of {tried:,} inputs: {unchecked[0]}")
    text = f"{tried:,} inputs, seed {effort.seed}" + (f"; both refuse {refused:,}" if refused else "")
    return Check(what, instruction.name, "pass", text)


def _evaluated(instruction: Instruction, arguments: list[Any]) -> tuple[Any, BaseException | None]:
    try:
        with time_limit(), contextlib.redirect_stdout(sys.stderr):
            return instruction.evaluate(*arguments), None
    except (Exception, SystemExit) as error:  # a user's semantics may raise anything; it is told
        return None, error


def _run_natively(instruction: Instruction, semantics: Semantics, arguments: list[Any]) -> tuple[Any, Exception | None]:
    from bnnsim.emulate.custom import run_in_frame

    try:
        return run_in_frame(instruction, semantics, arguments), None
    except ValueError as error:
        return None, error


def _difference(
    instruction: Instruction,
    one: tuple[Any, list[Any]],
    other: tuple[Any, list[Any]],
    names: tuple[str, str] = ("(Python)", "natively"),
) -> str:
    """What differs between (result, arguments afterwards) of two runs of semantics, empty if nothing."""
    expected, found = one[0], other[0]
    if instruction.stores_bytes:  # None: every byte
        every = (1 << instruction.stores_bytes) - 1
        expected, found = (every if value is None else value for value in (expected, found))
    if found != expected:
        return f"expected {hex_text(expected)} {names[0]}, found {hex_text(found)} {names[1]}"
    for name, wanted, got in zip(instruction.parameters, one[1], other[1], strict=True):
        compared = name == STATE or (name == MEMORY and instruction.stores_bytes)
        if compared and (wrong := np.flatnonzero(wanted != got)).size:
            at = int(wrong[0])
            return f"{name}[{at}]: expected {wanted[at]:#x} {names[0]}, found {got[at]:#x} {names[1]}"
    return ""


def _words(extension: Extension, compiler: str) -> list[Check]:
    """Compile macros and intrinsics with a compiler, if it is there."""
    what = f"words, {compiler}"
    try:
        toolchains = [load_toolchain(compiler, target) for target in TARGETS]
    except ToolchainError as error:
        return [Check(what, "", "skipped", str(error))]
    wrong: dict[str, str] = {}
    for toolchain, target in zip(toolchains, TARGETS, strict=True):
        try:
            found = wrong_words(extension, toolchain)
        except ToolchainError as error:
            return [Check(what, "", "fail", str(error))]
        wrong = {name: f"{target}: {'; '.join(texts)}" for name, texts in found.items() if texts} | wrong
    return [
        Check(what, i.name, "fail", wrong[i.name])
        if i.name in wrong
        else Check(what, i.name, "pass", f"C intrinsic and assembler macro, {len(samples_of(i))} operands")
        for i in extension.instructions
    ]


def _neighbours(extension: Extension) -> list[Check]:
    """Which other extensions it cannot be combined with, and why: a warning, as nobody needs to combine them."""
    others, found = 0, []
    for other in known_extensions():
        if other.path == extension.path:
            continue
        others += 1
        try:
            check_together([other, extension])
        except BnnsimError as error:
            found.append(Check("combines", "", "warning", f"cannot be combined with {other.name}: {error}"))
    return [Check("combines", "", "pass", f"with {others - len(found)} of {others} other extensions"), *found]
