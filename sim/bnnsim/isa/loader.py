"""Load extension files and combine them into the ISA that a cell runs; every check happens here."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import inspect
import multiprocessing
import re
import sys
import traceback
import types
from dataclasses import dataclass
from pathlib import Path

from bnnsim import paths
from bnnsim.errors import BnnsimError, ExtensionError, UsageError, nearest
from bnnsim.isa.checks import check_extension, check_together
from bnnsim.isa.encoding import CX3A
from bnnsim.isa.extension import Extension, Instruction
from bnnsim.isa.fingerprint import fingerprint
from bnnsim.isa.instruction import Effect
from bnnsim.plugins import Plugin, plugin_of

BASE = "base"
_IMPORT_SYSTEM = Path(importlib.__file__).parent
_EXPECTED = "expected one, e.g. my_ext = Extension('my_ext', 'What it does.') with @my_ext.instruction(…)"


@dataclass(frozen=True, eq=False)
class Isa:
    """The base instruction set plus zero or more extensions; `name` is what tables print."""

    name: str
    extensions: tuple[Extension, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All custom instructions."""
        return tuple(i for e in self.extensions for i in e.instructions)

    @property
    def provides(self) -> frozenset[str]:
        """What kernels can ask for: see `Instruction.provides`."""
        return frozenset(need for i in self.instructions for need in i.provides)

    @property
    def cost_keys(self) -> tuple[str, ...]:
        """What an experiment can set: "extension.instruction.issue_cycles" and "….latency" of each instruction."""
        names = (f"{e.name}.{i.name}" for e in self.extensions for i in e.instructions)
        return tuple(f"{name}.{part}" for name in names for part in ("issue_cycles", "latency"))

    @functools.cached_property
    def digest(self) -> str:
        """Hash of the extension files' contents and of what their semantics use of other files."""
        parts = [e.digest for e in self.extensions]
        parts += [fingerprint(f) for f in (i.semantics for i in self.instructions) if isinstance(f, types.FunctionType)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load_extension(name_or_path: str, relative_to: Path | None = None) -> Extension:
    """Load an extension by name or path, run its load-time checks and test vectors.

    Our own come before those of other packages with the same name, which are told on stderr.
    Raises ExtensionError with `file:line: message`, UsageError for an unknown name.
    """
    path = paths.find("extension", name_or_path, relative_to)
    if name_or_path in paths.own_names("extension"):
        _warn_of_namesakes(name_or_path, path)
    elif plugin := plugin_of(name_or_path):
        return _load_plugin(plugin)
    return _load_file(path)


def loadable() -> dict[str, Isa]:
    """Every extension that can be named, alone, by name; what cannot be loaded is told on stderr and left out."""
    found = {}
    for name in paths.names("extension"):
        try:
            found[name] = load_isa(name)
        except BnnsimError as error:
            _warn(f"{error}; it is left out")
    return found


def _load_file(path: Path) -> Extension:
    return _load_source(path, path.read_bytes())


@functools.lru_cache(maxsize=256)
def _load_source(path: Path, source: bytes) -> Extension:
    """Run a file's source, once: its semantics are compiled for the emulator once per process, too."""
    digest = hashlib.sha256(source).hexdigest()
    place = hashlib.sha256(str(path).encode()).hexdigest()
    module = types.ModuleType(f"bnnsim_extension_{path.stem}_{place[:8]}_{digest[:8]}")
    module.__file__ = str(path)
    # Numba looks a function's module up by name when it compiles the semantics.
    sys.modules[module.__name__] = module
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is ours, e.g. for JSON
            exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:  # a user's file may do anything; this is its message
        raise ExtensionError(f"{path}:{_line_of(error, path)}: {_message(error)}") from error
    extension = _only_one(module, str(path))
    extension.path, extension.digest = str(path), digest
    _check(extension)
    return extension


def _only_one(module: types.ModuleType, where: str) -> Extension:
    found = [value for value in vars(module).values() if isinstance(value, Extension)]
    if len(found) != 1:
        raise ExtensionError(f"{where}: found {len(found)} Extension objects; {_EXPECTED}")
    if not found[0].instructions:
        raise ExtensionError(f"{where}: found 1 Extension objects without instructions; {_EXPECTED}")
    return found[0]


def _load_plugin(plugin: Plugin) -> Extension:
    """Load what an entry point names: a module with one Extension, an Extension, or the path of a file."""
    source = plugin.source()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = plugin.entry.load()
    except (Exception, SystemExit) as error:  # another package's code may do anything; this is its message
        raise ExtensionError(f"{plugin}: {_place_of(error)}{_message(error)}") from error
    try:
        extension = _load_file(source.parent / found) if isinstance(found, str | Path) else _imported(found, source)
    except (ExtensionError, OSError) as error:
        raise ExtensionError(f"{plugin}: {error}") from error
    if extension.name != plugin.name:
        raise ExtensionError(
            f"{plugin}: the extension is called {extension.name!r}; the entry point's name must be, too"
        )
    return extension


def _imported(found: object, source: Path) -> Extension:
    """An extension in an imported module, with its path and digest: of the files that its semantics are in, too."""
    extension = _only_one(found, str(source)) if isinstance(found, types.ModuleType) else found
    if not isinstance(extension, Extension):
        raise ExtensionError(f"found {type(found).__name__}; expected a module, an Extension or the path of a file")
    files = sorted({str(source), *(i.semantics.__code__.co_filename for i in extension.instructions)})
    extension.path = extension.instructions[0].semantics.__code__.co_filename if extension.instructions else str(source)
    hashes = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]
    extension.digest = hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    _check(extension)
    return extension


