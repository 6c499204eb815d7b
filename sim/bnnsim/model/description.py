"""The network file: what a user may write in networks/NAME.yaml, and the shapes that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
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
from bnnsim.model.operators import OPERATORS, infer, operator_named
from bnnsim.model.tensor import Tensor
from bnnsim.yamlwords import Problems


def _pair(value: Any) -> Any:
    """One number stands for both axes."""
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


Pair = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_pair)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


_RESERVED = ("overhead", "total")  # rows of results that are no layers


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Spec):
    """The network's input: shape [height, width, channels]; scale = real value of one step of a uint8."""

    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    dtype: Literal["uint8", "bit"]
    scale: PositiveFloat = 1.0


class SeedSpec(_Spec):
    """Random parameters."""

    seed: NonNegativeInt


class LayerSpec(_Spec):
    """One layer; which keys apply is told by its operator."""

    name: Name
    operator: str
    inputs: tuple[str, ...] | None = None
    channels: PositiveInt | None = None
    kernel: Pair | None = None
    stride: Pair | None = None
    padding: Literal["same", "valid"] | None = None
    prelu: bool | None = None
    output: Literal["int8", "int16", "int32"] | None = None

    @field_validator("name")
    @classmethod
    def _free_name(cls, name: str) -> str:
        if name in _RESERVED:
            raise ValueError(f"found {name!r}, a row of every table; choose another name")
        return name

    @field_validator("operator")
    @classmethod
    def _known_operator(cls, name: str) -> str:
        try:
            return operator_named(name).name
        except UsageError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _applicable(self) -> LayerSpec:
        allowed = operator_named(self.operator).attributes
        given = [key for key in type(self).model_fields if getattr(self, key) is not None]
        if wrong := set(given) - {"name", "operator", "inputs", *allowed}:
            takes = f"{self.operator} does not take it; it takes {', '.join(allowed) or 'none'}"
            raise Problems(((key,), takes) for key in sorted(wrong))
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
        connect(Tensor(self.input.shape, self.input.dtype), self.layers)
        return self


@dataclass(frozen=True)
class Connection:
    """What a layer reads and writes, inferred; attributes as operators.infer resolves them."""

    inputs: tuple[str, ...]
    source: Tensor
    output: Tensor
    attributes: dict[str, int | str]


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
            if layer.name in tensors:
                raise UsageError(f"the name {layer.name!r} is taken by an earlier tensor; names are unique")
            if unknown := [name for name in inputs if name not in tensors]:
                known = ", ".join(tensors) + nearest(unknown[0], tensors)
                raise UsageError(f"unknown input {unknown[0]!r}; before this layer there are {known}")
            if len(inputs) != 1:
                raise UsageError(f"{layer.operator} has one input, found {len(inputs)}")
            read = tensors[inputs[0]]
            output, attributes = infer(
                OPERATORS[layer.operator],
                read,
                layer.channels,
                layer.kernel,
                layer.stride,
                layer.padding,
                layer.output,
            )
        except UsageError as error:
            raise Problems([(("layers", index), f"({layer.name}) {error}")]) from None
        connections.append(Connection(inputs, read, output, attributes))
        tensors[layer.name] = output
        previous = layer.name
    return connections
