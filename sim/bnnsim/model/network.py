"""A network as data: layers with shapes and parameters, loaded from a YAML description and its arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from bnnsim.errors import UsageError
from bnnsim.model.description import Connection, LayerSpec, NetworkSpec, SeedSpec, connect
from bnnsim.model.operators import OPERATORS, operator_named, parameter_shapes, taps_inside
from bnnsim.model.parameters import random_parameters, read_parameters
from bnnsim.model.tensor import Tensor
from bnnsim.paths import find
from bnnsim.yamlfile import key_path, load_yaml
from bnnsim.yamlwords import Problems, explain

__all__ = ["Layer", "Network", "Tensor", "load_network", "network_of", "random_input", "random_layer"]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer; `inputs` names layers, or "input". Attributes and parameters: see operators.py."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    input: Tensor
    output: Tensor
    attributes: Mapping[str, int | str]
    parameters: Mapping[str, np.ndarray]

    @property
    def macs(self) -> int:
        """Multiply-accumulates with taps inside the image; 0 for pooling."""
        if "weights" not in self.parameters:
            return 0
        inside = 1
        for axis, letter, pad in ((0, "h", "pad_top"), (1, "w", "pad_left")):
            kernel, stride = (int(self.attributes[f"{key}_{letter}"]) for key in ("kernel", "stride"))
            inside *= taps_inside(
                self.input.shape[axis], self.output.shape[axis], kernel, stride, int(self.attributes[pad])
            )
        return inside * self.input.shape[2] * self.output.shape[2]

    @property
    def nominal_words(self) -> int:
        """Words of 32 binary multiply-accumulates, padding taps included; 0 when not binary."""
        if not OPERATORS[self.operator].is_binary:
            return 0
        height, width, channels = self.output.shape
        taps = int(self.attributes["kernel_h"]) * int(self.attributes["kernel_w"])
        return height * width * channels * taps * self.input.words


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
        facts = [layer.name, layer.operator, layer.inputs, layer.input.shape, layer.input.dtype]
        facts += [layer.output.shape, layer.output.dtype, sorted(layer.attributes.items())]
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
    prelu: bool = True,
    output: str | None = None,
    name: str = "layer",
) -> Layer:
    """Return a layer with random parameters that reads the network's input (for tests and sweeps).

    rng: a generator or a seed. Raises UsageError for attributes or shapes that the operator cannot have.
    """
    facts = operator_named(operator)
    keys = {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding, "output": output}
    keys |= {"name": name, "operator": operator, "prelu": prelu if facts.weights else None}
    try:
        spec = LayerSpec.model_validate(keys)
        (connection,) = connect(Tensor(in_shape, facts.reads), [spec])
    except ValidationError as error:
        texts = (f"{key_path(where)}: {text}" for where, text in explain(error, LayerSpec, keys))
        raise UsageError("random layer: " + "; ".join(texts)) from None
    except Problems as error:
        raise UsageError(f"random layer: {error}") from None
    parameters = random_parameters(facts, _shapes(spec, connection), np.random.default_rng(rng))
    return _layer(spec, connection, parameters, input_scale=1 / 255)


def random_input(network: Network, seed: int, density: float = 0.5) -> np.ndarray:
    """Return a random input, HWC: uint8 0..255, or int8 ±1 with `density` of +1 for bit inputs."""
    rng = np.random.default_rng(seed)
    if network.input.dtype == "uint8":
        return rng.integers(0, 256, network.input.shape, dtype=np.uint8)
    return np.where(rng.random(network.input.shape) < density, 1, -1).astype(np.int8)


def load_network(name_or_path: str | Path) -> Network:
    """Load a network by name (networks/NAME.yaml) or path, with the parameters that it names.

    Raises UsageError for an unknown name, ConfigError for a wrong description or wrong arrays.
    """
    path = find("network", str(name_or_path))
    spec = load_yaml(path, NetworkSpec)
    connections = connect(Tensor(spec.input.shape, spec.input.dtype), spec.layers)
    shapes = {s.name: _shapes(s, c) for s, c in zip(spec.layers, connections, strict=True)}
    operators = {s.name: OPERATORS[s.operator] for s in spec.layers}
    seed = spec.parameters.seed if isinstance(spec.parameters, SeedSpec) else None
    if isinstance(spec.parameters, SeedSpec):
        rng = np.random.default_rng(seed)
        arrays = {name: random_parameters(operators[name], own, rng) for name, own in shapes.items()}
    else:
        arrays = read_parameters(path.parent / spec.parameters, shapes, operators)
    layers = [_layer(s, c, arrays[s.name], spec.input.scale) for s, c in zip(spec.layers, connections, strict=True)]
    return network_of(spec.name or path.stem, layers, seed, spec.description.strip())


def _shapes(spec: LayerSpec, connection: Connection) -> dict[str, tuple[int, ...]]:
    return parameter_shapes(
        OPERATORS[spec.operator],
        connection.source,
        connection.output,
        connection.attributes,
        prelu=bool(spec.prelu),
    )


def _layer(spec: LayerSpec, connection: Connection, parameters: Mapping[str, np.ndarray], input_scale: float) -> Layer:
    """Return a layer with its parameters, and the input's scale where the operator uses one."""
    arrays = dict(parameters)
    if "weight_scale" in arrays:
        arrays["input_scale"] = np.asarray(input_scale, np.float32)
    return Layer(
        spec.name,
        spec.operator,
        connection.inputs,
        connection.source,
        connection.output,
        connection.attributes,
        arrays,
    )
