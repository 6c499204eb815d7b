"""The fixtures of `bnnsim time`'s own tests."""

from tests.cli.conftest import elf, m0_elf, run_time, timed

__all__ = ["elf", "m0_elf", "run_time", "timed"]
