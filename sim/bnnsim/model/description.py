"""The network file: what a user may write in networks/NAME.yaml, and the shapes that follow from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from bnnsim.errors import UsageError, nearest
from bnnsim.model.cbin_nn import TABLE
from bnnsim.model.operators import OPERATORS, Attribute, Operator, operator_named
from bnnsim.model.tensor import Tensor
from bnnsim.yamlwords import Problems, describe

MAX_ELEMENTS = 2**25  # of a tensor or a parameter: as bits they fill 4 MiB, more than microcontrollers hold
_SCALES = (2.0**-100, 2.0**100)  # quotients of two stay within float64, products with sums within float32


def _entries(*names: str) -> Callable[[Any], Any]:
    """A validator of lists with these entries; where they are two, one integer may stand for both."""
    wanted = f"[{', '.join(names)}]"
    wanted = f"an integer or {wanted}" if len(names) == 2 else wanted

    def checked(value: Any) -> Any:
        if len(names) == 2 and isinstance(value, int) and not isinstance(value, bool):
            return value, value
        if isinstance(value, list | tuple) and len(value) == len(names):
            return tuple(value)
        raise ValueError(f"found {describe(value)}; expected {wanted}")

    return checked


def _usable_scale(value: float) -> float:
    low, high = _SCALES
    if not low <= value <= high:
        raise ValueError(f"found {value:g}; expected a scale from {low:.2g} to {high:.2g}")
    return value


Pair = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_entries("height", "width"))]
Shape = Annotated[
    tuple[PositiveInt, PositiveInt, PositiveInt], BeforeValidator(_entries("height", "width", "channels"))
]
Pads = Annotated[
    tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt, NonNegativeInt],
    BeforeValidator(_entries("above", "below", "left", "right")),
]
Scale = Annotated[PositiveFloat, AfterValidator(_usable_scale)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


_RESERVED = ("overhead", "total")  # rows of results that are no layers


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Spec):
    """The network's input: shape [height, width, channels]; an integer q stands for scale · (q - zero_point)."""

    shape: Shape
    dtype: Literal["uint8", "bit", "int8", "float32"]
    scale: Scale = 1.0
    zero_point: int = 0

    @property
    def tensor(self) -> Tensor:
        """What the first layers read."""
        return Tensor(self.shape, self.dtype, self.scale, self.zero_point)

    @model_validator(mode="after")
    def _zero_point_fits(self) -> InputSpec:
        if self.zero_point and self.dtype not in ("int8",):
            raise Problems([(("zero_point",), f"only int8 inputs have one, found dtype {self.dtype}")])
        try:
            check_size("the input", self.tensor.shape)
        except UsageError as error:
            raise Problems([((), str(error))]) from None
        return self


class SeedSpec(_Spec):
    """Random parameters."""

    seed: NonNegativeInt


class LayerSpec(_Spec):
    """One layer; which keys apply is told by its operator. variant: the kernel that runs it, else the fastest."""

    name: Name
    operator: str
    inputs: tuple[str, ...] | None = None
    variant: Annotated[str, Field(min_length=1)] | None = None
    channels: PositiveInt | None = None
    kernel: Pair | None = None
    stride: Pair | None = None
    padding: Literal["same", "valid"] | None = None
    pad_value: Literal["zero", "one"] | None = None
    pads: Pads | None = None
    groups: PositiveInt | None = None
    depth_multiplier: PositiveInt | None = None
    shape: Shape | None = None
    bias: bool | None = None
    prelu: bool | None = None
    activation: Literal["none", "relu", "relu6", "relu_n1_to_1"] | None = None
    rounding: Literal["double", "single"] | None = None
    output: Literal["bit", "int8", "int16", "int32", "float32"] | None = None
    output_scale: Scale | None = None
    output_zero_point: int | None = None

    @property
    def facts(self) -> Operator:
        """The operator; CBin-NN's names of optimized operators stand for operator, variant and PReLU."""
        return operator_named(TABLE[self.operator].operator if self.operator in TABLE else self.operator)

    @property
    def kernel_variant(self) -> str | None:
        """The kernel asked for, by `variant` or by CBin-NN's name of an optimized operator."""
        row = TABLE.get(self.operator)
        return self.variant or (row.variant if row and row.name != row.operator else None)

    @property
    def given(self) -> dict[str, Any]:
        """Keys that the file gives for the operator."""
        keys = set(type(self).model_fields) - {"name", "operator", "inputs", "variant"}
        found = {key: getattr(self, key) for key in sorted(keys) if getattr(self, key) is not None}
        prelu = {"prelu": True} if self.operator in TABLE and TABLE[self.operator].prelu else {}
        return prelu | found

    @field_validator("name")
    @classmethod
    def _free_name(cls, name: str) -> str:
        if name in _RESERVED:
            raise ValueError(f"found {name!r}, a row of every table; choose another name")
        return name

    @field_validator("operator")
    @classmethod
    def _known_operator(cls, name: str) -> str:
        if name in TABLE or name in OPERATORS:
            return name
        known = ", ".join(OPERATORS)
        optimized = "and CBin-NN's names with _Optimized or _Optimized_PReLU"
        near = nearest(name, (*OPERATORS, *TABLE))
        raise ValueError(f"unknown operator {name!r}; known: {known} {optimized}{near}")

    @model_validator(mode="after")
    def _applicable(self) -> LayerSpec:
        allowed = self.facts.keys
        if wrong := self.given.keys() - set(allowed):
            takes = f"{self.operator} does not take it; it takes {', '.join(allowed) or 'none'}"
            raise Problems(((key,), takes) for key in sorted(wrong))
        row = TABLE.get(self.operator)
        if row and row.name != row.operator:
            means = {"variant": row.variant, "prelu": row.prelu}
            found = {"variant": self.variant, "prelu": self.prelu}
            other = [key for key in means if found[key] is not None and found[key] != means[key]]
            text = f"{row.name} means variant {row.variant}, prelu {str(row.prelu).lower()}"
            text += f"; use the operator {row.operator} to choose"
            if other:
                raise Problems(((key,), f"found {describe(found[key])}; {text}") for key in other)
        return self


