"""The main job end to end: the comparison, its contract, and what breaks it."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bnnsim.cache import Cache
from bnnsim.errors import ToolchainError, VerificationError
from bnnsim.model.reference import accumulate, run_reference
from bnnsim.paths import data_root
from bnnsim.study import cell as cell_module
from bnnsim.study.cell import candidates, fastest, run_network, verify
from bnnsim.study.config import make_study
from bnnsim.study.results import to_dict
from bnnsim.study.run import make_cells, run_study

CELL_KEYS = {
    "core", "board", "isa", "toolchain", "clock_hz", "cycles", "instructions", "milliseconds", "speedup",
    "faithful_cycles", "speedup_over_faithful", "code_bytes", "flash_bytes", "ram_bytes", "verified",
    "assumed_cycle_share", "band_cycles", "stalls", "unvalidated", "layers",
}  # fmt: skip
LAYER_KEYS = {"name", "operator", "variant", "cycles", "faithful_cycles", "instructions", "macs", "speedup"}


@pytest.fixture(scope="module")
def compared():
    return to_dict(run_study(make_study({})))


def test_contract(compared):
    assert compared["schema"] == 1
    assert compared["network"] == "smallcifar"
    assert compared["reference_isa"] == "base"
    assert compared["failures"] == []
    assert {"bnnsim", "compiler", "flags", "tables", "extensions", "seeds"} <= compared["provenance"].keys()
    assert [c["isa"] for c in compared["cells"]] == ["base", "popcnt"]
    for cell in compared["cells"]:
        assert cell.keys() >= CELL_KEYS
        assert cell["verified"] is True
        layers = cell["layers"]
        assert sum(layer["cycles"] for layer in layers) == cell["cycles"]
        assert sum(layer["instructions"] for layer in layers) == cell["instructions"]
        assert cell["milliseconds"] == pytest.approx(cell["cycles"] / cell["clock_hz"] * 1e3)
        for layer in layers[:-1]:
            assert layer.keys() >= LAYER_KEYS and layer["verified"] is True
        last = layers[-1]
        assert last["name"] == "overhead" and "verified" not in last and last["macs"] == 0
        assert [last[k] for k in ("operator", "variant", "speedup", "faithful_cycles")] == [None] * 4
        assert 0 < last["cycles"] < 200


def test_figures_of_smallcifar(compared):
    base, popcnt = compared["cells"]
    assert base["speedup"] == 1.0
    assert popcnt["speedup"] == pytest.approx(base["cycles"] / popcnt["cycles"])
    assert popcnt["speedup"] > 1
    assert base["faithful_cycles"] == popcnt["faithful_cycles"]
    layers = {layer["name"]: layer for layer in base["layers"]}
    macs = {name: layers[name]["macs"] for name in ("conv1", "conv2", "conv3", "fc")}
    assert macs == {"conv1": 2_276_736, "conv2": 5_607_424, "conv3": 2_367_488, "fc": 10_240}
    # bars that the base ISA's software has to clear, so that no extension shines against a weak baseline
    assert layers["conv1"]["cycles"] <= 2.0 * 2_276_736
    assert layers["conv2"]["cycles"] <= 10 * 204_800
    assert layers["conv3"]["cycles"] <= 10 * 102_400


def cells_of(**values):
    return make_cells(make_study(values))


def seeded_network(tmp_path, seed):
    """SmallCifar with other random parameters."""
    text = (data_root() / "networks" / "smallcifar.yaml").read_text()
    assert "parameters: smallcifar.npz" in text
    path = tmp_path / f"seed{seed}.yaml"
    path.write_text(text.replace("parameters: smallcifar.npz", f"parameters: {{seed: {seed}}}"))
    return str(path)


@pytest.mark.parametrize("isa", ["base", "popcnt"])
@pytest.mark.parametrize("seed", [3, 4])
def test_headline_kernels_are_fixed_time(tmp_path, isa, seed):
    network = seeded_network(tmp_path, seed)
    cells = [cells_of(network=network, isa=[isa], input_seed=n)[0] for n in (1, 2, 3)]
    flat = dataclasses.replace(cells[2], x=np.full_like(cells[2].x, 255))
    cells[2] = dataclasses.replace(flat, expected=run_reference(flat.network, flat.x))
    found = set()
    for cell in cells:
        for layer in cell.network.layers:
            for kernel in candidates(cell, layer):
                x = cell.x if layer.inputs[0] == "input" else cell.expected[layer.inputs[0]]
                cycles = cell_module.time_kernel(cell, layer, kernel, (x,), cell.expected[layer.name])
                found.add((layer.name, kernel.variant, cycles))
    names = [(layer, variant) for layer, variant, _ in found]
    assert sorted(set(names)) == sorted(names), "a kernel's cycles depend on its input"


def test_a_layers_cycles_do_not_depend_on_what_else_is_linked():
    (cell,) = cells_of(isa=["base"])
    kernels = tuple(fastest(cell, layer) for layer in cell.network.layers)
    whole = run_network(cell, kernels)
    for first in (1, 2, 3):
        layers = [dataclasses.replace(cell.network.layers[first], inputs=("input",)), *cell.network.layers[first + 1 :]]
        part = dataclasses.replace(
            cell,
            network=dataclasses.replace(cell.network, layers=tuple(layers), input=layers[0].input),
            x=cell.expected[cell.network.layers[first - 1].name],
        )
        run = run_network(part, kernels[first:])
        assert run.timing.cycles[:-1].tolist() == whole.timing.cycles[first:-1].tolist()


def test_changing_a_cost_neither_builds_nor_emulates(monkeypatch):
    make = lambda **more: run_study(make_study({"isa": ["base", "popcnt"], **more}))  # noqa: E731
    before = make(variants=["popcount_blocked"])

    def fail(*_args, **_more):
        raise AssertionError("built or emulated")

    monkeypatch.setattr("bnnsim.build.toolchain.Toolchain._run", fail)
    monkeypatch.setattr("bnnsim.emulate.run.emulate", fail)
    after = make(variants=["popcount_blocked"], set={"popcnt.popc.issue_cycles": 3})
    assert after.cells[0].cycles == before.cells[0].cycles
    words = 175_232 + 73_984
    grown = after.cells[1].cycles - before.cells[1].cycles
    assert 1.5 * words < grown < 2.5 * words  # two more cycles for each word's popcount


def _flip_polarity(lowered, _acc):
    data = lowered.constants["polarity"]
    return {"polarity": bytes([data[0] ^ 1]) + data[1:]}


def _move_threshold(lowered, acc):
    """One channel's threshold by one step of the accumulator (2), a channel where some accumulator is that close."""
    bias = np.frombuffer(lowered.constants["bias"], "<i4").copy()
    width = np.frombuffer(lowered.constants["width"], "<u4")[: acc.shape[-1]].astype(np.int64)
    u = acc + bias[: acc.shape[-1]]
    channel = np.flatnonzero(((u + 2 >= width) != (u >= width)).any(axis=(0, 1)))[0]
    bias[channel] += 2
    return {"bias": bias.tobytes()}


