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

# Of C, in quotes or angle brackets, and of assembly.
_INCLUDE = re.compile(r'^[ \t]*(?:#[ \t]*include|\.include|\.incbin)[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)
_COMPUTED_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]+[A-Za-z_]", re.MULTILINE)
# Instructions and ACLE intrinsics of coprocessors 0 to 7, which compilers know without our isa.h.
_COPROCESSOR = re.compile(r"(?:__arm_)?(?:cdp|mcrr?|mrr?c|ldcl?|stcl?|v?cx[123]d?a?)(?:_u\d+|2)?")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ESCAPE = re.compile(r"(?<!\\)\\[nt]")  # in strings of C
# What macros put together: with ## in C; in an assembler's macro words and \arguments, with two backslashes in C.
_PASTED = re.compile(r"(\w*)[ \t]*##[ \t]*(?=(\w*))")
_PASTED_BY_ASSEMBLER = re.compile(r"(\w*)\\{1,2}(?=\w)|\\{1,2}\(\)(\w*)")
_TWO_ARGUMENTS = re.compile(r"\\\w+(?:\\{1,2}\(\))?\\{1,2}\w")
_MACRO = re.compile(r"#[ \t]*define[ \t]+\w+\(([^)\n]*)\)((?:[^\\\n]|\\.|\\\n)*)")


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

    All of it where sources spell instructions as words of a coprocessor, or include what a macro names.
    """
    text = _code(tuple(sources))
    words = set(re.findall(r"\w+", text))
    if ".inst" in text or _COMPUTED_INCLUDE.search(text) or any(map(_COPROCESSOR.fullmatch, words)):
        return isa
    words = _without_prefixes(words)
    parts = words if _pastes_arguments(text) else _without_prefixes(_pasted(text))
    names = [{n.lower() for i in e.instructions for n in (i.name, i.primitive) if n} for e in isa.extensions]
    found = [any(n in words or _is_pasted(n, words, parts) for n in named) for named in names]
    used = tuple(e for e, is_used in zip(isa.extensions, found, strict=True) if is_used)
    return isa if used == isa.extensions else Isa("+".join(e.name for e in used) or BASE, used)


def _code(sources: tuple[Path, ...]) -> str:
    """The text of a file and its headers in lower case, without block comments and line ends in strings of C."""
    texts = (path.read_text(encoding="utf-8", errors="replace").lower() for path in sources)
    text = "\n".join(_COMMENT.sub(" ", text) for text in texts)
    return text if sources[0].suffix.lower() == ".s" else _ESCAPE.sub(" ", text)


def _without_prefixes(words: Iterable[str]) -> set[str]:
    """Words, also without what isa.h puts before names."""
    found = set(words)
    return found | {word.removeprefix("bnnsim_").removeprefix("have_") for word in found}


def _pasted(text: str) -> set[str]:
    """Words that macros put together with others."""
    found = _PASTED.findall(text) + _PASTED_BY_ASSEMBLER.findall(text)
    return {word for words in found for word in words}


def _pastes_arguments(text: str) -> bool:
    """Whether a macro puts two of its arguments together, so that any two words may become one."""
    for arguments, body in _MACRO.findall(text):
        names = set(re.findall(r"\w+", arguments))
        if any(names.issuperset(words) for words in _PASTED.findall(body)):
            return True
    return bool(_TWO_ARGUMENTS.search(text))


def _is_pasted(name: str, words: set[str], parts: set[str]) -> bool:
    """Whether two words together spell a name; parts: words that macros put together with others."""
    halves = ((name[:at], name[at:]) for at in range(1, len(name)))
    return any(a in words and b in words and (a in parts or b in parts) for a, b in halves)
