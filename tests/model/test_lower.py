"""Lowering: fields, constants, and a plain integer model of the kernels' arithmetic against the reference."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import LoweringError
from bnnsim.model.kernels import Kernel, load_kernels
from bnnsim.model.lowering import integer_fields, layer_fields, layer_struct_fields, lower_layer
from bnnsim.model.network import Layer, load_network, network_of, random_input, random_layer
from bnnsim.model.pack import pack_tensor
from bnnsim.model.reference import accumulate, run_layer
from bnnsim.paths import data_root


def kernel_for(layer: Layer, supports: str = "1", weights: str | None = None) -> Kernel:
    layouts = {"QQConv2D": "int8 O Y X C", "BMaxPool2D": None}
    return Kernel(
        operator=layer.operator,
        variant="any",
        path=Path("any.c"),
        function=f"{layer.operator.lower()}_any",
        idea="",
        needs=(),
        fixed_time=True,
        weights=weights or layouts.get(layer.operator, "bit O Y X C/32 C%32"),
        scratch_bytes="4 * in_words",
        supports=supports,
    )


def test_struct_fields_are_those_of_the_header() -> None:
    names = layer_struct_fields()
    assert names[:8] == ("input", "output", "scratch", "weights", "bias", "width", "polarity", "requantize")
    header = (data_root() / "kernels" / "include" / "bnn_layer.h").read_text()
    struct = re.sub(r"/\*.*?\*/", "", header.split("typedef struct")[1].split("} bnn_layer;")[0], flags=re.DOTALL)
    assert re.findall(r"\b(\w+)\s*[,;]", struct) == list(names) and len(set(names)) == len(names)
    layer = random_layer("BMaxPool2D", (4, 4, 33), kernel=2)
    pointers = names.index("input_count")
    assert tuple(layer_fields(layer)) == names[pointers:]
    assert integer_fields() == tuple(name for name in names[pointers:] if name not in ("act_min", "act_max"))


def test_fields_of_a_convolution() -> None:
    layer = random_layer("BBConv2D", (9, 7, 33), 65, (5, 2), (2, 3), "same")
    fields = lower_layer(layer, kernel_for(layer)).fields
    assert {name: value for name, value in fields.items() if value} == {
        **{"in_h": 9, "in_w": 7, "in_c": 33, "in_words": 2},
        **{"out_h": 5, "out_w": 3, "out_c": 65, "out_words": 3},
        **{"kernel_h": 5, "kernel_w": 2, "stride_h": 2, "stride_w": 3, "pad_top": 2},
        **{"input_count": 1, "groups": 1},
    }


def test_fields_of_a_dense_layer() -> None:
    layer = random_layer("BBQFC", (4, 3, 33), 10, output="int16")
    lowered = lower_layer(layer, kernel_for(layer))
    expected = {"kernel_h": 4, "kernel_w": 3, "out_h": 1, "out_w": 1, "out_words": 0, "out_c": 10}
    expected |= {"out_min": -(2**15), "out_max": 2**15 - 1, "out_bytes": 2, "shift": 16}
    assert expected.items() <= lowered.fields.items()
    assert lowered.constants.keys() == {"weights", "requantize"}
    assert len(lowered.constants["requantize"]) == 10 * 4 * 4
    assert (lowered.input_bytes, lowered.output_bytes, lowered.scratch_bytes) == ((4 * 3 * 8,), 20, 8)


def bits_by_xor(layer: Layer, x: np.ndarray, weights: bytes) -> np.ndarray:
    """Accumulators of packed words as kernels compute them: real channels minus twice the differing bits."""
    fields = layer_fields(layer)
    words = np.frombuffer(pack_tensor(x, layer.input), "<u4").reshape(*layer.input.shape[:2], -1)
    taps = np.frombuffer(weights, "<u4").reshape(
        fields["out_c"], fields["kernel_h"], fields["kernel_w"], fields["in_words"]
    )
    acc = np.zeros(layer.output.shape, np.int64)
    for row, column in np.ndindex(layer.output.shape[:2]):
        for ky, kx in np.ndindex(taps.shape[1:3]):
            y = row * fields["stride_h"] - fields["pad_top"] + ky
            x_ = column * fields["stride_w"] - fields["pad_left"] + kx
            if 0 <= y < fields["in_h"] and 0 <= x_ < fields["in_w"]:
                differing = np.bitwise_count(words[y, x_] ^ taps[:, ky, kx]).sum(axis=-1, dtype=np.int64)
                acc[row, column] += fields["in_c"] - 2 * differing
    return acc


def threshold(acc: np.ndarray, constants: dict[str, bytes]) -> np.ndarray:
    """bit = polarity ^ ((uint32_t)(acc + bias) >= width), as ±1."""
    outputs = acc.shape[-1]
    bias, width = (np.frombuffer(constants[key], "<u4")[:outputs] for key in ("bias", "width"))
    flips = np.unpackbits(np.frombuffer(constants["polarity"], np.uint8), bitorder="little")[:outputs]
    return 2 * (((acc.astype(np.uint32) + bias) >= width) ^ flips).astype(np.int8) - 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 31, 32, 40]), st.integers(1, 40), st.booleans())
def test_integers_agree_with_the_reference(seed: int, channels: int, outputs: int, prelu: bool) -> None:
    layer = random_layer("BBConv2D", (4, 5, channels), outputs, (3, 2), 1, "same", rng=seed, prelu=prelu)
    x = random_input(network_of("one", [layer]), seed)
    constants = lower_layer(layer, kernel_for(layer)).constants
    acc = bits_by_xor(layer, x, constants["weights"])
    np.testing.assert_array_equal(threshold(acc, constants), run_layer(layer, x))


def test_first_and_last_layer_of_smallcifar() -> None:
    network = load_network("smallcifar")
    x = random_input(network, 1)
    first, last = network.layers[0], network.layers[-1]
    constants = lower_layer(first, kernel_for(first)).constants
    assert {name: len(data) for name, data in constants.items()} == {
        **{"weights": 2400, "bias": 128, "width": 128, "polarity": 4}
    }
    np.testing.assert_array_equal(threshold(accumulate(first, x), constants), run_layer(first, x))
    features = random_input(network_of("dense", [last]), 1)
    lowered = lower_layer(last, kernel_for(last))
    m_pos, m_neg, offset, bias = np.frombuffer(lowered.constants["requantize"], "<i4").reshape(-1, 4).T
    acc = bits_by_xor(last, features, lowered.constants["weights"])[0, 0].astype(np.int32)
    assert not bias.any()
    shift = lowered.fields["shift"]
    y = (acc * np.where(acc > 0, m_pos, m_neg) + offset + np.int32(1 << (shift - 1))) >> shift
    np.testing.assert_array_equal(np.clip(y, -128, 127), run_layer(last, features)[0, 0])


def test_every_layer_of_smallcifar_lowers_for_every_kernel_that_accepts_it() -> None:
    kernels = load_kernels()
    for layer in load_network("smallcifar").layers:
        accepting = [kernel for kernel in kernels if kernel.accepts(layer)]
        assert accepting, f"no kernel for {layer.name}"
        for kernel in accepting:
            lowered = lower_layer(layer, kernel)
            assert ("weights" in lowered.constants) == (kernel.weights is not None)
            assert lowered.scratch_bytes % 4 == 0


def test_refusals_name_layer_and_kernel() -> None:
    layer = random_layer("BBConv2D", (4, 4, 32), 8, 3, name="conv2")
    with pytest.raises(LoweringError, match=r"conv2 \(BBConv2D\): kernel bbconv2d_any supports in_words > 1"):
        lower_layer(layer, kernel_for(layer, supports="in_words > 1"))
    pool = random_layer("BMaxPool2D", (4, 4, 32), kernel=2)
    with pytest.raises(LoweringError, match=r"conv2 .*kernel bmaxpool2d_any is for BMaxPool2D"):
        lower_layer(layer, kernel_for(pool))
    integers = random_layer("QQConv2D", (4, 4, 3), 8, 3, name="conv1")
    with pytest.raises(LoweringError, match=r"conv1 .*bit weights are -1 and \+1"):
        lower_layer(integers, kernel_for(integers, weights="bit O Y X C/32 C%32"))
    broken = random_layer("BBConv2D", (4, 4, 32), 8, 3, name="conv2")
    broken.parameters["mean"][0] = np.nan
    with pytest.raises(LoweringError, match=r"conv2 .*not finite"):
        lower_layer(broken, kernel_for(broken))