def _swap_channels(lowered, _acc):
    data, size = lowered.constants["weights"], len(lowered.constants["weights"]) // 32
    return {"weights": data[size : 2 * size] + data[:size] + data[2 * size :]}


MUTATIONS = {"polarity": _flip_polarity, "threshold": _move_threshold, "swapped channels": _swap_channels}


@pytest.mark.parametrize("kernel", ["bitsliced_tables", "harley_seal", "faithful"])
@pytest.mark.parametrize("mutation", [*MUTATIONS, "border"])
def test_mutations_fail_verification(monkeypatch, kernel, mutation):
    (cell,) = cells_of(isa=["base"])
    layer = cell.network.layers[2]
    chosen = next(k for k in cell.kernels if k.operator == layer.operator and k.variant == kernel)
    lower = cell_module.lower_layer

    def mutated(layer, kernel):
        lowered = lower(layer, kernel)
        if mutation == "border":  # as if the taps outside the image had been counted
            return dataclasses.replace(lowered, fields={**lowered.fields, "pad_top": 1})
        changed = MUTATIONS[mutation](lowered, accumulate(layer, cell.expected["pool1"]))
        return dataclasses.replace(lowered, constants={**lowered.constants, **changed})

    monkeypatch.setattr(cell_module, "lower_layer", mutated)
    with pytest.raises(VerificationError, match="differ from the reference"):
        cell_module.time_kernel(cell, layer, chosen, (cell.expected["pool1"],), cell.expected["conv2"])


