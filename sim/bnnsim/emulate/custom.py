"""Custom instructions in the emulator: semantics compiled by Numba, called from a native hook at each site."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc, njit, types

from bnnsim.errors import ExtensionError
from bnnsim.isa import Instruction, Isa

_SIGNATURE = types.int64(types.int64, types.int64, types.int64)


def compile_semantics(isa: Isa) -> dict[str, Any]:
    """Compile every custom instruction's semantics; the cfunc by instruction name.

    Raises ExtensionError with file and line if Numba cannot compile one.
    """
    found = {}
    for extension in isa.extensions:
        for instruction in extension.instructions:
            where = f"{extension.path}:{instruction.line}: "
            try:
                operands = instruction.encoding.form.operands
                found[instruction.name] = _compile(instruction.semantics, operands, instruction.signed)
            except Exception as error:  # Numba raises more than NumbaError, e.g. for a class in the function
                lines = [line for line in str(error).splitlines() if line.strip()]
                raise ExtensionError(
                    f"{where}the semantics of {instruction.name} do not compile "
                    f"natively (write them in the subset of Python that Numba supports):\n  " + "\n  ".join(lines[:6])
                ) from error
            _check_vectors(instruction, found[instruction.name], where)
    return found


def _check_vectors(instruction: Instruction, compiled: Any, where: str) -> None:
    """Run the test vectors natively: Python's integers have no width, the emulator's have 64 bits."""
    operands = instruction.encoding.form.operands
    for values, expected in instruction.vectors:
        by_name = dict(zip(operands, values, strict=True))
        arguments = [by_name.get(name, 0) for name in ("d", "n", "m")]
        result = compiled.ctypes(*arguments)
        if result != expected & 0xFFFFFFFF:
            shown = ", ".join(f"{name}={value:#x}" for name, value in by_name.items())
            gives = "raises" if result < 0 else f"gives {result:#x}"
            raise ExtensionError(
                f"{where}{instruction.name} {gives} natively at {shown}, expected {expected:#x}; "
                "integers in the emulator have 64 bits"
            )


@cache
def _compile(semantics: Callable[..., int], operands: tuple[str, ...], signed: tuple[bool, ...]) -> Any:
    """int64 f(d, n, m): zero-extended operands in, 32-bit result out, or -1 if the semantics raised."""
    signs = dict(zip(operands, signed, strict=True))
    arguments = ", ".join(f"({o} ^ 0x80000000) - 0x80000000" if signs[o] else o for o in operands)
    # Numba has no call with a variable operand list, so the wrapper is written out for this form.
    text = (
        "def wrapper(d, n, m):\n"
        "    try:\n"
        f"        return int64(semantics({arguments})) & 0xFFFFFFFF\n"
        "    except Exception:\n"
        "        return int64(-1)\n"
    )
    scope: dict[str, Any] = {"semantics": njit(semantics), "int64": np.int64}
    exec(text, scope)
    return cfunc(_SIGNATURE)(scope["wrapper"])
