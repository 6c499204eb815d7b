"""One layer to check kernels on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from bnnsim.model.network import Layer, random_layer, random_tensor

Changes = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Case:
    """A layer with random parameters: arguments of `random_layer`; `changes` gives parameters to replace.

    everywhere: also run on the cores that share the Cortex-M4's instructions; keep such cases few and small.
    values: inputs are random, but these constants are tried, too.
    """

    operator: str
    in_shape: tuple[int, int, int]
    keys: dict[str, Any] = field(default_factory=dict)
    changes: Changes | None = None
    everywhere: bool = False
    values: tuple[float, ...] = ()

    @cached_property
    def layer(self) -> Layer:
        """The layer; always the same."""
        seed = sum(self.in_shape) + self.keys.get("channels", 0)
        layer = random_layer(self.operator, self.in_shape, rng=seed, **self.keys)
        if self.changes is None:
            return layer
        return replace(layer, parameters={**layer.parameters, **self.changes(dict(layer.parameters))})

    @property
    def name(self) -> str:
        """Shown when the case fails."""
        shapes = [source.shape for source in self.keys["sources"]] if "sources" in self.keys else [self.in_shape]
        keys = {key: value for key, value in self.keys.items() if key != "sources"}
        given = "".join(f", {key} {value}" for key, value in keys.items())
        of = [f"{source.dtype} scale {source.scale:g}" for source in self.keys.get("sources", ())]
        of += [""] * (len(shapes) - len(of))
        tensors = " and ".join(f"{list(shape)} {text}".strip() for shape, text in zip(shapes, of, strict=True))
        return f"{self.operator} of {tensors}{given}"

    def inputs(self, number: int) -> tuple[np.ndarray, ...]:
        """Random inputs (±1 with 50, 90 or 10 % of +1), after them one for each of `values`."""
        if number < 2:
            rng = np.random.default_rng(7 + number)
            return tuple(random_tensor(source, rng, (0.5, 0.9)[number]) for source in self.layer.sources)
        value = self.values[number - 2]
        one = random_tensor(self.layer.input, np.random.default_rng(0)).dtype
        return tuple(np.full(source.shape, value, one) for source in self.layer.sources)

    def __len__(self) -> int:
        return 2 + len(self.values)
