"""Extensions of other packages, found by their metadata in the entry-point group `bnnsim.extensions`.

Nothing of a package is imported to list its names; `bnnsim.isa.loader` loads what an entry point names.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from bnnsim.errors import ExtensionError

GROUP = "bnnsim.extensions"
_VALUE = re.compile(r"[\w.]+\s*(:\s*[\w.]+)?\s*(\[.*\]\s*)?")  # as importlib.metadata takes it apart


@dataclass(frozen=True)
class Plugin:
    """An extension as a package's metadata declares it: `name = entry.value`."""

    name: str
    package: str
    entry: EntryPoint

    def __str__(self) -> str:
        return f"extension {self.name!r} of package {self.package} ({self.entry.value})"

    def source(self) -> Path:
        """The file of the module that the entry point names. Raises ExtensionError if there is none."""
        if not _VALUE.fullmatch(self.entry.value):
            raise ExtensionError(f"{self}: expected the entry point module or module:object")
        try:
            spec = importlib.util.find_spec(self.entry.module)
        except Exception as error:  # it imports the parent package, whose code may do anything
            raise ExtensionError(f"{self}: {type(error).__name__}: {error}") from error
        if spec is None or spec.origin is None:
            raise ExtensionError(f"{self}: there is no module {self.entry.module!r}")
        return Path(spec.origin)


def plugin_names() -> list[str]:
    """Names of all plugins, sorted."""
    return sorted(_all(tuple(sys.path)))


def plugin_of(name: str) -> Plugin | None:
    """The plugin of a name. Raises ExtensionError, naming them, if there are several."""
    found = _all(tuple(sys.path)).get(name, ())
    if len(found) > 1:
        packages = " and ".join(f"{p.package} ({p.entry.value})" for p in found)
        raise ExtensionError(f"extension {name!r} is declared by {packages}; remove one, or give the path of a file")
    return found[0] if found else None


@functools.lru_cache(maxsize=4)
def _all(_search_path: tuple[str, ...]) -> dict[str, tuple[Plugin, ...]]:
    """Plugins by name; the search path is what the answer depends on."""
    found: dict[str, tuple[Plugin, ...]] = {}
    for entry in entry_points(group=GROUP):
        package = entry.dist.name if entry.dist else "?"
        found[entry.name] = (*found.get(entry.name, ()), Plugin(entry.name, package, entry))
    return found
