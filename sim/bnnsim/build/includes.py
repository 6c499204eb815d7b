"""What a C file depends on: the headers that it includes, and the extensions whose instructions its text names.

A kernel that names nothing of an extension is the same code under every ISA with it, so it is compiled, emulated and
measured once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bnnsim.isa import BASE, Extension, Isa

# Of C, in quotes or angle brackets, and of assembly.
_INCLUDE = re.compile(r'^[ \t]*(?:#[ \t]*include|\.include|\.incbin)[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)
_COMMENT_OR_ESCAPE = re.compile(r"/\*.*?\*/|(?<!\\)\\[nt]", re.DOTALL)


def with_includes(source: Path, folders: Iterable[Path]) -> list[Path]:
    """A C or assembly file and all headers that it includes by name, looked for as the compiler does.

    What cannot be found is left to the compiler to complain about, or is generated.
    """
    found, waiting, folders = dict[Path, None](), [source], list(folders)
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        found[path] = None
        for name in _included(path, path.stat().st_mtime_ns):
            places = (folder / name for folder in (path.parent, *folders))
            if (header := next((p for p in places if p.is_file()), None)) is not None:
                waiting.append(header)
    return list(found)


@lru_cache(maxsize=4096)
def _included(path: Path, _changed_ns: int) -> tuple[str, ...]:
    return tuple(_INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")))


def isa_used_by(isa: Isa, sources: Iterable[Path]) -> Isa:
    """The ISA without the extensions of which no source names an instruction or primitive outside comments.

    Names that macros put together are missed: the file then does not compile for what this returns.
    """
    texts = (path.read_text(encoding="utf-8", errors="replace").lower() for path in sources)
    words = {word for text in texts for word in re.findall(r"\w+", _COMMENT_OR_ESCAPE.sub(" ", text))}
    words |= {word.removeprefix("bnnsim_").removeprefix("have_") for word in words}
    names = [{n.lower() for i in e.instructions for n in (i.name, i.primitive) if n} for e in isa.extensions]
    used = tuple(e for e, named in zip(isa.extensions, names, strict=True) if named & words)
    return isa if used == isa.extensions else isa_with(used)


def isa_with(extensions: tuple[Extension, ...]) -> Isa:
    """The ISA of some extensions."""
    return Isa("+".join(e.name for e in extensions) or BASE, extensions)
