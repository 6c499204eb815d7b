"""A suite: programs with reference cycle counts per core, and who counted them (YAML, docs/validate.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from bnnsim import paths
from bnnsim.errors import UsageError
from bnnsim.yamlfile import load_yaml
from bnnsim.yamlwords import Keys, Problems, describe

Kind = Literal["measured", "manual", "model"]
ITERATIONS = "iterations"  # the argument that stands for the number of iterations
DEFAULT_TOLERANCE_PERCENT = 5.0

Percent = Annotated[float, Field(ge=0, le=1000)]
Arguments = tuple[str | int, ...]
Subtract = dict[str, Annotated[float, Field(ge=0)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Origin(_Part):
    """Where reference cycles come from: measured on silicon, by a manual's rules, or an earlier model."""

    kind: Kind
    source: str = Field(min_length=1)


class Cycles(_Part):
    """Reference cycles on one core, null while nobody has counted them; kind and source as in the suite if absent."""

    cycles: Annotated[float, Field(gt=0)] | None
    kind: Kind | None = None
    source: str | None = Field(default=None, min_length=1)


def _as_mapping(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not is_number and not isinstance(value, dict | Cycles):
        raise ValueError(f"found {describe(value)}; expected a number of cycles above 0, null, or a mapping")
    return {"cycles": value} if value is None or is_number else value


class MemoryFile(_Part):
    """A file to put into memory first, at an address or a symbol. file: path relative to the suite."""

    file: str = Field(min_length=1)
    at: str | int


class Program(_Part):
    """One program and its reference cycles by core. Paths are relative to the suite's file.

    With `iterations`: N, the program runs with N and with 2 N in place of the argument `iterations`, and
    all its cycle counts are of one iteration: the difference over N.
    """

    name: str = Field(min_length=1)
    program: str | None = Field(default=None, min_length=1)
    sources: tuple[str, ...] | None = Field(default=None, min_length=1)
    isa: str = "base"
    call: str | None = Field(default=None, min_length=1)
    arguments: Arguments | None = None
    memory: tuple[MemoryFile, ...] = ()
    start: str | None = Field(default=None, alias="from", min_length=1)
    end: str | None = Field(default=None, alias="to", min_length=1)
    board: str | None = None
    iterations: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    subtract: Subtract | None = None
    tolerance: Percent | None = None
    why: str | None = None
    cycles: dict[str, Annotated[Cycles, BeforeValidator(_as_mapping)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Program:
        if (self.program is None) == (self.sources is None):
            raise ValueError("needs either program (an ELF file) or sources (files to build)")
        wrong = [i for i, name in enumerate(self.sources or ()) if Path(name).suffix not in (".c", ".s")]
        if wrong:
            raise Problems([(("sources", i), "expected a .c or .s file") for i in wrong])
        return self

    @property
    def function(self) -> str | None:
        """What is called: `call`; without it a built program's own name, and an ELF file runs from reset."""
        return self.call or (self.name if self.sources else None)


class Suite(_Part):
    """A suite file. arguments, iterations, subtract, tolerance and reference hold for programs without their own.

    reference_by_core: in place of `reference` on these cores.
    """

    name: str = Field(min_length=1)
    description: str = ""
    toolchain: Literal["clang", "gcc"] = "clang"
    reference: Origin | None = None
    reference_by_core: dict[str, Origin] = Field(default={})
    arguments: Arguments = ()
    iterations: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    subtract: Subtract = Field(default={})
    tolerance: Percent = DEFAULT_TOLERANCE_PERCENT
    programs: tuple[Program, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Suite:
        problems, seen = self._unknown_cores((info.context or {}).get("folder")), {}
        for i, program in enumerate(self.programs):
            if program.name in seen:
                first = seen[program.name] + 1
                problems.append((("programs", i, "name"), f"{program.name!r} is also the name of program {first}"))
            seen.setdefault(program.name, i)
            for core, cycles in program.cycles.items():
                if cycles.cycles is not None and cycles.cycles <= (less := self.subtract_of(program, core)):
                    text = f"found {cycles.cycles:g}, of which subtract takes {less:g}; nothing is left"
                    problems.append((("programs", i, "cycles", core), text))
                if cycles.cycles is not None and self.origin_of(program, core) is None:
                    text = "needs kind and source, because the suite has no reference: {kind: …, source: …}"
                    problems.append((("programs", i, "cycles", core), text))
            arguments = self.arguments_of(program)
            if program.iterations is not None and ITERATIONS not in arguments:
                text = f"needs the word {ITERATIONS!r} among the arguments; found {list(arguments)}"
                problems.append((("programs", i, "iterations"), text))
        if problems:
            raise Problems(problems)
        return self

    def _unknown_cores(self, folder: Path | None) -> list[tuple[Keys, str]]:
        """Say where a core is named that there is not; one that is a path is relative to the suite's folder."""
        places: list[tuple[Keys, str]] = [
            (("programs", i, "cycles", core), core)
            for i, program in enumerate(self.programs)
            for core in program.cycles
        ]
        places += [(("reference_by_core", core), core) for core in self.reference_by_core]
        places += [(("subtract", core), core) for core in self.subtract]
        for i, program in enumerate(self.programs):
            places += [(("programs", i, "subtract", core), core) for core in program.subtract or ()]
        wrong: dict[str, str] = {}
        for core in {core for _, core in places}:
            try:
                paths.find("core", core, folder)
            except UsageError as error:
                wrong[core] = str(error)
        return [(keys, wrong[core]) for keys, core in places if core in wrong]

    @property
    def cores(self) -> tuple[str, ...]:
        """Cores that programs name, in order of appearance."""
        return tuple(dict.fromkeys(core for program in self.programs for core in program.cycles))

    def arguments_of(self, program: Program) -> Arguments:
        """A program's arguments, else the suite's."""
        return self.arguments if program.arguments is None else program.arguments

    def iterations_of(self, program: Program) -> int | None:
        """Iterations between two runs; None if the program is timed once, because no argument asks for them."""
        if ITERATIONS not in self.arguments_of(program):
            return None
        return program.iterations or self.iterations

    def subtract_of(self, program: Program, core: str) -> float:
        """Cycles that a reference holds beyond the program, e.g. an empty call's."""
        return (self.subtract if program.subtract is None else program.subtract).get(core, 0)

    def tolerance_of(self, program: Program) -> float:
        """Largest |error| in percent."""
        return self.tolerance if program.tolerance is None else program.tolerance

    def origin_of(self, program: Program, core: str) -> Origin | None:
        """Who counted a reference; None where there is none."""
        found, shared = program.cycles[core], self.reference_by_core.get(core, self.reference)
        kind = found.kind or (shared.kind if shared else None)
        source = found.source or (shared.source if shared else None)
        return Origin(kind=kind, source=source) if found.cycles is not None and kind and source else None


def load_suite(path: Path) -> Suite:
    """Read a suite. Raises ConfigError with every problem, with file and line."""
    return load_yaml(path, Suite)
