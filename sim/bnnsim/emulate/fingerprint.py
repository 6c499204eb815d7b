"""What compiled semantics depend on, as a hash: their code and everything that it reaches by name.

So machine code can be kept on disk and is never taken for that of other semantics, whichever file of whichever package
was changed.
"""

from __future__ import annotations

import pickle
import types
from typing import Any

from bnnsim.cache import digest


def fingerprint(function: types.FunctionType) -> str:
    """Hash of a function's code, of the functions that it calls and of the constants that it uses."""
    return digest(*_parts(function, set()))


def _parts(function: types.FunctionType, seen: set[types.FunctionType]) -> list[str]:
    if function in seen:
        return [function.__qualname__]
    seen.add(function)
    # Numba imports the modules of all functions in the machine code again, by name.
    found = [str(function.__globals__.get("__name__")), *_code(function.__code__)]
    names = function.__code__.co_names
    values = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
    values += [("closure", cell.cell_contents) for cell in function.__closure__ or ()]
    values += [("default", value) for value in function.__defaults__ or ()]
    for name, value in values:
        members = [getattr(value, n) for n in names if hasattr(value, n)] if isinstance(value, types.ModuleType) else []
        for reached in (value, *members):
            found += [name, *_value(reached, seen)]
    return found


def _code(code: types.CodeType) -> list[str]:
    constants = [part for c in code.co_consts for part in (_code(c) if isinstance(c, types.CodeType) else [repr(c)])]
    return [code.co_code.hex(), repr((code.co_names, code.co_varnames, code.co_freevars)), *constants]


def _value(value: Any, seen: set[types.FunctionType]) -> list[str]:
    value = getattr(value, "py_func", value)  # of what Numba's decorators return
    if isinstance(value, types.FunctionType):
        return _parts(value, seen)
    if isinstance(value, types.ModuleType | type):
        return [value.__name__]
    try:
        return [pickle.dumps(value).hex()]  # repr leaves elements of large arrays out
    except (pickle.PicklingError, TypeError, AttributeError):
        return [type(value).__name__, repr(value)]
