"""Kernels as data: the front matter of the C files says what each computes, needs and accepts."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from bnnsim.errors import ConfigError, LoweringError, UsageError
from bnnsim.model.expressions import check_expression, evaluate
from bnnsim.model.layout import parse_layout
from bnnsim.model.lowering.fields import integer_fields, layer_fields
from bnnsim.model.network import Layer
from bnnsim.model.operators import OPERATORS, operator_named
from bnnsim.paths import data_root
from bnnsim.yamlfile import display_path, parse_yaml
from bnnsim.yamlwords import Problems

_SHARED = ("include", "runtime")  # folders of C that are no kernels
_MOST_SCRATCH_BYTES = 1 << 24
FRONT_MATTER = re.compile(r"\s*/\*[ \t]*---[ \t]*\n(.*?)\n[ \t]*---[ \t]*\*/", re.DOTALL)


def _text(value: Any) -> Any:
    """YAML reads a bare number as an integer; an expression may be one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Expression = Annotated[str, BeforeValidator(_text)]


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: str
    variant: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    idea: str
    registers: str = ""
    needs: tuple[str, ...] = ()
    fixed_time: bool = True
    weights: str | None = None
    constants: Literal["table", "tree"] | None = None
    looks_up_in: Literal["activations", "weights"] | None = None
    scratch_bytes: Expression = "0"
    supports: Expression = "1"

    @field_validator("operator")
    @classmethod
    def _known_operator(cls, value: str) -> str:
        return _as_value_error(lambda: operator_named(value) and value)

    @field_validator("weights")
    @classmethod
    def _layout(cls, value: str | None) -> str | None:
        return None if value is None else _as_value_error(lambda: parse_layout(value) and value)

    @field_validator("scratch_bytes", "supports")
    @classmethod
    def _expression(cls, value: str) -> str:
        return _as_value_error(lambda: check_expression(value, integer_fields()) or value)

    @model_validator(mode="after")
    def _layout_fits_operator(self) -> _FrontMatter:
        """A layout for operators with weights, no bits for int8 weights."""
        holds = OPERATORS[self.operator].weights
        problem = ""
        if holds is None and self.weights is not None:
            problem = f"{self.operator} has no weights, found {self.weights!r}"
        elif holds is not None and self.weights is None:
            problem = f"missing; {self.operator} needs a layout, e.g. 'bit O Y X C/32 C%32'"
        elif holds == "int8" and parse_layout(str(self.weights)).element == "bit":
            problem = f"{self.operator} has int8 weights, a bit layout cannot hold them"
        elif holds == "float32" and parse_layout(str(self.weights)).element != "float32":
            problem = f"{self.operator} has float32 weights, found {self.weights!r}; use a float32 layout"
        if problem:
            raise Problems([(("weights",), problem)])
        return self


def _as_value_error(check: Any) -> Any:
    """Return check(), its UsageError as the ValueError that pydantic collects."""
    try:
        return check()
    except UsageError as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class Kernel:
    """One C kernel. `needs`: primitives, instructions or core features without which it is not usable.

    constants: the form in which it wants constants, where an operator's lowering offers several. looks_up_in: the part
    of the program (activations: scratch too; weights: all constants) that it reads at addresses that depend on the
    data: where that is cached, so does its time.
    """

    operator: str
    variant: str
    path: Path
    function: str
    idea: str
    needs: tuple[str, ...]
    fixed_time: bool
    weights: str | None
    scratch_bytes: str
    supports: str
    registers: str = ""
    constants: str | None = None
    looks_up_in: str | None = None

    def accepts(self, layer: Layer) -> bool:
        """Whether this kernel computes the layer's operator and supports its shape."""
        return self.operator in layer.kernel_operators and bool(self._evaluate("supports", layer))

    def scratch_size(self, layer: Layer) -> int:
        """Bytes of scratch memory that the kernel wants for a layer. Raises LoweringError if negative."""
        size = self._evaluate("scratch_bytes", layer)
        if not 0 <= size <= _MOST_SCRATCH_BYTES:
            found = f"{self.scratch_bytes} is {size:,} for layer {layer.name}"
            wanted = f"wanted 0 to {_MOST_SCRATCH_BYTES:,}"
            raise LoweringError(f"{display_path(self.path)}: scratch_bytes: {found}; {wanted}")
        return size

    def missing(self, available: Collection[str]) -> tuple[str, ...]:
        """Return what the kernel needs and `available` does not have."""
        return tuple(need for need in self.needs if need not in available)

    def _evaluate(self, key: str, layer: Layer) -> int:
        try:
            return evaluate(getattr(self, key), layer_fields(layer))
        except UsageError as error:
            raise LoweringError(f"{display_path(self.path)}: {key}: {error} for layer {layer.name}") from None


def load_kernels(folder: Path | str | None = None) -> tuple[Kernel, ...]:
    """Return the kernels of a folder (FOLDER/*.c and FOLDER/*/*.c; default: our own) or of one .c file.

    Sorted by operator and variant. Raises ConfigError with the problems of all files at once.
    """
    root = Path(folder) if folder is not None else data_root() / "kernels"
    if root.suffix == ".c" or not root.is_dir():
        return (load_kernel(root),)
    kernels: dict[tuple[str, str], Kernel] = {}
    problems: list[str] = []
    for path in sorted([*root.glob("*.c"), *root.glob("*/*.c")]):
        if path.parent.name in _SHARED:
            continue
        try:
            kernel = load_kernel(path)
        except ConfigError as error:
            problems += error.problems
            continue
        if other := kernels.get((kernel.operator, kernel.variant)):
            also = f"{kernel.operator} {kernel.variant} is also in {display_path(other.path)}"
            problems.append(f"{display_path(path)}: {also}")
        kernels[kernel.operator, kernel.variant] = kernel
    if problems:
        raise ConfigError(problems)
    return tuple(kernels[key] for key in sorted(kernels))


def load_kernel(path: Path | str) -> Kernel:
    """Return the kernel of one C file. Raises ConfigError with `file:line: key: …` for every problem."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{display_path(path)}: cannot read the kernel ({error})"]) from None
    match = FRONT_MATTER.match(text)
    if not match:
        raise ConfigError([f"{display_path(path)}:1: a kernel starts with front matter: /* --- newline, YAML, --- */"])
    first_line = 1 + text[: match.start(1)].count("\n")
    facts = parse_yaml(match[1], _FrontMatter, where=display_path(path), first_line=first_line)
    function = f"{facts.operator.lower()}_{facts.variant}"
    if not re.search(rf"\bvoid\s+{function}\s*\(\s*(const\s+bnn_layer|bnn_layer\s+const)\s*\*", text):
        wanted = f"`void {function}(const bnn_layer *layer)`, named by operator and variant"
        raise ConfigError([f"{display_path(path)}: found no {wanted}"])
    return Kernel(path=path, function=function, **facts.model_dump())