def test_verify_names_the_first_difference():
    (cell,) = cells_of(isa=["base"])
    layer = cell.network.layers[1]
    expected = cell.expected[layer.name]
    from bnnsim.model.pack import pack_tensor

    data = bytearray(pack_tensor(expected, layer.output))
    data[5] ^= 4  # byte 5: word 1 = pixel (0, 1), channels 8 to 15
    with pytest.raises(VerificationError, match=r"1 of 8,192 outputs differ.*row 0, column 1, channel 10"):
        verify(layer, cell.kernels[0], bytes(data), expected)


# a population count in Python only: shifted out of the emulator's 64 bits, n's upper bits do not come back
WRONG_NATIVELY = (
    "from bnnsim.isa import CX2, Extension, Source, u32\n"
    "bad = Extension('bad', 'Needs wide integers.')\n"
    "@bad.instruction(CX2(op=9), source=Source.assumed('x'), vectors=[((0x12345678,), 13)], primitive='popcount')\n"
    "def bits(n: u32) -> u32:\n"
    "    count, n = 0, (n << 40) >> 40\n"
    "    for i in range(32):\n"
    "        count += n >> i & 1\n"
    "    return count\n"
)


def test_a_failing_cell_does_not_stop_the_others(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(WRONG_NATIVELY)
    comparison = run_study(make_study({"isa": [str(path), "base"], "reference": "base"}))
    assert [c.isa for c in comparison.cells] == ["base"]
    (failure,) = comparison.failures
    assert (failure.isa, failure.stage) == ("bad", "emulate")
    assert f"{path}:3: natively: test vector bits(0x12345678) gives" in failure.message


def test_forced_variant_that_depends_on_data_reports_densities():
    comparison = run_study(make_study({"isa": ["base"], "variants": ["conv3=setbit_lists"]}))
    conv3 = next(layer for layer in comparison.cells[0].layers if layer.name == "conv3")
    assert conv3.variant == "setbit_lists"
    assert conv3.input_density is not None and 0.5 < conv3.input_density < 1
    densities, cycles = zip(*conv3.density_sweep, strict=True)
    assert densities == (0.1, 0.5, 0.9)
    assert cycles[0] < cycles[1] < cycles[2]


def test_shifted_code_costs_cycles():
    plain, shifted = (run_study(make_study({"isa": ["base"], "shift_code_bytes": n})).cells[0] for n in (0, 2))
    assert shifted.faithful_cycles != plain.faithful_cycles
    assert shifted.cycles > plain.cycles


def test_an_own_extension_works_like_ours(tmp_path):
    text = (data_root() / "isa" / "extensions" / "popcnt.py").read_text()
    path = tmp_path / "mine.py"
    path.write_text(text.replace('"popcnt",', '"mine",').replace("op=0", "op=21"))
    comparison = run_study(make_study({"isa": ["popcnt", str(path)]}))
    ours, mine = comparison.cells
    assert mine.isa == "mine"
    assert (mine.cycles, mine.instructions, mine.ram_bytes) == (ours.cycles, ours.instructions, ours.ram_bytes)


# --- processes: caches, interruption, missing tools ---


def command(*arguments, cache, **environment):
    code = "import sys; from bnnsim.cli.main import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "BNNSIM_CACHE": str(cache), **environment},
    )  # fmt: skip


