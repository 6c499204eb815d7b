"""Load extension files and combine them into the ISA that a cell runs; every check happens here."""

from __future__ import annotations

import hashlib
import sys
import traceback
import types
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from bnnsim import paths
from bnnsim.errors import BnnsimError, ExtensionError, UsageError
from bnnsim.isa.extension import Extension, Instruction

BASE = "base"


@dataclass(frozen=True, eq=False)
class Isa:
    """The base instruction set plus zero or more extensions; `name` is what tables print."""

    name: str
    extensions: tuple[Extension, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All custom instructions."""
        return tuple(i for e in self.extensions for i in e.instructions)

    @property
    def provides(self) -> frozenset[str]:
        """What kernels can ask for: names of instructions, the primitives that they claim, and "any_popcount".

        The last is there if either primitive is claimed, for kernels in C that are good with both.
        """
        claimed = {i.primitive for i in self.instructions if i.primitive}
        either = {"any_popcount"} if claimed & {"popcount", "xor_popcount_accumulate"} else set()
        return frozenset({i.name for i in self.instructions} | claimed | either)

    @property
    def latencies(self) -> dict[str, int | str]:
        """Default latency in cycles by "extension.instruction"."""
        return {f"{e.name}.{i.name}": i.cost.latency for e in self.extensions for i in e.instructions}

    @property
    def digest(self) -> str:
        """Hash of the extension files' contents."""
        return hashlib.sha256("\n".join(e.digest for e in self.extensions).encode()).hexdigest()


def load_extension(name_or_path: str, relative_to: Path | None = None) -> Extension:
    """Load one extension file by name or path, run its load-time checks and test vectors.

    Raises ExtensionError with `file:line: message`, UsageError for an unknown name.
    """
    path = paths.find("extension", name_or_path, relative_to)
    source = path.read_bytes()
    module = types.ModuleType(f"bnnsim_extension_{path.stem}")
    module.__file__ = str(path)
    # Numba looks a function's module up by name when it compiles the semantics.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # a user's file may do anything; this is its message
        raise ExtensionError(f"{path}:{_line_of(error, path)}: {_message(error)}") from error
    found = [value for value in vars(module).values() if isinstance(value, Extension)]
    if len(found) != 1 or not found[0].instructions:
        raise ExtensionError(
            f"{path}: found {len(found)} Extension objects"
            + (" without instructions" if len(found) == 1 else "")
            + "; expected one, e.g. my_ext = Extension('my_ext', 'What it does.') with @my_ext.instruction(…)"
        )
    extension = found[0]
    extension.path, extension.digest = str(path), hashlib.sha256(source).hexdigest()
    for instruction in extension.instructions:
        try:
            instruction.check()
        except ExtensionError as error:
            raise ExtensionError(f"{path}:{instruction.line}: {error}") from error
    _check_overlaps([extension])
    return extension


def load_isa(spec: str, relative_to: Path | None = None) -> Isa:
    """Load what `--isa` names: "base", an extension, a path, or several joined by "+".

    Raises ExtensionError if encodings overlap or a name or primitive is claimed twice.
    """
    parts = [part for part in spec.split("+") if part != BASE]
    if not all(parts):
        raise UsageError(f"ISA {spec!r}: empty name; expected base, an extension, a path, or several joined by '+'")
    extensions = tuple(load_extension(part, relative_to) for part in parts)
    names = [e.name for e in extensions]
    if len(set(names)) != len(names):
        raise UsageError(f"ISA {spec!r} names the same extension twice")
    _check_overlaps(extensions)
    for kind in ("name", "primitive"):
        seen: dict[str, str] = {}
        for extension in extensions:
            for instruction in extension.instructions:
                claimed = getattr(instruction, kind)
                if claimed and seen.setdefault(claimed, extension.name) != extension.name:
                    raise ExtensionError(
                        f"{kind} {claimed!r} is claimed by both {seen[claimed]} and {extension.name}; select one"
                    )
    return Isa("+".join(names) or BASE, extensions)


def _check_overlaps(extensions: list[Extension] | tuple[Extension, ...]) -> None:
    items = [(e, i) for e in extensions for i in e.instructions]
    for (e1, i1), (e2, i2) in combinations(items, 2):
        if i1.encoding.overlaps(i2.encoding):
            raise ExtensionError(
                f"{e2.path}:{i2.line}: encoding of {e2.name}.{i2.name} ({i2.encoding.value:#010x}) overlaps "
                f"{e1.name}.{i1.name} ({e1.path}:{i1.line}); choose another op or coprocessor"
            )


def _line_of(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines and lines[-1] else 1


def _message(error: BaseException) -> str:
    return str(error) if isinstance(error, BnnsimError) else f"{type(error).__name__}: {error}"