class NetworkSpec(_Spec):
    """A network file. `parameters` is a .npz file beside it, or {seed: N} for random ones."""

    name: str | None = None
    description: str = ""
    input: InputSpec
    parameters: str | SeedSpec
    layers: tuple[LayerSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _connected(self) -> NetworkSpec:
        _check_variants(self.layers, connect(self.input.tensor, self.layers))
        return self


@dataclass(frozen=True)
class Connection:
    """What a layer reads and writes, inferred; attributes as its operator resolves them."""

    inputs: tuple[str, ...]
    sources: tuple[Tensor, ...]
    output: Tensor
    attributes: dict[str, Attribute]


def connect(source: Tensor, layers: Sequence[LayerSpec]) -> list[Connection]:
    """Return the connection of each layer; a layer without inputs reads the one before it.

    Raises Problems for the first layer whose name, inputs or shape is wrong (later ones depend on it).
    """
    tensors = {"input": source}
    previous = "input"
    connections: list[Connection] = []
    for index, layer in enumerate(layers):
        inputs = layer.inputs if layer.inputs is not None else (previous,)
        try:
            sources = _sources(layer, inputs, tensors)
            output, attributes = layer.facts.infer(sources, layer.given)
            check_size("the output", output.shape)
            for name, parameter in layer.facts.parameters(sources, output, attributes).items():
                check_size(name, parameter.shape)
        except UsageError as error:
            raise Problems([(("layers", index), f"({layer.name}) {error}")]) from None
        connections.append(Connection(inputs, sources, output, attributes))
        tensors[layer.name] = output
        previous = layer.name
    return connections


def check_size(what: str, shape: tuple[int, ...]) -> None:
    """Raise UsageError for a tensor or parameter that no microcontroller holds, before it fills this machine."""
    if (elements := math.prod(shape)) > MAX_ELEMENTS:
        raise UsageError(f"{what} of shape {shape} has {elements:,} elements; allowed are {MAX_ELEMENTS:,}")


def _check_variants(layers: Sequence[LayerSpec], connections: Sequence[Connection]) -> None:
    """Raise Problems for variants that none of a layer's kernels has; whether they take its shape is seen later."""
    from bnnsim.model.kernels import load_kernels  # imports layers, and so this module

    named = [index for index, layer in enumerate(layers) if layer.variant and not layer.variant.endswith(".c")]
    kernels = load_kernels() if named else ()
    problems = []
    for index in named:
        layer = layers[index]
        operators = layer.facts.computed_by(connections[index].attributes)
        known = sorted({kernel.variant for kernel in kernels if kernel.operator in operators})
        if layer.variant not in known:
            found = f"{layer.operator} has no variant {layer.variant!r}; it has {', '.join(known) or 'none'}"
            text = f"({layer.name}) {found}{nearest(str(layer.variant), known)}"
            problems.append((("layers", index, "variant"), text))
    if problems:
        raise Problems(problems)


def _sources(layer: LayerSpec, inputs: tuple[str, ...], tensors: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """Return the tensors that a layer reads. Raises UsageError for a wrong name or a wrong number of inputs."""
    if layer.name in tensors:
        raise UsageError(f"the name {layer.name!r} is taken by an earlier tensor; names are unique")
    if unknown := [name for name in inputs if name not in tensors]:
        known = ", ".join(tensors) + nearest(unknown[0], tensors)
        raise UsageError(f"unknown input {unknown[0]!r}; before this layer there are {known}")
    low, high = layer.facts.input_counts
    if not low <= len(inputs) <= high:
        wanted = ("one input" if high == 1 else f"{low} inputs") if low == high else f"{low} to {high} inputs"
        raise UsageError(f"{layer.operator} has {wanted}, found {len(inputs)}")
    return tuple(tensors[name] for name in inputs)
