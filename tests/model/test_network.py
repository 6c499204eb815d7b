"""Loading networks: shapes, counts, digests, and every way to get a description wrong."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from bnnsim.errors import ConfigError, UsageError
from bnnsim.model.network import Network, load_network, network_of, random_input, random_layer
from bnnsim.paths import data_root

SMALL = """\
input: {shape: [8, 8, 3], dtype: uint8, scale: 0.1}
parameters: {seed: 7}
layers:
  - {name: conv, operator: QQConv2D, channels: 5, kernel: [3, 2], padding: same, prelu: true}
  - {name: pool, operator: BMaxPool2D, kernel: 2}
  - {name: fc, operator: BBQFC, channels: 4, output: int16}
"""


@pytest.fixture
def write(tmp_path: Path):
    """Write a description, with texts replaced, and return its path."""

    def _write(*replacements: tuple[str, str]) -> Path:
        text = SMALL
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return path

    return _write


@pytest.fixture(scope="module")
def smallcifar() -> Network:
    return load_network("smallcifar")


def test_smallcifar_counts(smallcifar: Network) -> None:
    macs = {layer.name: layer.macs for layer in smallcifar.layers if layer.macs}
    assert macs == {"conv1": 2_276_736, "conv2": 5_607_424, "conv3": 2_367_488, "fc": 10_240}
    words = {layer.name: layer.nominal_words for layer in smallcifar.layers if layer.nominal_words}
    assert words == {"conv2": 204_800, "conv3": 102_400, "fc": 320}
    assert [layer.output.shape for layer in smallcifar.layers][-2:] == [(4, 4, 64), (1, 1, 10)]
    assert smallcifar.parameter_seed is None


def test_smallcifar_meets_the_special_cases(smallcifar: Network) -> None:
    for layer in smallcifar.layers:
        if layer.macs:
            slope, gamma = layer.parameters["slope"], layer.parameters["gamma"]
            assert slope.min() < -1 and slope.max() > 1
            assert gamma.min() < 0 < gamma.max() and abs(gamma).min() < 1e-3


def test_smallcifar_is_what_its_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = data_root() / "networks"
    target = tmp_path / "again.npz"
    monkeypatch.setattr(sys, "argv", ["make_smallcifar.py", str(target)])
    runpy.run_path(str(folder / "make_smallcifar.py"), run_name="__main__")
    with np.load(target) as made, np.load(folder / "smallcifar.npz") as kept:
        assert sorted(made.files) == sorted(kept.files)
        for name in made.files:
            np.testing.assert_array_equal(made[name], kept[name], err_msg=name)
    assert [p.name for p in tmp_path.iterdir()] == ["again.npz"]


def test_seeded_parameters(write) -> None:
    path = write()
    network, again = load_network(path), load_network(str(path))
    assert network.name == "small" and network.parameter_seed == 7
    assert network.digest == again.digest
    conv, pool, fc = network.layers
    assert conv.parameters["input_scale"] == np.float32(0.1)
    assert pool.parameters == {} and pool.output.shape == (4, 4, 5)
    assert "slope" not in fc.parameters and fc.output.dtype == "int16"
    assert load_network(write(("seed: 7", "seed: 8"))).digest != network.digest
    assert load_network(write(("0.1", "0.2"))).digest != network.digest
    assert load_network(write(("input:", "description: prose\ninput:"))).digest == network.digest


def test_inputs_may_name_any_earlier_tensor(write) -> None:
    path = write(("kernel: 2}", "kernel: 2, inputs: [conv]}"), ("output: int16", "inputs: [conv]"))
    fc = load_network(path).layers[2]
    assert fc.inputs == ("conv",) and fc.input.shape == (8, 8, 5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BMaxPool2D", "BMaxPol2D", r"5: layers\[1\].operator: unknown operator.*did you mean 'BMaxPool2D'"),
        ("kernel: 2", "kernel: 9", r"5: layers\[1\]: \(pool\) kernel of 9 does not fit into 8 pixels"),
        (
            "kernel: 2",
            "channels: 3",
            r"5: layers\[1\].channels: BMaxPool2D does not take it; it takes kernel",
        ),
        ("channels: 4, ", "", r"6: layers\[2\]: \(fc\) BBQFC needs channels"),
        ("kernel: [3, 2], ", "", r"4: layers\[0\]: \(conv\) QQConv2D needs kernel"),
        ("kernel: [3, 2]", "kernel: true", r"4: layers\[0\].kernel.*found true"),
        ("padding: same", "padding: full", r"4: layers\[0\].padding: found 'full'.*same"),
        ("name: pool", "name: overhead", r"5: layers\[1\].name: found 'overhead', a row of every table"),
        ("name: pool", "name: conv", r"5: layers\[1\]: \(conv\) the name 'conv' is taken"),
        ("kernel: 2", "kernel: 2, inputs: [con]", r"5:.*unknown input 'con'; .*did you mean 'conv'"),
        ("kernel: 2", "kernel: 2, inputs: [conv, input]", r"5:.*BMaxPool2D has one input, found 2"),
        ("kernel: 2", "kernel: 2, inputs: [input]", r"BMaxPool2D reads bit tensors, found uint8"),
        ("dtype: uint8", "dtype: bit", r"4:.*QQConv2D reads uint8 tensors, found bit"),
        ("seed: 7", "sed: 7", r"2: parameters.*sed"),
        ("{seed: 7}", "none.npz", r"none.npz: no such parameter file"),
    ],
)
def test_wrong_descriptions(write, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_network(write((old, new)))


def test_wrong_arrays_are_all_told(write, tmp_path: Path) -> None:
    arrays = {
        f"{layer.name}.{name}": a
        for layer in load_network(write()).layers
        for name, a in layer.parameters.items()
        if name != "input_scale"
    }
    path = write(("{seed: 7}", "own.npz"))
    np.savez(tmp_path / "own.npz", **arrays)
    assert load_network(path).parameter_seed is None
    wrong = arrays | {"conv.slop": arrays["conv.slope"], "fc.beta": np.zeros(3, np.float32)}
    del wrong["conv.slope"]
    wrong["fc.gamma"] = np.ones(4)
    np.savez(tmp_path / "own.npz", **wrong)
    with pytest.raises(ConfigError) as info:
        load_network(path)
    told = [problem.split("own.npz: ")[1] for problem in info.value.problems]
    assert told == [
        "unexpected array 'conv.slop'; did you mean 'conv.slope'?",
        "no array 'conv.slope', expected shape (5,); did you mean 'conv.slop'?",
        "fc.gamma: found float64 elements, expected float32",
        "fc.beta: found shape (3,), expected (4,)",
    ]


def test_wrong_values_are_all_told(write, tmp_path: Path) -> None:
    arrays = {
        f"{layer.name}.{name}": a.copy()
        for layer in load_network(write()).layers
        for name, a in layer.parameters.items()
        if name != "input_scale"
    }
    arrays["fc.weights"][1, 2, 3, 4] = 0
    arrays["conv.mean"][2] = np.nan
    arrays["conv.variance"][0] = -1
    arrays["conv.weight_scale"][()] = 0
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(ConfigError) as info:
        load_network(write(("{seed: 7}", "own.npz")))
    told = {problem.split("own.npz: ")[1].split(";")[0] for problem in info.value.problems}
    assert told == {
        "fc.weights[1, 2, 3, 4]: found 0",
        "conv.mean[2]: found nan",
        "conv.variance[0]: found -1.0",
        "conv.weight_scale[]: found 0.0",
    }


def test_not_a_parameter_file(write, tmp_path: Path) -> None:
    (tmp_path / "own.npz").write_text("no arrays here")
    with pytest.raises(ConfigError, match=r"own.npz: not a readable .npz file"):
        load_network(write(("{seed: 7}", "own.npz")))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04 cut off"])
def test_cut_off_parameter_files(write, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(ConfigError, match=r"own.npz: not a readable .npz file"):
        load_network(write(("{seed: 7}", "own.npz")))


def test_one_array_is_no_parameter_file(write, tmp_path: Path) -> None:
    with (tmp_path / "own.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ConfigError, match=r"own.npz: .*one array, expected an archive"):
        load_network(write(("{seed: 7}", "own.npz")))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("BBConv2D, channels: 4, kernel: [3, 9, 2]", r"layers\[0\].kernel: found a list of 3; expected an integer or"),
        ("BBConv2D, channels: 4, kernel: [0, 3]", r"layers\[0\].kernel\[0\]: found 0 .*more than 0"),
        ("BBConv2D, channels: 4, kernel: 3.5", r"found 3.5 \(number\); expected an integer or \[height, width\]"),
        ("BBConv2D, channels: 4, kernel: 1, variant: ''", r"layers\[0\].variant: found '' "),
        ("BBConv2D_Optimised, channels: 4, kernel: 1", "did you mean 'BBConv2D_Optimized'"),
        ("BBConv2D_Optimized, channels: 4, kernel: 1, variant: plain", "found 'plain'.*means variant faithful"),
        ("BBConv2D_Optimized_PReLU, channels: 4, kernel: 1, prelu: false", "prelu: found false .*prelu true"),
        ("Reshape_bit, shape: [36, 64]", r"shape: found a list of 2; expected \[height, width, channels\]"),
        ("BBQFC, channels: 4, output: bit", "BBQFC writes int8, int16 or int32, found output bit"),
        ("BBQFC, channels: 4, output_scale: 1.0e-50", "output_scale: found 1e-50; expected a scale from"),
        ("BBFC, channels: 999999", r"weights of shape .* elements; allowed are 33,554,432"),
        ("BBConv2D, channels: 99999999, kernel: 1", r"the output of shape .* elements; allowed are 33,554,432"),
    ],
)
def test_wrong_layers_of_bits(tmp_path: Path, layer: str, message: str) -> None:
    path = tmp_path / "bits.yaml"
    head = "input: {shape: [6, 6, 64], dtype: bit}\nparameters: {seed: 1}\nlayers:\n"
    path.write_text(f"{head}  - {{name: a, operator: {layer}}}\n")
    with pytest.raises(ConfigError, match=rf"bits.yaml:4: .*{message}"):
        load_network(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[8, 8, 3]", "[3000, 3000, 64]", "input: the input of shape .* has 576,000,000 elements"),
        ("[8, 8, 3]", "[8, 8]", r"input.shape: found a list of 2; expected \[height, width, channels\]"),
        ("uint8, scale: 0.1", "int8, zero_point: 300", "input: zero point 300: int8 holds -128..127"),
        ("scale: 0.1", "scale: 1.0e+300", "input.scale: found 1e[+]300; expected a scale from"),
    ],
)
def test_wrong_inputs_are_told_with_the_line(write, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"small.yaml:1: {message}"):
        load_network(write((old, new)))


def test_one_layer_with_a_list(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    head = "input: {shape: [6, 6, 64], dtype: bit}\nparameters: {seed: 1}\nlayers:\n"
    path.write_text(head + "  - {name: a, operator: BBConv2D, channels: 4, kernel: [3, 5], stride: 2}\n")
    assert load_network(path).layers[0].output.shape == (2, 1, 4)


def test_single_layers() -> None:
    layer = random_layer("BBConv2D", (6, 4, 33), 40, (3, 2), (2, 1), "same", rng=1, name="conv")
    network = network_of("sweep", [layer])
    assert network.input.dtype == "bit" and layer.inputs == ("input",)
    for density in (0.0, 0.25, 1.0):
        x = random_input(network, 3, density)
        assert x.dtype == np.int8 and abs((x == 1).mean() - density) < 0.1
    with pytest.raises(UsageError, match=r"^random layer: output: BBConv2D does not take it"):
        random_layer("BBConv2D", (6, 4, 33), 40, 3, output="int8")
    with pytest.raises(UsageError, match="did you mean 'BBConv2D'"):
        random_layer("BBConv", (6, 4, 33))
