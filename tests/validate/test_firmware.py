"""The firmware: built for boards, run to its end in an emulator, its table of results read."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from unicorn import UC_ARCH_ARM, UC_HOOK_INTR, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn import arm_const as uc

from bnnsim.build.image import load_image
from bnnsim.isa import load_isa
from bnnsim.validate.suite import load_suite

VALIDATION = Path(__file__).parents[2] / "validation"
FIRMWARE = VALIDATION / "firmware"
RAM, RAM_BYTES = 0x2000_0000, 1 << 20

needs_tools = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("arm-none-eabi-gcc")), reason="needs cmake and arm-none-eabi-gcc"
)


def build(folder, board, *options):
    configure = ["cmake", "-S", FIRMWARE, "-B", folder, f"-DBOARD={board}", f"-DPYTHON={sys.executable}", *options]
    for command in (configure, ["cmake", "--build", folder, "--parallel", "2"]):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in (done.stderr + done.stdout).lower()
    return folder / "firmware.elf"


def run(elf, cpu):
    """Run from reset to BKPT; returns its operand and what RAM holds. Counters are plain memory and read 0."""
    image = load_image(elf.read_bytes(), load_isa("base"))
    engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(cpu)
    for address, size in ((0x0800_0000, 1 << 20), (RAM, RAM_BYTES), (0xE000_0000, 1 << 20)):
        engine.mem_map(address, size)
    for segment in image.segments:
        engine.mem_write(segment.address, segment.data)
    engine.hook_add(UC_HOOK_INTR, lambda *_: engine.emu_stop())
    engine.emu_start(image.symbol("reset") | 1, 0xFFFF_FFFF, timeout=60_000_000)
    pc = engine.reg_read(uc.UC_ARM_REG_PC)
    return image.read(pc, 2), bytes(engine.mem_read(RAM, RAM_BYTES))


BOARDS = [
    ("nucleo-f446re", "cortex-m4", uc.UC_CPU_ARM_CORTEX_M4),
    ("nucleo-l073rz", "cortex-m0plus", uc.UC_CPU_ARM_CORTEX_M0),
    ("nucleo-f746zg", "cortex-m7", uc.UC_CPU_ARM_CORTEX_M7),
]


@needs_tools
@pytest.mark.parametrize(("board", "core", "cpu"), BOARDS)
def test_runs_every_program_to_the_end(tmp_path, board, core, cpu):
    stop, ram = run(build(tmp_path / "build", board), cpu)
    assert stop == b"\x00\xbe"  # bkpt #0, not the bkpt #1 of a fault
    (tmp_path / "ram.bin").write_bytes(ram)
    script = [sys.executable, str(FIRMWARE / "read_results.py"), "ram.bin", "board"]
    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True)
    for name in ("rules", "kernels"):
        suite = load_suite(VALIDATION / f"{name}.yaml")
        with open(tmp_path / f"board-{name}.csv") as file:
            rows = list(csv.DictReader(file))
        assert [row["name"] for row in rows] == [p.name for p in suite.programs if core in p.cycles]
        # Without a counter a difference is 0, and a whole program leaves the 2 cycles of an empty call.
        expected = {p.name: "0" if suite.iterations_of(p) else "2" for p in suite.programs}
        assert all(row["cycles"] == expected[row["name"]] for row in rows)


@needs_tools
def test_builds_with_semihosting(tmp_path):
    assert b"name,cycles" in build(tmp_path / "build", "nucleo-u575zi-q", "-DSEMIHOSTING=ON").read_bytes()


@needs_tools
def test_unknown_board_is_told(tmp_path):
    done = subprocess.run(["cmake", "-S", FIRMWARE, "-B", tmp_path, "-DBOARD=nucleo"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "no board 'nucleo'" in done.stderr


@pytest.mark.parametrize(
    ("dump", "words"),
    [
        (b"nothing", "no table of results"),
        (b"BNNSIM-RESULTS-1" + (3).to_bytes(4, "little") + (2).to_bytes(4, "little"), "finished 2 of 3"),
        (b"BNNSIM-RESULTS-1" + b"\x01\0\0\0" * 2, "the dump ends inside"),
        (b"BNNSIM-RESULTS-1" * 2, "two tables"),
        (b"BNNSIM-RESULTS-1", "the dump ends inside"),
    ],
)
def test_dumps_without_a_whole_table(tmp_path, dump, words):
    (tmp_path / "ram.bin").write_bytes(dump)
    command = [sys.executable, str(FIRMWARE / "read_results.py"), "ram.bin"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert words in done.stderr
    assert not list(tmp_path.glob("*.csv"))
