"""A network as data: layers with shapes and parameters, loaded from a YAML description and its arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from bnnsim.errors import UsageError
from bnnsim.model.description import Connection, LayerSpec, NetworkSpec, SeedSpec, connect
from bnnsim.model.operators import OPERATORS, Attribute, Parameter, operator_named
from bnnsim.model.parameters import read_parameters
from bnnsim.model.tensor import Tensor
from bnnsim.paths import find
from bnnsim.yamlfile import key_path, load_yaml
from bnnsim.yamlwords import Problems, explain

__all__ = [
    "Layer",
    "Network",
    "Tensor",
    "load_network",
    "network_of",
    "random_input",
    "random_layer",
    "random_tensor",
]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer; `inputs` names layers, or "input", `sources` are their tensors. Attributes are its operator's.

    variant: the kernel that the network file asks for, or None.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    sources: tuple[Tensor, ...]
    output: Tensor
    attributes: Mapping[str, Attribute]
    parameters: Mapping[str, np.ndarray]
    variant: str | None = None

    @property
    def input(self) -> Tensor:
        """The first tensor that it reads."""
        return self.sources[0]

    @property
    def macs(self) -> int:
        """Multiply-accumulates with taps inside the image; 0 for pooling."""
        return OPERATORS[self.operator].macs(self)

    @property
    def nominal_words(self) -> int:
        """Words of 32 binary multiply-accumulates, padding taps included; 0 when not binary."""
        if not OPERATORS[self.operator].is_binary:
            return 0
        height, width, channels = self.output.shape
        taps = int(self.attributes["kernel_h"]) * int(self.attributes["kernel_w"])
        words = -(-self.input.shape[2] // int(self.attributes.get("groups", 1)) // 32)
        return height * width * channels * taps * words

    @property
    def kernel_operators(self) -> tuple[str, ...]:
        """Operators whose kernels compute this layer."""
        return OPERATORS[self.operator].computed_by(self.attributes)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in order of execution. `digest` is the sha256 of structure and parameters, not of prose."""

    name: str
    input: Tensor
    layers: tuple[Layer, ...]
    parameter_seed: int | None
    digest: str
    description: str = ""


def network_of(name: str, layers: Sequence[Layer], parameter_seed: int | None = None, description: str = "") -> Network:
    """Return the network of `layers`, the first of which reads the network's input."""
    hashed = hashlib.sha256()
    for layer in layers:
        facts = [layer.name, layer.operator, layer.inputs, *map(astuple, layer.sources)]
        facts += [astuple(layer.output), sorted(layer.attributes.items()), layer.variant]
        hashed.update(json.dumps(facts).encode())
        for key, array in sorted(layer.parameters.items()):
            hashed.update(f"{key} {array.dtype.str} {array.shape}".encode())
            hashed.update(array.tobytes())
    return Network(name, layers[0].input, tuple(layers), parameter_seed, hashed.hexdigest(), description=description)


def random_layer(
    operator: str,
    in_shape: tuple[int, int, int],
    channels: int | None = None,
    kernel: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    padding: str | None = None,
    rng: np.random.Generator | int = 0,
    *,
    reads: str | None = None,
    sources: Sequence[Tensor] = (),
    name: str = "layer",
    **keys: Any,
) -> Layer:
    """Return a layer with random parameters that reads the network's input (for tests and sweeps).

    rng: a generator or a seed. reads: element type of the input, where the operator takes several. sources: the
    input tensors instead, for operators that read several or quantized ones. keys: others of a network file.
    prelu is true where the operator has it. Raises UsageError for attributes or shapes that it cannot have.
    """
    facts = operator_named(operator)
    scale = 1 / 255 if facts.reads[0] == "uint8" else 1.0
    tensors = tuple(sources) or (Tensor(in_shape, reads or facts.reads[0], scale),)
    keys |= {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    keys |= {"name": name, "operator": operator}
    if "prelu" in facts.keys:
        keys.setdefault("prelu", True)
    inputs = ("input",) if len(tensors) == 1 else tuple(f"input{n}" for n in range(len(tensors)))
    try:
        spec = LayerSpec.model_validate(keys)
        output, attributes = facts.infer(tensors, spec.given)
    except ValidationError as error:
        texts = (f"{key_path(where)}: {text}" for where, text in explain(error, LayerSpec, keys))
        raise UsageError("random layer: " + "; ".join(texts)) from None
    except (Problems, UsageError) as error:
        raise UsageError(f"random layer: {error}") from None
    connection = Connection(inputs, tensors, output, attributes)
    parameters = facts.draw(_parameters(spec, connection), tensors, np.random.default_rng(rng))
    return _layer(spec, connection, parameters)


def random_tensor(tensor: Tensor, rng: np.random.Generator, density: float = 0.5) -> np.ndarray:
    """Return random values of a tensor, HWC: all integers of 8-bit types, float32 normal, ±1 with `density` of +1."""
    if tensor.dtype == "bit":
        return np.where(rng.random(tensor.shape) < density, 1, -1).astype(np.int8)
    if tensor.dtype == "float32":
        return rng.normal(0, 1, tensor.shape).astype(np.float32)
    low, high = tensor.limits
    return rng.integers(int(low), int(high) + 1, tensor.shape, dtype=tensor.dtype)


def random_input(network: Network, seed: int, density: float = 0.5) -> np.ndarray:
    """Return a random input of a network; see `random_tensor`."""
    return random_tensor(network.input, np.random.default_rng(seed), density)


def load_network(name_or_path: str | Path) -> Network:
    """Load a network by name (networks/NAME.yaml) or path, with the parameters that it names.

    Raises UsageError for an unknown name, ConfigError for a wrong description or wrong arrays.
    """
    path = find("network", str(name_or_path))
    spec = load_yaml(path, NetworkSpec)
    connections = connect(spec.input.tensor, spec.layers)
    wanted = {s.name: _parameters(s, c) for s, c in zip(spec.layers, connections, strict=True)}
    seed = spec.parameters.seed if isinstance(spec.parameters, SeedSpec) else None
    if isinstance(spec.parameters, SeedSpec):
        rng = np.random.default_rng(seed)
        pairs = zip(spec.layers, connections, strict=True)
        arrays = {s.name: s.facts.draw(wanted[s.name], c.sources, rng) for s, c in pairs}
    else:
        arrays = read_parameters(path.parent / spec.parameters, wanted)
    layers = [_layer(s, c, arrays[s.name]) for s, c in zip(spec.layers, connections, strict=True)]
    return network_of(spec.name or path.stem, layers, seed, spec.description.strip())


def _parameters(spec: LayerSpec, connection: Connection) -> dict[str, Parameter]:
    return spec.facts.parameters(connection.sources, connection.output, connection.attributes)


def _layer(spec: LayerSpec, connection: Connection, parameters: Mapping[str, np.ndarray]) -> Layer:
    """Return a layer with its parameters, and the input's scale where inputs are unsigned integers."""
    if connection.sources[0].dtype == "uint8":
        parameters = {**parameters, "input_scale": np.asarray(connection.sources[0].scale, np.float32)}
    return Layer(
        spec.name,
        spec.facts.name,
        connection.inputs,
        connection.sources,
        connection.output,
        connection.attributes,
        parameters,
        spec.kernel_variant,
    )
