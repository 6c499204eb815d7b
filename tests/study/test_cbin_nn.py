"""A network file may name operators as CBin-NN's table does; each name runs the kernel that has its loops."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bnnsim.errors import ConfigError
from bnnsim.model.cbin_nn import TABLE
from bnnsim.model.network import load_network
from bnnsim.study.config import make_study
from bnnsim.study.results import to_dict
from bnnsim.study.run import run_study

SOURCES = {"QB": "input", "QQ": "input", "BB": "bits", "BM": "bits"}
KEYS = {
    "QBConv2D": {"channels": 33, "kernel": [3, 2], "padding": "same"},
    "QQConv2D": {"channels": 33, "kernel": 3, "bias": True},
    "BBConv2D": {"channels": 5, "kernel": 3, "padding": "same", "pad_value": "one", "bias": True},
    "BBPointwiseConv2D": {"channels": 34, "stride": 2},
    "BMaxPool2D": {"kernel": 2},
    "BBFC": {"channels": 40},
    "BBQFC": {"channels": 3},
}


def network_file(folder: Path, layers: list[dict[str, object]]) -> str:
    first = {"name": "bits", "operator": "QQConv2D", "channels": 33, "kernel": 3, "padding": "same"}
    network = {"input": {"shape": [4, 5, 3], "dtype": "uint8", "scale": 1 / 255}, "parameters": {"seed": 1}}
    path = folder / "network.yaml"
    path.write_text(yaml.safe_dump({**network, "layers": [first, *layers]}))
    return str(path)


def layer_of(name: str, number: int) -> dict[str, object]:
    row = TABLE[name]
    plain = {"variant": "plain"} if row.variant == "plain" else {}
    return {"name": f"layer{number}", "operator": name, "inputs": [SOURCES[name[:2]]], **KEYS[row.operator], **plain}


def test_all_twenty_names_run_their_kernels(tmp_path: Path) -> None:
    network = network_file(tmp_path, [layer_of(name, number) for number, name in enumerate(TABLE)])
    (cell,) = to_dict(run_study(make_study({"network": network, "isa": ["base"]})))["cells"]
    layers = {layer["name"]: layer for layer in cell["layers"]}
    for number, row in enumerate(TABLE.values()):
        layer = layers[f"layer{number}"]
        assert (layer["operator"], layer["variant"]) == (row.operator, row.variant), row.name
        assert layer["verified"] is True
        assert row.operator == "BMaxPool2D" or layer["macs"] > 0


def test_names_with_prelu_have_slopes(tmp_path: Path) -> None:
    names = [name for name in TABLE if name != "BMaxPool2D"]
    network = load_network(network_file(tmp_path, [layer_of(name, number) for number, name in enumerate(names)]))
    found = {name: "slope" in layer.parameters for name, layer in zip(names, network.layers[1:], strict=True)}
    assert found == {name: name.endswith("_PReLU") for name in names}


@pytest.mark.parametrize(
    ("operator", "variant", "message"),
    [
        ("BBConv2D", "fathful", r"\(conv\) BBConv2D has no variant 'fathful'; it has .*did you mean 'faithful'"),
        ("BBConv2D_Optimized", "blocked", r"found 'blocked' .*BBConv2D_Optimized means variant faithful"),
        ("BBPointwiseConv2D", "words", r"\(conv\) BBPointwiseConv2D has no variant 'words'"),
    ],
)
def test_unknown_variant(tmp_path: Path, operator: str, variant: str, message: str) -> None:
    kernel = {} if operator == "BBPointwiseConv2D" else {"kernel": 1}
    layer = {"name": "conv", "operator": operator, "channels": 4, "variant": variant, **kernel}
    with pytest.raises(ConfigError, match=rf"network\.yaml:\d+: layers\[1\]\.variant: {message}"):
        load_network(network_file(tmp_path, [layer]))


def test_a_variant_of_another_operator_that_computes_the_layer(tmp_path: Path) -> None:
    layer = {"name": "fc", "operator": "BBFC", "channels": 4, "variant": "bitsliced_tables"}
    assert load_network(network_file(tmp_path, [layer])).layers[1].variant == "bitsliced_tables"
