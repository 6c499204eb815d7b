"""Shared fixtures: a cache of the tests' own, small programs built and emulated, the compilers there are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Shared by all workers and runs, never the user's own; content-addressed, so nothing stale is ever used.
os.environ.setdefault("BNNSIM_CACHE", str(REPOSITORY / ".pytest_cache" / "bnnsim"))

from bnnsim.cache import Cache  # noqa: E402

FLASH, RAM = 0x0800_0000, 0xA020_0000
REGIONS_OF_ZERO_WAIT = (("flash", FLASH, 4 << 20, False), ("ram", RAM, 4 << 20, True))


def compilers() -> list[str]:
    """Toolchains to test with: GCC where it is installed; BNNSIM_REQUIRE_GCC=1 makes its absence a failure."""
    have_gcc = shutil.which("arm-none-eabi-gcc") is not None
    return ["clang", "gcc"] if have_gcc or os.environ.get("BNNSIM_REQUIRE_GCC") == "1" else ["clang"]


@pytest.fixture(params=compilers())
def toolchain(request):
    from bnnsim.build.toolchain import load_toolchain

    return load_toolchain(request.param, "cortex-m4")


@pytest.fixture(scope="session")
def regions():
    from bnnsim.emulate.plan import Region

    return tuple(Region(*r) for r in REGIONS_OF_ZERO_WAIT)


@pytest.fixture(scope="session")
def run_source(tmp_path_factory, regions):
    """Build C or assembly text and call one of its functions: run_source(text, function, args, …) → (image, trace)."""
    from bnnsim.build.program import Builder
    from bnnsim.build.toolchain import load_toolchain
    from bnnsim.emulate.layouts import function_plan
    from bnnsim.emulate.run import emulate
    from bnnsim.isa import load_isa

    folder = tmp_path_factory.mktemp("sources")

    def run(text, function="test", args=(), isa="base", suffix=".c", compiler="clang", limit=None):
        from dataclasses import replace

        path = folder / f"program{suffix}"
        path.write_text(text)
        builder = Builder(load_toolchain(compiler, "cortex-m4"), load_isa(isa), Cache(), FLASH, RAM)
        image = builder.build_function(path, function)
        plan = function_plan(image, function, regions, tuple(args))
        if limit:
            plan = replace(plan, limit_instructions=limit)
        return image, plan, emulate(image, plan, "cortex-m4")

    return run
