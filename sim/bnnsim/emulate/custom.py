"""Custom instructions in the emulator: semantics compiled by Numba, called from a native hook at each site.

A hook and the semantics share a frame of 64-bit words: operands and imm in the order of the semantics' parameters,
results, and the addresses of the unit's state and of a buffer for memory. Semantics that Numba cannot compile run in
Python behind a function pointer of the same kind.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numba import types as numba_types

from bnnsim.cache import digest, write_atomically
from bnnsim.emulate.native import pointer
from bnnsim.errors import ExtensionError
from bnnsim.isa import Instruction
from bnnsim.isa.fingerprint import fingerprint, names_in
from bnnsim.isa.instruction import MEMORY, STATE

# --- words of a frame ---
MOST_OPERANDS = 8  # operands are words 0 to 7
RESULT, RESULT_HI, STATE_AT, MEMORY_AT, CELL, BUFFER_AT = 8, 9, 10, 11, 12, 16
FRAME_WORDS = 32  # the buffer for memory is the last 128 bytes
EVERY_BYTE = -1  # as result of what stores: all bytes are written
_SIGNATURE = numba_types.int64(numba_types.voidptr)
_PYTHON_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


@dataclass(frozen=True, eq=False)
class Semantics:
    """A function int64 f(frame), 0 if all went well; `call` runs it from Python. native: compiled by Numba."""

    address: int
    call: Callable[[int], int]
    native: bool
    keep: Any  # the callback, which must outlive its address


def compile_semantics(instructions: Iterable[Instruction]) -> dict[str, Semantics]:
    """Compile the semantics of instructions; by instruction name.

    Semantics that Numba does not compile run in Python; a warning on stderr names file and line.
    Raises ExtensionError if what was compiled does not meet the test vectors.
    """
    return {i.name: _compile(i) for i in sorted(set(instructions), key=lambda i: i.name)}


@cache
def _compile(instruction: Instruction) -> Semantics:
    try:
        made = _native(instruction)
    except Exception as error:  # Numba raises more than NumbaError, e.g. for a class in the function
        _warn(instruction, error)
        return _in_python(instruction)
    _check_vectors(instruction, made)
    return made


def _warn(instruction: Instruction, error: Exception) -> None:
    """Tell on stderr which line Numba does not compile, and why."""
    code, text = instruction.semantics.__code__, str(error)
    file = code.co_filename
    # Numba writes 'File "…/name.py", line 12:' with the way from the working directory, or 'name.py (12)'.
    named = re.findall(rf"{re.escape(Path(file).name)}(?:\", line |:| \()(\d+)", text)
    said = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("Failed in ")]
    print(
        f"warning: {file}:{named[0] if named else code.co_firstlineno}: {instruction.name} runs in Python, hundreds of "
        f"times slower, because Numba does not compile its semantics: {said[0] if said else type(error).__name__}",
        file=sys.stderr,
    )


def new_frame(state: np.ndarray | None = None) -> np.ndarray:
    """A frame, int64 [FRAME_WORDS]; state: uint32 array of the unit's state, which must outlive it."""
    frame = np.zeros(FRAME_WORDS, np.int64)
    frame[STATE_AT] = 0 if state is None else state.ctypes.data
    frame[MEMORY_AT] = frame.ctypes.data + 8 * BUFFER_AT
    return frame


def run_in_frame(instruction: Instruction, semantics: Semantics, arguments: list[Any]) -> Any:
    """Run compiled semantics on arguments as `Instruction.evaluate` takes them, and return what that returns.

    Raises ValueError if the semantics raise.
    """
    by_name = dict(zip(instruction.parameters, arguments, strict=True))
    state, memory = by_name.pop(STATE, None), by_name.pop(MEMORY, None)
    frame = new_frame(state)
    frame[: len(by_name)] = list(by_name.values())
    buffer = frame[BUFFER_AT:].view(np.uint32)
    if memory is not None:
        buffer[: len(memory)] = memory
    if semantics.call(frame.ctypes.data):
        raise ValueError(f"the semantics of {instruction.name} raise natively")
    if memory is not None:
        memory[:] = buffer[: len(memory)]
    if instruction.stores_bytes:
        every = (1 << instruction.stores_bytes) - 1
        mask = int(frame[RESULT]) & every
        return None if mask == every else mask
    results = [int(frame[RESULT + at]) for at in range(len(instruction.encoding.form.results))]
    return tuple(results) if len(results) > 1 else results[0] if results else None


def _check_vectors(instruction: Instruction, semantics: Semantics) -> None:
    """Run the test vectors natively: Python's integers have no width, the emulator's have 64 bits."""
    for operands, expected in instruction.vectors:
        before, after = instruction.arguments(operands), instruction.arguments(operands)
        try:
            found = run_in_frame(instruction, semantics, after)
            instruction.compare(before, after, found, expected)
        except (ExtensionError, ValueError) as error:
            where = f"{instruction.semantics.__code__.co_filename}:{instruction.line}"
            text = f"{where}: natively: {error}; integers in the emulator have 64 bits"
            raise ExtensionError(text) from None


