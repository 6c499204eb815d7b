"""What semantics depend on, as a hash: their code and everything that it reaches by name.

So nothing that is kept on disk is taken for that of other semantics, whichever file of whichever package was changed.
"""

from __future__ import annotations

import pickle
import types
from collections.abc import Iterator
from typing import Any

from bnnsim.cache import digest


def fingerprint(function: types.FunctionType, with_modules: bool = False) -> str:
    """Hash of a function's code, of the functions that it calls and of the constants that it uses.

    with_modules: also of the names of their modules, which Numba imports again for machine code that it kept.
    """
    return digest(*_parts(function, set(), with_modules))


def names_in(code: types.CodeType) -> list[str]:
    """Names that code looks up, that of comprehensions and functions inside it included."""
    inner = [name for c in code.co_consts if isinstance(c, types.CodeType) for name in names_in(c)]
    return list(dict.fromkeys([*code.co_names, *inner]))


def _parts(function: types.FunctionType, seen: set[types.FunctionType], with_modules: bool) -> list[str]:
    if function in seen:
        return [function.__qualname__]
    seen.add(function)
    found = [str(function.__globals__.get("__name__"))] if with_modules else []
    found += _code(function.__code__)
    names = names_in(function.__code__)
    values = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
    values += [("closure", cell.cell_contents) for cell in function.__closure__ or ()]
    values += [("default", value) for value in function.__defaults__ or ()]
    for name, value in values:
        for reached in _reached(value, names, set()):
            found += [name, *_value(reached, seen, with_modules)]
    return found


def _reached(value: Any, names: list[str], seen: set[str]) -> Iterator[Any]:
    """A value and, of a module, what some names find in it and in its modules."""
    yield value
    if isinstance(value, types.ModuleType) and value.__name__ not in seen:
        seen.add(value.__name__)
        for name in names:
            if hasattr(value, name):
                yield from _reached(getattr(value, name), names, seen)


def _code(code: types.CodeType) -> list[str]:
    constants = [part for c in code.co_consts for part in (_code(c) if isinstance(c, types.CodeType) else [repr(c)])]
    return [code.co_code.hex(), repr((code.co_names, code.co_varnames, code.co_freevars)), *constants]


def _value(value: Any, seen: set[types.FunctionType], with_modules: bool) -> list[str]:
    value = getattr(value, "py_func", value)  # of what Numba's decorators return
    if isinstance(value, types.FunctionType):
        return _parts(value, seen, with_modules)
    if isinstance(value, types.ModuleType | type):
        return [value.__name__]
    try:
        return [pickle.dumps(value).hex()]  # repr leaves elements of large arrays out
    except (pickle.PicklingError, TypeError, AttributeError):
        return [type(value).__name__, repr(value)]
