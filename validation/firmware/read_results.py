"""Finds the firmware's table of results in a dump of RAM and writes one CSV per suite.

    read_results.py DUMP.bin [PREFIX]

DUMP.bin: any dump that holds the table. Writes PREFIX-SUITE.csv (name,cycles) for `bnnsim validate --measured`.
The table's layout is told in results.h.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

MAGIC = b"BNNSIM-RESULTS-1"
HEADER = struct.Struct("<16sII")  # magic, entries, entries finished
ENTRY = struct.Struct("<56sI")  # SUITE/PROGRAM, cycles


def read(dump: bytes) -> Iterator[tuple[str, str, int]]:
    """Yield (suite, program, cycles). Raises SystemExit if there is no whole table or the run has not finished."""
    at = dump.find(MAGIC)
    if at < 0:
        raise SystemExit("no table of results in this dump: dump all RAM after the firmware has stopped")
    if dump.find(MAGIC, at + 1) >= 0:
        raise SystemExit("two tables of results in this dump: dump RAM only")
    if at + HEADER.size > len(dump):
        raise SystemExit("the dump ends inside the table of results")
    _, count, finished = HEADER.unpack_from(dump, at)
    if finished != count:
        raise SystemExit(f"the firmware has finished {finished} of {count} programs: let it run to its end")
    if at + HEADER.size + count * ENTRY.size > len(dump):
        raise SystemExit("the dump ends inside the table of results")
    for number in range(count):
        name, cycles = ENTRY.unpack_from(dump, at + HEADER.size + number * ENTRY.size)
        suite, _, program = name.split(b"\0")[0].decode("ascii").partition("/")
        yield suite, program, cycles


def main(dump: Path, prefix: str) -> None:
    """Write the CSV files and tell their names."""
    tables: dict[str, list[str]] = {}
    for suite, program, cycles in read(dump.read_bytes()):
        tables.setdefault(suite, ["name,cycles"]).append(f"{program},{cycles}")
    for suite, lines in tables.items():
        path = Path(f"{prefix}-{suite}.csv")
        path.write_text("\n".join(lines) + "\n")
        print(f"{path}: {len(lines) - 1} programs")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(str(__doc__))
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else "board")