def _native(instruction: Instruction) -> Semantics:
    """Compile a wrapper that unpacks the frame, written out because Numba has no call with a list of operands."""
    unpacked, arguments = [], []
    for slot, (name, signed) in enumerate(zip(instruction.parameters, instruction.signed, strict=True)):
        if name == STATE:
            unpacked.append(f"state = carray(pointer(frame[{STATE_AT}]), {instruction.state_words}, uint32)")
        elif name == MEMORY:
            words = instruction.memory_bytes // 4
            unpacked.append(f"memory = carray(pointer(frame[{MEMORY_AT}]), {words}, uint32)")
        value = f"(frame[{slot}] ^ 0x80000000) - 0x80000000" if signed else f"frame[{slot}]"
        arguments.append(name if name in (STATE, MEMORY) else value)
    call = f"semantics({', '.join(arguments)})"
    results = len(instruction.encoding.form.results)
    if instruction.stores_bytes:
        done = [f"frame[{RESULT}] = mask_of({call})"]
    elif results == 2:
        done = [f"low, high = {call}"]
        done += [f"frame[{RESULT}] = int64(low) & 0xFFFFFFFF", f"frame[{RESULT_HI}] = int64(high) & 0xFFFFFFFF"]
    else:
        done = [f"frame[{RESULT}] = int64({call}) & 0xFFFFFFFF" if results else call]
    body = "".join(f"        {line}\n" for line in [*unpacked, *done])
    text = (
        "def wrapper(at):  # semantics check bounds\n"
        f"    frame = carray(at, {FRAME_WORDS}, int64)\n"
        f"    try:\n{body}        return int64(0)\n"
        "    except Exception:\n"
        "        return int64(-1)\n"
    )
    plain = instruction.semantics
    assert isinstance(plain, types.FunctionType)
    scope: dict[str, Any] = {
        "semantics": _jitted(plain, {}), "int64": np.int64, "uint32": np.uint32, "carray": carray,
        "pointer": pointer, "mask_of": _mask_of, "__name__": __name__,
    }  # fmt: skip
    file = _wrapper_file(text, fingerprint(plain, with_modules=True))
    exec(compile(text, file or "<wrapper>", "exec"), scope)
    compiled: Any = cfunc(_SIGNATURE, cache=bool(file))(scope["wrapper"])
    return Semantics(compiled.address, compiled.ctypes, True, compiled)


def _wrapper_file(text: str, depends_on: str) -> str | None:
    """A file in Numba's cache with a wrapper's text, named by what its machine code depends on; None without a cache.

    Numba keeps machine code only of functions that are in a file.
    """
    path = Path(os.environ["NUMBA_CACHE_DIR"]) / "semantics" / f"{digest(text, depends_on)[:32]}.py"
    try:
        if not path.is_file():
            write_atomically(path, text.encode())
    except OSError:
        return None
    return str(path)


@njit
def _mask_of(written):
    """The mask of bytes that a store writes, from what its semantics return. A function: Numba prunes by arguments."""
    if written is None:
        return np.int64(EVERY_BYTE)
    return np.int64(written)


def _jitted(function: types.FunctionType, done: dict[types.FunctionType, Any]) -> Any:
    """A function compiled by Numba on its first call, and with it the plain functions of its file that it uses.

    done: what has been compiled for the same instruction.
    """
    if function not in done:
        scope = dict(function.__globals__)
        copied = types.FunctionType(function.__code__, scope, None, function.__defaults__, function.__closure__)
        done[function] = njit(copied, boundscheck=True)  # an index outside would change our own memory
        for name in names_in(function.__code__):
            used = scope.get(name)
            if isinstance(used, types.FunctionType) and used.__globals__ is function.__globals__:
                scope[name] = _jitted(used, done)
    return done[function]


def _in_python(instruction: Instruction) -> Semantics:
    results = len(instruction.encoding.form.results)

    def run(at: int) -> int:
        try:
            frame = np.ctypeslib.as_array(ctypes.cast(at, ctypes.POINTER(ctypes.c_int64)), (FRAME_WORDS,))
            arguments: list[Any] = []
            for slot, name in enumerate(instruction.parameters):
                if name == STATE:
                    arguments.append(_words_at(int(frame[STATE_AT]), instruction.state_words))
                elif name == MEMORY:
                    arguments.append(_words_at(int(frame[MEMORY_AT]), instruction.memory_bytes // 4))
                else:
                    arguments.append(int(frame[slot]))
            found = instruction.evaluate(*arguments)
            if instruction.stores_bytes:
                frame[RESULT] = EVERY_BYTE if found is None else np.uint64(found).astype(np.int64)
            elif results:
                frame[RESULT : RESULT + results] = found
        except (Exception, SystemExit):  # told by the hook: nothing else can leave a callback
            return -1
        return 0

    callback = _PYTHON_SIGNATURE(run)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    assert address is not None
    return Semantics(address, run, False, callback)


def _words_at(address: int, words: int) -> np.ndarray:
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(ctypes.c_uint32)), (words,))