def _check(extension: Extension) -> None:
    with contextlib.redirect_stdout(sys.stderr):  # what semantics print is not ours
        check_extension(extension)


def _warn_of_namesakes(name: str, path: Path) -> None:
    """Tell of another package's extension that ours of the same name hides."""
    try:
        plugin = plugin_of(name)
    except ExtensionError as error:
        _warn(f"{error}; {path} is used")
        return
    if plugin:
        _warn(f"{plugin} has the name of {path}, which is used; it is left out")


@functools.cache
def _warn(text: str) -> None:
    """Tell once, and not from worker processes."""
    if multiprocessing.parent_process() is None:
        print(f"warning: {text}", file=sys.stderr)


def load_isa(spec: str, relative_to: Path | None = None) -> Isa:
    """Load what `--isa` names: "base", an extension, a path, or several joined by "+".

    Raises ExtensionError if encodings overlap or a name or primitive is claimed twice.
    """
    parts = [part for part in spec.split("+") if part != BASE]
    if not all(parts):
        raise UsageError(f"ISA {spec!r}: empty name; expected base, an extension, a path, or several joined by '+'")
    extensions = tuple(load_extension(part, relative_to) for part in parts)
    names = [e.name for e in extensions]
    if len(set(names)) != len(names):
        raise UsageError(f"ISA {spec!r} names the same extension twice")
    check_together(extensions)
    return Isa("+".join(names) or BASE, extensions)


def _line_of(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines and lines[-1] else 1


def _place_of(error: BaseException) -> str:
    """File and line, with a colon, of the last code in a traceback that is neither ours nor the import system's."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    ours = Path(__file__).parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if f.filename[0] != "<" and not {ours, _IMPORT_SYSTEM} & {*Path(f.filename).parents}]
    return f"{theirs[-1].filename}:{theirs[-1].lineno}: " if theirs else ""


def _message(error: BaseException) -> str:
    """What an extension's code raised, with the nearest name where one does not exist."""
    if isinstance(error, BnnsimError):
        return str(error)
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, TypeError) and (found := re.search(r"unexpected keyword argument '(\w+)'", text)):
        signatures = map(inspect.signature, (Extension, Extension.instruction, CX3A, Effect))
        return text + nearest(found[1], [name for signature in signatures for name in signature.parameters])
    if isinstance(error, ImportError) and (found := re.search(r"cannot import name '(\w+)' from 'bnnsim.isa'", text)):
        return text + nearest(found[1], sys.modules["bnnsim.isa"].__all__)
    return text
