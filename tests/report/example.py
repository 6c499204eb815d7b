"""A comparison made by hand: three layers, two ISAs, numbers that are easy to check."""

from __future__ import annotations

from bnnsim.study.results import CellResult, Comparison, Failure, LayerResult, with_speedups
from bnnsim.timing.custom_costs import CustomCost

FLAGS = "-std=gnu11 -O2 -g -ffreestanding -mcpu=cortex-m4 -mthumb -mfloat-abi=soft"


def layer(name: str, operator: str | None, variant: str | None, cycles: int, **more: object) -> LayerResult:
    """A layer with CPI 1.25; layers other than the overhead are verified."""
    known = {"verified": True} if operator else {}
    return LayerResult(name, operator, variant, cycles, cycles * 4 // 5, **{**known, **more})  # type: ignore[arg-type]


def cell(isa: str, conv1: int, conv2: int, fc: int, core: str = "cortex-m4", **more: object) -> CellResult:
    """A cell whose faithful kernels take 4,000,000 + 8,000,000 + 100,000 cycles, 2,000 of overhead."""
    fast = "popcount" if isa == "popcnt" else "harley_seal"
    custom = {"custom_instructions": 1_000} if isa == "popcnt" else {}
    layers = (
        layer("conv1", "QQConv2D", "smlad", conv1, macs=864_000, faithful_cycles=4_000_000),
        layer("conv2", "BBConv2D", fast, conv2, macs=9_437_184, faithful_cycles=8_000_000, words=294_912, **custom),
        layer("fc", "BBQFC", fast, fc, macs=40_960, faithful_cycles=100_000, words=1_280, **custom),
        layer("overhead", None, None, 2_000),
    )
    values = {
        "core": core,
        "board": "zero-wait",
        "isa": isa,
        "toolchain": "clang",
        "clock_hz": 100_000_000,
        "cycles": sum(part.cycles for part in layers),
        "instructions": sum(part.instructions for part in layers),
        "faithful_cycles": 12_102_000,
        "code_bytes": 9_012,
        "flash_bytes": 110_324,
        "ram_bytes": 70_656,
        "assumed_cycle_share": 0.125 if isa == "popcnt" else 0.0,
        "cycle_share_by_source": {"manual": 0.875, "measured": 0.0, "assumed": 0.125}
        if isa == "popcnt"
        else {"manual": 1.0},
        "unvalidated": ("misaligned accesses",),
        "data_port_bits": 32,
        "custom_costs": {"popcnt.popc": CustomCost(1, 3, "assumed", "a guess")} if isa == "popcnt" else {},
        "layers": layers,
    }
    return CellResult(**{**values, **more})  # type: ignore[arg-type]


def comparison(*, failed: bool = False, cores: tuple[str, ...] = ("cortex-m4",)) -> Comparison:
    """base against popcnt: conv2 twice, fc four times as fast, conv1 a little slower."""
    cells = [
        made
        for core in cores
        for made in (
            cell("base", 1_200_000, 2_500_000, 80_000, core),
            cell("popcnt", 1_250_000, 1_250_000, 20_000, core),
        )
    ]
    provenance = {
        "bnnsim": "0.1.0",
        "compiler": "clang 22.1.0 (ziglang 0.17.0)",
        "flags": FLAGS,
        "seeds": {"input": 1, "parameters": 7},
    }
    failure = Failure("cortex-m4", "zero-wait", "xpopacc", "build", "conv2: no kernel fits")
    return with_speedups(Comparison("smallcifar", "base", provenance, tuple(cells), (failure,) if failed else ()))
