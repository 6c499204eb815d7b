"""Names of addresses in a program whose symbols may lack types and sizes, as assembly's often do."""

from __future__ import annotations

import bisect

from bnnsim.build.image import Image


class Names:
    """Looks up the function of an address, by sized functions, functions without a size, and labels, in this order."""

    def __init__(self, image: Image):
        self._image = image
        unsized = {f.address: f.name for f in image.functions if not f.size_bytes}
        labels = {value & ~1: name for name, value in sorted(image.symbols.items(), reverse=True)}
        outside = {address: name for address, name in labels.items() if not self._sized(address)}
        self._levels = [sorted(level.items()) for level in (unsized, outside)]

    def _sized(self, address: int) -> bool:
        function = self._image.function_at(address)
        return function is not None and function.size_bytes > 0

    def find(self, address: int) -> tuple[str, int]:
        """Name and first address of the function that holds an address.

        Where there is none, it is the code range, named by its address in hexadecimal.
        """
        if (function := self._image.function_at(address)) is not None:
            return function.name, function.address
        low = next((low for low, high in self._image.code_ranges if low <= address < high), address)
        for level in self._levels:
            at = bisect.bisect_right(level, (address, "\U0010ffff")) - 1
            if at >= 0 and level[at][0] >= low:
                return level[at][1], level[at][0]
        return f"{low:#010x}", low

    def function(self, address: int) -> str:
        """Name of the function that holds an address, or the address of its code range in hexadecimal."""
        return self.find(address)[0]

    def place(self, address: int) -> str:
        """An address as "0x08000100 in function (file.c:12)"."""
        known = any(low <= address < high for low, high in self._image.code_ranges)
        line = self._image.line_at(address) if known else None
        return f"{address:#010x}" + (f" in {self.function(address)}" if known else "") + (f" ({line})" if line else "")
