"""The meaning of a network: its outputs in NumPy, from ±1 tensors, without packing, layout or folding.

Everything that is emulated is compared with this, bit for bit, so it stays independent of the lowering.
"""

from __future__ import annotations

import numpy as np

from bnnsim.errors import BnnsimError
from bnnsim.model.network import Layer, Network
from bnnsim.model.reference import binary, float32, int8_elements, int8_layers, int8_pools, lce, movement, softmax
from bnnsim.model.reference.binary import accumulate

__all__ = ["accumulate", "run_layer", "run_reference"]

_FAMILIES = (binary, lce, int8_layers, int8_elements, int8_pools, softmax, movement, float32)
_RUN = {name: run for family in _FAMILIES for name, run in family.RUN.items()}


def run_reference(network: Network, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return layer name → output, HWC: int8 ±1 for bit tensors, else of the tensor's type.

    x: the input, HWC; of the input's type, ±1 for bit inputs. Raises UsageError when it does not fit the network.
    """
    network.input.check(x, f"input of {network.name}")
    tensors = {"input": x}
    for layer in network.layers:
        try:
            tensors[layer.name] = run_layer(layer, *(tensors[name] for name in layer.inputs))
        except BnnsimError as error:
            raise type(error)(f"layer {layer.name} ({layer.operator}): {error}") from None
    return {layer.name: tensors[layer.name] for layer in network.layers}


def run_layer(layer: Layer, *inputs: np.ndarray) -> np.ndarray:
    """Return one layer's output (HWC) of its inputs (HWC)."""
    return _RUN[layer.operator](layer, *inputs)
