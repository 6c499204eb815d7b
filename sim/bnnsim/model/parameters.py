"""Parameters of layers, read from a .npz file and checked.

Arrays are named LAYER.PARAMETER, e.g. conv1.weights; an operator's `parameters` tells their shapes and types.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bnnsim.errors import ConfigError, nearest
from bnnsim.model.operators import Parameter
from bnnsim.yamlfile import display_path

Arrays = dict[str, np.ndarray]
_ALLOWED = {
    "sign": ("-1 and +1", lambda a: np.abs(a) == 1),
    "positive": ("finite numbers above 0", lambda a: np.isfinite(a) & (a > 0)),
    "nonnegative": ("finite numbers from 0", lambda a: np.isfinite(a) & (a >= 0)),
    "finite": ("finite numbers", np.isfinite),
}


def read_parameters(path: Path, wanted: Mapping[str, Mapping[str, Parameter]]) -> dict[str, Arrays]:
    """Return layer name → parameter name → array, from a .npz file.

    Raises ConfigError naming every array that is missing or unexpected, of the wrong shape or type, or
    that holds values which the operator cannot have.
    """
    where = display_path(path)
    try:
        stored = np.load(path, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise ValueError("one array, expected an archive of several")
        with stored:
            found = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise ConfigError([f"{where}: no such parameter file"]) from None
    except (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError([f"{where}: not a readable .npz file ({error})"]) from None
    full = {f"{layer}.{name}": parameter for layer, own in wanted.items() for name, parameter in own.items()}
    problems = [f"{where}: unexpected array {name!r}{nearest(name, full)}" for name in sorted(found.keys() - full)]
    for name, parameter in full.items():
        if name not in found:
            near = nearest(name, found.keys() - full)
            problems.append(f"{where}: no array {name!r}, expected shape {parameter.shape}{near}")
        elif found[name].shape != parameter.shape:
            problems.append(f"{where}: {name}: found shape {found[name].shape}, expected {parameter.shape}")
        elif found[name].dtype != parameter.dtype:
            problems.append(f"{where}: {name}: found {found[name].dtype} elements, expected {parameter.dtype}")
        else:
            problems += _value_problems(f"{where}: {name}", found[name], parameter)
    if problems:
        raise ConfigError(problems)
    return {layer: {name: found[f"{layer}.{name}"] for name in own} for layer, own in wanted.items()}


def _value_problems(where: str, array: np.ndarray, parameter: Parameter) -> list[str]:
    """Name the first value that the parameter cannot have."""
    allowed, test = _ALLOWED[parameter.allowed]
    wrong = ~test(array)
    if not wrong.any():
        return []
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return [f"{where}{list(index)}: found {array[index]}; allowed: {allowed}"]
