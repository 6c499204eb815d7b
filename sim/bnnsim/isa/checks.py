"""What must hold when extensions are loaded, alone and together; and what is only worth a warning.

Every message begins with the file and line of the instruction that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from bnnsim import paths
from bnnsim.errors import ExtensionError, nearest
from bnnsim.isa.base_words import use_by_base
from bnnsim.isa.extension import Extension
from bnnsim.isa.instruction import Instruction, copied
from bnnsim.isa.limit import time_limit
from bnnsim.isa.operands import inputs_of
from bnnsim.isa.primitive import PRIMITIVES

_PRIMITIVE_RUNS = 64  # at each load
_RUNS = 512  # for each bit of imm and each operand, where only a warning depends on it
_WARNING_SECONDS = 2  # for each of them, which take milliseconds
_SHOWN = 8  # values of imm that a warning lists


def check_extension(extension: Extension) -> None:
    """Run the test vectors and all checks of one extension; raises ExtensionError with file and line."""
    for instruction in extension.instructions:
        try:
            with time_limit():
                instruction.check()
                _check_primitive(instruction)
            if use := use_by_base(instruction.encoding):
                raise ExtensionError(f"encoding of {instruction.name} overlaps the base instruction set: {use}")
        except ExtensionError as error:
            raise ExtensionError(f"{where(extension, instruction)}: {error}") from error
    check_together([extension])


def check_together(extensions: Iterable[Extension]) -> None:
    """Hold extensions against each other.

    Raises ExtensionError, naming both instructions and files, if encodings overlap, if CDE and coprocessor forms share
    a coprocessor number, or if a name or primitive is claimed twice.
    """
    items = [(e, i) for e in extensions for i in e.instructions]
    for first, second in combinations(items, 2):
        (e1, i1), (e2, i2) = first, second
        if i1.encoding.overlaps(i2.encoding):
            raise ExtensionError(
                f"{where(e2, i2)}: encoding of {e2.name}.{i2.name} ({i2.encoding.value:#010x}) overlaps "
                f"{e1.name}.{i1.name} ({where(e1, i1)}); choose another op or coprocessor"
            )
        _check_owner(first, second)
    for kind in ("name", "primitive"):
        seen: dict[str, tuple[Extension, Instruction]] = {}
        for extension, instruction in items:
            claimed = getattr(instruction, kind)
            before, _ = seen.setdefault(claimed, (extension, instruction)) if claimed else (extension, None)
            if before is not extension:
                raise ExtensionError(
                    f"{where(extension, instruction)}: {kind} {claimed!r} is claimed by both {before.name} "
                    f"({where(*seen[claimed])}) and {extension.name}; select one"
                )


def _check_owner(first: tuple[Extension, Instruction], second: tuple[Extension, Instruction]) -> None:
    """CX and VCX take the whole space of a coprocessor number (DDI 0553): a core decodes it one way or the other."""
    (e1, i1), (e2, i2) = first, second
    one, other = i1.encoding, i2.encoding
    if one.coprocessor == other.coprocessor and {one.form.owner, other.form.owner} == {"CDE", "coprocessor"}:
        raise ExtensionError(
            f"{where(e2, i2)}: {e2.name}.{i2.name} ({other.form.name}) makes coprocessor {other.coprocessor} the "
            f"{_owner(i2)}, {e1.name}.{i1.name} ({one.form.name}, {where(e1, i1)}) the {_owner(i1)}; a number is "
            "either: choose another coprocessor"
        )


def _owner(instruction: Instruction) -> str:
    return "custom datapath's" if instruction.encoding.form.owner == "CDE" else "coprocessor's"


def _check_primitive(instruction: Instruction) -> None:
    """Kernels rely on what a primitive computes, whatever instruction serves them."""
    if instruction.primitive is None:
        return
    primitive = PRIMITIVES[instruction.primitive]
    for number, values in enumerate(inputs_of(instruction, _PRIMITIVE_RUNS, seed=1)):
        if primitive.immediates:
            values[primitive.operands.index("imm")] = primitive.immediates[number % len(primitive.immediates)]
        expected = primitive.compute(*values[: len(primitive.operands)]) & 0xFFFFFFFF
        claim = f"{instruction.name} claims primitive {instruction.primitive!r}, but {instruction.shown(values)}"
        try:
            found = instruction.evaluate(*values)
        except (Exception, SystemExit) as error:
            raise ExtensionError(f"{claim} raises {type(error).__name__}: {error}") from error
        if found != expected:
            raise ExtensionError(f"{claim} gives {found:#x}, not {expected:#x}")


def warnings_of(extension: Extension) -> list[str]:
    """What is allowed but looks like a mistake, one "file:line: …" each: takes some milliseconds."""
    return [
        f"{where(extension, instruction)}: {text}"
        for instruction in extension.instructions
        for check in (_without_vectors, _early, _ignored, _unknown_cores)
        for text in check(instruction)
    ]


def where(extension: Extension, instruction: Instruction) -> str:
    """File and line of an instruction's definition."""
    return f"{extension.path}:{instruction.line}"


