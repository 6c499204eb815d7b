"""Writes a comparison's files into a folder; each appears whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bnnsim.cache import write_atomically
from bnnsim.errors import UsageError
from bnnsim.report import export
from bnnsim.study.results import Comparison, to_json


def write_all(comparison: Comparison, folder: Path) -> list[Path]:
    """Write results.json, table.csv, table.md, table.tex, cycles.svg and cycles.png; return their paths.

    Without cells only results.json is written. Raises UsageError if the folder cannot be written.
    """
    files: dict[str, bytes] = {"results.json": to_json(comparison).encode()}
    if comparison.cells:
        from bnnsim.report.figure import draw

        files |= {
            "table.csv": export.to_csv(comparison).encode(),
            "table.md": export.to_markdown(comparison).encode(),
            "table.tex": export.to_latex(comparison).encode(),
            "cycles.svg": draw(comparison, "svg"),
            "cycles.png": draw(comparison, "png"),
        }
    for name, data in files.items():
        write(folder / name, data)
    return [folder / name for name in files]


def write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; a link's target, and devices and pipes as they are. Raises UsageError."""
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():  # renaming a file over a device or a pipe would destroy it
            path.write_bytes(data)
        else:
            write_atomically(path, data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def check_folder(folder: Path, flag: str) -> None:
    """Make the folder if needed and make sure that files can be written there; UsageError names `flag`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise UsageError(f"{flag}: {folder} is a file; expected a folder") from None
    except OSError as error:
        raise UsageError(f"{flag}: cannot write to {folder}: {error.strerror}") from None


def check_file(path: Path, flag: str) -> None:
    """Make sure that a file can be written; UsageError names `flag`."""
    if path.is_dir():
        raise UsageError(f"{flag}: {path} is a folder; expected a file")
    if path.exists() and not path.is_file():
        return
    if not path.parent.is_dir():
        raise UsageError(f"{flag}: no such folder: {path.parent}")
    check_folder(path.parent, flag)