def finish(process):
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_two_processes_one_cache_and_a_corrupt_one_agree(tmp_path):
    arguments = ("compare", "--json", "-")
    both = [command(*arguments, cache=tmp_path / "c") for _ in range(2)]
    (code1, out1, _), (code2, out2, _) = (finish(p) for p in both)
    assert (code1, code2) == (0, 0)
    assert json.loads(out1) == json.loads(out2)
    for number, path in enumerate(
        sorted(p for p in (tmp_path / "c").rglob("*") if p.is_file() and "numba" not in str(p))
    ):
        data = path.read_bytes()
        path.write_bytes([b"", data[: len(data) // 2], b"foreign", data[:-1] + b"\x00"][number % 4])
    code3, out3, err3 = finish(command(*arguments, cache=tmp_path / "c"))
    assert code3 == 0, err3
    assert out3 == out1


def test_unusable_cache_is_reported_and_bypassed(tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = finish(command("compare", "--isa", "base", "--json", "-", cache=tmp_path / "file" / "x"))
    assert code == 0, err
    assert "not writable" in err and "BNNSIM_CACHE" in err
    assert json.loads(out)["cells"][0]["verified"]


def test_ctrl_c_acts_and_loses_nothing(tmp_path):
    process = command("compare", "--json", "-", cache=tmp_path / "c")
    deadline = time.time() + 60
    while time.time() < deadline and not list((tmp_path / "c").glob("trace/*/*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    start = time.time()
    code, _, err = finish(process)
    assert code == 130 and "interrupted" in err
    assert time.time() - start < 5
    kept = len(list((tmp_path / "c").glob("trace/*/*")))
    assert kept >= 1
    code, out, _ = finish(command("compare", "--json", "-", cache=tmp_path / "c"))
    assert code == 0 and json.loads(out)["cells"][1]["verified"]


def test_missing_compiler_says_how_to_install_it(tmp_path):
    code, _, err = finish(
        command("compare", "--toolchain", "gcc", cache=tmp_path, PATH=str(Path(sys.executable).parent))
    )
    assert code == 3
    assert "arm-none-eabi-gcc is not on the PATH" in err and "apt install gcc-arm-none-eabi" in err


def test_broken_compiler_is_named(tmp_path):
    for tool in ("arm-none-eabi-gcc", "arm-none-eabi-ld"):
        (tmp_path / tool).write_text("#!/bin/sh\necho cannot >&2\nexit 7\n")
        (tmp_path / tool).chmod(0o755)
    code, _, err = finish(command("compare", "--toolchain", "gcc", cache=tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin"))
    assert code == 3
    assert "does not run: cannot" in err


def test_a_compile_error_shows_the_compilers_message(tmp_path):
    from bnnsim.build.toolchain import load_toolchain

    (tmp_path / "wrong.c").write_text("int f(void) { return missing; }\n")
    with pytest.raises(ToolchainError, match=r"wrong\.c:1:22: error: use of undeclared identifier"):
        load_toolchain("clang", "cortex-m4").compile(tmp_path / "wrong.c", (), 0, Cache(tmp_path / "c"))


# --- a user's own kernel, board and extension that go wrong ---

KERNEL = """/* ---
operator: BMaxPool2D
variant: VARIANT
idea: a test
--- */
#include "bnn_layer.h"
#include "extra.h"
void bmaxpool2d_VARIANT(const bnn_layer *layer)
{
    const uint32_t *in = layer->input;
    uint32_t *out = layer->output;
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++, out += layer->out_words)
            for (int32_t n = 0; n < layer->in_words; n++) {
                out[n] = 0;
                for (int32_t k = 0; k < 4; k++)
                    out[n] |= in[((2 * y + k / 2) * layer->in_w + 2 * x + k % 2) * layer->in_words + n];
            }
    EXTRA
}
"""


def own_kernel(tmp_path, variant="mine", extra="", header="", place="extra.h"):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(header)
    path = tmp_path / "kernel.c"
    path.write_text(KERNEL.replace("VARIANT", variant).replace("EXTRA", extra).replace("extra.h", place))
    return f"pool1={path}"


def pool1_of(variant):
    comparison = run_study(make_study({"isa": ["base"], "variants": [variant]}))
    return comparison.failures or comparison.cells[0].layers[1]


@pytest.mark.parametrize("place", ["extra.h", "folder/extra.h"])
def test_own_kernel_is_used_and_follows_its_header(tmp_path, place):
    first = pool1_of(own_kernel(tmp_path, place=place))
    assert first.variant == "mine" and first.verified
    slower, slowest = (
        pool1_of(own_kernel(tmp_path, extra="WORK", header=f"#define WORK {loop}", place=place))
        for loop in (f'for (int i = 0; i < {times}; i++) __asm__ volatile("");' for times in (999, 9999))
    )
    assert first.cycles < slower.cycles < slowest.cycles - 5000


@pytest.mark.parametrize(
    "extra", ["*out = 0;", "((volatile uint32_t *)layer->output)[-1] = 0;", "(void)*(volatile uint32_t *)(in - 1);"]
)
def test_own_kernel_outside_its_buffers_gets_no_number(tmp_path, extra):
    (failure,) = pool1_of(own_kernel(tmp_path, extra=extra))
    assert failure.stage == "emulate"
    assert "unmapped memory" in failure.message and "kernel.c" in failure.message


def test_own_kernel_may_not_take_the_name_of_ours(tmp_path):
    (failure,) = pool1_of(own_kernel(tmp_path, variant="words"))
    assert "has a variant 'words' already; rename yours" in failure.message


def board_of(tmp_path, ram_bytes):
    path = tmp_path / "small.yaml"
    path.write_text(
        "name: small\ndescription: A test.\nreal: false\nclock_hz: 1000000\nmemory:\n"
        "  flash: {address: 0x08000000, bytes: 0x10000, wait_states: 0}\n"
        f"  ram: {{address: 0x20000000, bytes: {ram_bytes}, wait_states: 0}}\n"
    )
    return str(path)


def test_a_board_that_is_too_small_says_so(tmp_path):
    (failure,) = run_study(make_study({"isa": ["base"], "boards": [board_of(tmp_path, 0x4000)]})).failures
    assert "bytes of ram, small has 16,384" in failure.message
    fits = run_study(make_study({"isa": ["base"], "boards": [board_of(tmp_path, 0x8000)]}))
    assert fits.cells[0].ram_bytes < 0x8000


def test_a_layer_that_cannot_fit_is_refused_before_anything_is_built(tmp_path, monkeypatch):
    network = tmp_path / "large.yaml"
    network.write_text(
        "description: A test.\ninput: {shape: [1000, 1000, 3], dtype: uint8, scale: 0.004}\nparameters: {seed: 1}\n"
        "layers:\n  - {name: conv1, operator: QQConv2D, channels: 32, kernel: 3, padding: same}\n"
    )
    monkeypatch.setattr("bnnsim.build.toolchain.Toolchain._run", None)
    (failure,) = run_study(make_study({"isa": ["base"], "network": str(network)})).failures
    assert "needs at least" in failure.message and "of ram for one layer" in failure.message


def test_a_network_on_armv6m():
    study = make_study({"cores": ["cortex-m0plus"], "isa": ["base"], "variants": ["faithful"]})
    (cell,) = run_study(study).cells
    assert cell.board == "zero-wait" and cell.cycles > cell.instructions > 0