def _without_vectors(instruction: Instruction) -> Iterator[str]:
    bits = instruction.encoding.immediate_bits
    if not bits:
        return
    at = instruction.parameters.index("imm")
    missing = sorted(set(range(1 << bits)) - {operands[at] for operands, _ in instruction.vectors})
    if missing:
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        yield f"{instruction.name}: no test vector for {len(missing)} of {1 << bits} values of imm: {shown}"


def _early(instruction: Instruction) -> Iterator[str]:
    """Latencies that cannot be: a result before its instruction has issued. 1 is what is not given."""
    for cost in (instruction.cost, *instruction.on_core.values()):
        match (cost.issue_cycles, cost.latency):
            case (int(issue), int(latency)) if 1 < latency < issue:
                yield f"{instruction.name}: latency {latency} counts as {issue}, its issue_cycles"


def _unknown_cores(instruction: Instruction) -> Iterator[str]:
    """Cores with costs of their own that are none of ours; a core file of the user's may have any name."""
    known = paths.names("core")
    for name in instruction.on_core:
        if name not in known:
            yield f"{instruction.name}: on_core names {name!r}, which is no core of ours{nearest(name, known)}"


def _ignored(instruction: Instruction) -> Iterator[str]:
    """Operands and bits of imm that changed nothing in any of some runs."""
    name, parameters = instruction.name, instruction.parameters
    for f in instruction.encoding.form.fields:
        if f.read and f.halves:
            places = [parameters.index(half) for half in f.halves]
            if not any(_matters(instruction, places, flip) for flip in (1, 0xFFFFFFFF)):
                yield f"{name}: operand {f.name} changes nothing; a form without it keeps encodings free"
    for bit in range(instruction.encoding.immediate_bits):
        if not _matters(instruction, [parameters.index("imm")], 1 << bit):
            yield f"{name}: bit {bit} of imm changes nothing; a fixed bit keeps its values free"


def _matters(instruction: Instruction, places: list[int], flip: int) -> bool:
    """Whether flipping bits of some of the operands ever changes what an instruction does; true if that takes long."""
    try:
        with time_limit(_WARNING_SECONDS):
            return _found_to_matter(instruction, places, flip)
    except TimeoutError:
        return True


def _found_to_matter(instruction: Instruction, places: list[int], flip: int) -> bool:
    for arguments in islice(inputs_of(instruction, _RUNS, seed=2), _RUNS):
        flipped = copied(arguments)
        for at in places:
            flipped[at] ^= flip
        if outcome(instruction, arguments) != outcome(instruction, flipped):
            return True
    return False


def outcome(instruction: Instruction, arguments: list[Any]) -> tuple[Any, ...]:
    """All that an instruction does to arguments, which it may change, as one value that can be compared."""
    try:
        found = instruction.evaluate(*arguments)
    except TimeoutError:
        raise
    except (Exception, SystemExit) as error:  # a user's semantics may refuse operands in any way
        return (type(error).__name__,)
    return found, *(a.tobytes() for a in arguments if isinstance(a, np.ndarray))
