"""What a C file depends on: the headers that it includes, and the extensions whose instructions its text names.

A kernel that names nothing of an extension is the same code under every ISA with it, so it is compiled, emulated and
measured once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bnnsim.isa import BASE, Isa

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def with_includes(source: Path, folders: Iterable[Path]) -> list[Path]:
    """A C or assembly file and all headers that it includes by name in quotes, looked for as the compiler does.

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
    """The ISA without the extensions that no source names an instruction or primitive of.

    All of it where a source spells instructions as numbers.
    """
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sources)
    if ".inst" in text:
        return isa
    words = {word.lower() for word in re.findall(r"\w+", text)}
    words |= {word.removeprefix("bnnsim_").removeprefix("have_") for word in words}
    names = [{n.lower() for i in e.instructions for n in (i.name, i.primitive) if n} for e in isa.extensions]
    used = tuple(e for e, found in zip(isa.extensions, names, strict=True) if found & words)
    return isa if used == isa.extensions else Isa("+".join(e.name for e in used) or BASE, used)
