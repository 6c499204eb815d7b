"""The one place that touches private names of the Unicorn binding: native hooks without a Python callback.

A Numba `@cfunc` address goes straight to `uc_hook_add`, and the functions that native hooks call
back (`uc_reg_read` and the like) are registered as symbols for Numba's linker.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from unicorn.unicorn_py3 import unicorn as binding

_lib = binding.uclib
for _name in ("uc_reg_read", "uc_reg_write", "uc_mem_read", "uc_mem_write", "uc_emu_stop"):
    llvm.add_symbol(_name, ctypes.cast(getattr(_lib, _name), ctypes.c_void_p).value)

# void hook(uc_engine *, uint64_t address, uint32_t size, void *user_data): block and code hooks alike
HOOK_SIGNATURE = types.void(types.voidptr, types.uint64, types.uint32, types.voidptr)
reg_read = types.ExternalFunction("uc_reg_read", types.int32(types.voidptr, types.int32, types.voidptr))
reg_write = types.ExternalFunction("uc_reg_write", types.int32(types.voidptr, types.int32, types.voidptr))
_MEMORY_SIGNATURE = types.int32(types.voidptr, types.uint64, types.voidptr, types.uint64)
mem_read = types.ExternalFunction("uc_mem_read", _MEMORY_SIGNATURE)
mem_write = types.ExternalFunction("uc_mem_write", _MEMORY_SIGNATURE)
emu_stop = types.ExternalFunction("uc_emu_stop", types.int32(types.voidptr))


def _pointer(typingctx, address):
    """Turn an integer into a void pointer, for carray and for calls."""

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), codegen


def _call_semantics(typingctx, function, frame):
    """Call semantics by address: int64 f(void *frame)."""
    signature = types.int64(types.intp, types.voidptr)

    def codegen(context, builder, signature, arguments):
        import llvmlite.ir as ir

        kind = ir.FunctionType(ir.IntType(64), [cgutils.voidptr_t])
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

    return signature, codegen


pointer: Any = intrinsic(_pointer)
call_semantics: Any = intrinsic(_call_semantics)


def add_hook(uc: Any, hook: Any, hook_type: int, data: np.ndarray, begin: int = 1, end: int = 0) -> None:
    """Install a native hook; `data` must outlive the engine. Fires for [begin, end], everywhere if begin > end.

    Hooks added after a block was translated never fire in it: install before running.
    """
    handle = ctypes.c_size_t()
    code = _lib.uc_hook_add(
        uc._uch, ctypes.byref(handle), hook_type, ctypes.cast(hook.address, ctypes.c_void_p),
        ctypes.c_void_p(data.ctypes.data), ctypes.c_uint64(begin), ctypes.c_uint64(end),
    )  # fmt: skip
    if code:
        raise RuntimeError(f"uc_hook_add failed with code {code}")
