"""Where bnnsim's own files and its cache lie, and how a name or a path finds one of them."""

from __future__ import annotations

import os
from pathlib import Path

from bnnsim.errors import UsageError, nearest
from bnnsim.plugins import plugin_names, plugin_of

_PACKAGE = Path(__file__).resolve().parent

# kind of thing a user can name → (folder under the data root, file suffix)
KINDS = {
    "extension": ("isa/extensions", ".py"),
    "core": ("isa/cores", ".yaml"),
    "board": ("isa/boards", ".yaml"),
    "network": ("networks", ".yaml"),
    "experiment": ("experiments", ".yaml"),
}


def data_root() -> Path:
    """Folder that holds isa/, kernels/, networks/ and experiments/: the wheel's data, else the checkout."""
    packaged = _PACKAGE / "data"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1]


def cache_root() -> Path:
    """bnnsim's cache folder: $BNNSIM_CACHE, else $XDG_CACHE_HOME/bnnsim, else ~/.cache/bnnsim."""
    if own := os.environ.get("BNNSIM_CACHE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache").absolute() / "bnnsim"


def own_names(kind: str) -> list[str]:
    """Names of our own things of one kind (file stems), sorted."""
    folder, suffix = KINDS[kind]
    return sorted(p.stem for p in (data_root() / folder).glob(f"*{suffix}") if not p.stem.startswith("_"))


def names(kind: str) -> list[str]:
    """Names of all things of one kind, sorted: our own, and extensions of other packages."""
    own = own_names(kind)
    return sorted({*own, *plugin_names()}) if kind == "extension" else own


def find(kind: str, name_or_path: str, relative_to: Path | None = None) -> Path:
    """Return the file of a named thing, or of a path (anything with a separator or the kind's suffix).

    Paths are relative to `relative_to` (default: the working directory). Of another package's extension, it is the
    module that its entry point names; our own things come first.
    Raises UsageError naming what is allowed and the nearest match.
    """
    folder, suffix = KINDS[kind]
    if "/" in name_or_path or os.sep in name_or_path or name_or_path.endswith(suffix):
        path = (relative_to or Path.cwd()) / Path(name_or_path).expanduser()
        if not path.is_file():
            raise UsageError(f"{kind} {name_or_path!r}: no such file ({path})")
        return path.resolve()
    if name_or_path in own_names(kind):
        return data_root() / folder / f"{name_or_path}{suffix}"
    if kind == "extension" and (plugin := plugin_of(name_or_path)):
        return plugin.source()
    known = names(kind)
    raise UsageError(
        f"unknown {kind} {name_or_path!r}; known: {', '.join(known)}, or a path to a {suffix} file"
        + nearest(name_or_path, known)
    )
