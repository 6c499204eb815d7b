"""The weight layout mini-language: how a kernel's front matter says in which order it reads its weights.

ELEMENT, then axes from outermost to innermost, e.g. "bit O/4 Y X C/32 O%4 C%32". ELEMENT: bit, int8, int16,
int32 or float32. Axes: O (output channels), Y and X (kernel rows and columns), C (input channels); adjacent ones
merge when written together (YXC). AXIS/n and AXIS%n are quotient and remainder of a split by n, zero-padded
to a multiple of n. A number before that is what the innermost of the merged axes is zero-padded to a multiple of, on
its own: YXC32/256 has whole words of channels for each tap. A minus at the end lets an axis fall: O%16-. Bits are
packed LSB first into 32-bit little-endian words in the order given: +1 is 1, -1 and padding are 0.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass

import numpy as np

from bnnsim.errors import UsageError, nearest
from bnnsim.model.pack import pack_bits

ELEMENTS = {"bit": None, "int8": "<i1", "int16": "<i2", "int32": "<i4", "float32": "<f4"}
LOGICAL = "OYXC"
_AXIS = re.compile(r"([OYXC]+)([1-9][0-9]*)?(?:([/%])([1-9][0-9]*))?(-)?")


@dataclass(frozen=True)
class Axis:
    """One axis of a layout: logical axes (merged), and the part of a split: "" (whole), "/" or "%".

    multiple: what the innermost logical axis is padded to before it is merged; falls: from the last to the first.
    """

    name: str
    part: str = ""
    split: int = 1
    multiple: int = 1
    falls: bool = False

    def __str__(self) -> str:
        padded = str(self.multiple) if self.multiple > 1 else ""
        split = f"{self.part}{self.split}" if self.part else ""
        return f"{self.name}{padded}{split}{'-' if self.falls else ''}"


@dataclass(frozen=True)
class Layout:
    """A parsed layout; make it with `parse_layout`."""

    element: str
    axes: tuple[Axis, ...]

    def __str__(self) -> str:
        return " ".join((self.element, *map(str, self.axes)))

    def pack(self, weights: np.ndarray) -> bytes:
        """Return weights [O, Y, X, C] (integers; ±1 for bits; float32) as bytes in this layout.

        Raises UsageError for values that the element cannot hold.
        """
        if self.element == "float32":
            return self._arrange(weights).astype(ELEMENTS[self.element]).tobytes()
        if not np.issubdtype(weights.dtype, np.integer):
            raise UsageError(f"layout {self}: it holds integers, found {weights.dtype} weights; use float32")
        if self.element == "bit":
            if (abs(weights) != 1).any():
                found = weights[abs(weights) != 1][0]
                raise UsageError(f"layout {self}: bit weights are -1 and +1, found {found}")
            return pack_bits(self._arrange(weights > 0).ravel()).tobytes()
        info = np.iinfo(ELEMENTS[self.element])
        if weights.min() < info.min or weights.max() > info.max:
            raise UsageError(f"layout {self}: weights {weights.min()}..{weights.max()} exceed {self.element}")
        return self._arrange(weights).astype(ELEMENTS[self.element]).tobytes()

    def _arrange(self, weights: np.ndarray) -> np.ndarray:
        """Merge, pad, split and transpose: an array with one dimension for each axis of the layout."""
        splits = {axis.name: axis.split for axis in self.axes}
        groups = sorted(splits.items(), key=lambda group: LOGICAL.index(group[0][0]))
        multiples = {axis.name[-1]: axis.multiple for axis in self.axes}
        inner = [(0, -size % multiples.get(letter, 1)) for letter, size in zip(LOGICAL, weights.shape, strict=True)]
        weights = np.pad(weights, inner)
        sizes = [math.prod(weights.shape[LOGICAL.index(letter)] for letter in name) for name, _ in groups]
        pads = [(0, -size % split) for size, (_, split) in zip(sizes, groups, strict=True)]
        padded = np.pad(weights.reshape(sizes), pads)
        shape: list[int] = []
        position: dict[tuple[str, str], int] = {}
        for (name, split), size in zip(groups, padded.shape, strict=True):
            whole = any(axis.name == name and not axis.part for axis in self.axes)
            parts = {"": size} if whole else {"/": size // split, "%": split}
            for part, length in parts.items():
                position[name, part] = len(shape)
                shape.append(length)
        arranged = padded.reshape(shape).transpose([position[axis.name, axis.part] for axis in self.axes])
        return np.flip(arranged, tuple(at for at, axis in enumerate(self.axes) if axis.falls))


def parse_layout(text: str) -> Layout:
    """Return the layout that `text` describes. Raises UsageError that says what is wrong with it."""
    element, *words = text.split() or [""]
    if element not in ELEMENTS:
        known = ", ".join(ELEMENTS) + nearest(element, ELEMENTS)
        raise UsageError(f"layout {text!r}: unknown element {element!r}; known: {known}")
    axes = tuple(_axis(word, text) for word in words)
    for letter in LOGICAL:
        own = [axis for axis in axes if letter in axis.name]
        parts = [axis.part for axis in own]
        if not own:
            raise UsageError(f"layout {text!r}: axis {letter} is missing")
        if parts != [""] and sorted(parts) != ["%", "/"]:
            raise UsageError(
                f"layout {text!r}: axis {letter} appears as {' '.join(map(str, own))}; "
                f"allowed: once whole, or once as {letter}/n and once as {letter}%n"
            )
        if len({(axis.name, axis.split, axis.multiple) for axis in own}) != 1:
            found = " and ".join(map(str, own))
            raise UsageError(f"layout {text!r}: {found} do not split the same axis by the same n")
    return Layout(element, axes)


def _axis(word: str, text: str) -> Axis:
    match = _AXIS.fullmatch(word)
    if not match:
        allowed = "O, Y, X, C or adjacent ones (YXC), padded (C32) or not, each whole, /n or %n, a minus if it falls"
        raise UsageError(f"layout {text!r}: {word!r} is no axis; allowed: {allowed}")
    name, multiple, part, split, falls = match.groups()
    if not any(name == LOGICAL[a:b] for a, b in itertools.combinations(range(len(LOGICAL) + 1), 2)):
        raise UsageError(f"layout {text!r}: {name!r} does not merge adjacent axes in the order {LOGICAL}")
    return Axis(name, part or "", int(split or 1), int(multiple or 1), bool(falls))
