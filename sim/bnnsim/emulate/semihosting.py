"""Semihosting: what BKPT 0xAB asks of a debugger's host (Arm, "Semihosting for AArch32 and AArch64", 2.0).

Only what a program needs to print and to end: output goes to `write`, input and files do not exist, no time passes.
Answers depend on the program alone, so every pass of an emulation gets the same ones.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from bnnsim.errors import EmulationFault

BREAKPOINT = 0xBEAB  # BKPT 0xAB
SIZE_BYTES = 2
EXITS = (0x18, 0x20)
NO_ADDRESS = 0xFFFF_FFFE  # where no program ever gets
_MINUS_ONE = 0xFFFF_FFFF
_APPLICATION_EXIT = 0x20026  # ADP_Stopped_ApplicationExit
_STDIN, _STDOUT, _STDERR = 1, 2, 3  # handles; nonzero, else the choice is the host's
_LONGEST_TEXT_BYTES = 1 << 20
NAMES = {
    0x01: "SYS_OPEN", 0x02: "SYS_CLOSE", 0x03: "SYS_WRITEC", 0x04: "SYS_WRITE0", 0x05: "SYS_WRITE", 0x06: "SYS_READ",
    0x07: "SYS_READC", 0x08: "SYS_ISERROR", 0x09: "SYS_ISTTY", 0x0A: "SYS_SEEK", 0x0C: "SYS_FLEN", 0x0D: "SYS_TMPNAM",
    0x0E: "SYS_REMOVE", 0x0F: "SYS_RENAME", 0x10: "SYS_CLOCK", 0x11: "SYS_TIME", 0x12: "SYS_SYSTEM",
    0x13: "SYS_ERRNO", 0x15: "SYS_GET_CMDLINE", 0x16: "SYS_HEAPINFO", 0x18: "SYS_EXIT", 0x20: "SYS_EXIT_EXTENDED",
    0x30: "SYS_ELAPSED", 0x31: "SYS_TICKFREQ",
}  # fmt: skip


class Host:
    """The host of one run. `calls`: how many it answered so far.

    write: takes what the program prints; end: (address, calls): the run ends at this BKPT, but not before so many
    calls were answered (one BKPT may serve all calls of a program).
    """

    def __init__(self, write: Callable[[bytes], object] = len, end: tuple[int, int] | None = None):
        self.calls = 0
        self._write, self._end = write, end

    def stop_at(self, until: int) -> int:
        """Where to stop a run that shall end at an address: nowhere while that BKPT still has calls to make."""
        return NO_ADDRESS if self._end is not None and self._end[0] == until and self.calls < self._end[1] else until

    def answer(self, machine: Any, pc: int) -> bool:
        """Answer the call of the BKPT at pc; False if it is none, or an exit. Raises EmulationFault for a refusal."""
        if int.from_bytes(machine.read(pc, SIZE_BYTES), "little") != BREAKPOINT or machine.register(0) in EXITS:
            return False
        operation, argument = machine.register(0), machine.register(1)
        serve = _SERVICES.get(operation, _refuse)
        try:
            machine.set_register(0, serve(self, machine, argument))
        except EmulationFault as error:
            from bnnsim.emulate.faults import place  # which imports the machine, which imports this

            raise EmulationFault(f"{error}, at {place(machine.image, pc)}") from None
        self.calls += 1
        return True

    def put(self, data: bytes) -> None:
        """Print what the program prints."""
        self._write(data)


def exit_code(machine: Any) -> int | None:
    """Exit code of a program stopped at an exit call; None if it tells none, as SYS_EXIT does unless it failed."""
    pc, operation = machine.register(15) & ~1, machine.register(0)
    if int.from_bytes(machine.read(pc, SIZE_BYTES), "little") != BREAKPOINT or operation not in EXITS:
        return None
    argument = machine.register(1)
    if operation == 0x20:
        reason, code = _words(machine, argument, 2)
        return code if reason == _APPLICATION_EXIT else 1
    return None if argument == _APPLICATION_EXIT else 1


def _words(machine: Any, address: int, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}I", _read(machine, address, 4 * count))


def _read(machine: Any, address: int, size_bytes: int) -> bytes:
    from unicorn import UcError

    try:
        return machine.read(address, size_bytes)
    except UcError:
        raise EmulationFault(f"semihosting call: {size_bytes} bytes at {address:#010x} are not in memory") from None


def _store(machine: Any, address: int, data: bytes) -> None:
    from unicorn import UcError

    try:
        machine.write(address, data)
    except UcError:
        raise EmulationFault(f"semihosting call: {len(data)} bytes at {address:#010x} are not in memory") from None


def _text(machine: Any, address: int) -> bytes:
    """The bytes from an address to the next NUL."""
    found = bytearray()
    while (byte := _read(machine, address + len(found), 1)) != b"\0":
        found += byte
        if len(found) > _LONGEST_TEXT_BYTES:
            raise EmulationFault(f"semihosting call SYS_WRITE0: no end of text after {len(found):,} bytes")
    return bytes(found)


def _refuse(_: Host, machine: Any, argument: int) -> int:
    operation = machine.register(0)
    raise EmulationFault(
        f"semihosting call {NAMES.get(operation, 'unknown')} ({operation:#x}): only output and exits are known; "
        "end before it with --to"
    )


def _open(host: Host, machine: Any, argument: int) -> int:
    address, mode, length = _words(machine, argument, 3)
    name = _read(machine, address, length)
    if name == b":tt":
        return _STDIN if mode < 4 else _STDOUT if mode < 8 else _STDERR
    if name == b":semihosting-features":
        return _MINUS_ONE  # how a host says that it has no extensions
    shown = name.decode(errors="replace")
    raise EmulationFault(f'semihosting call SYS_OPEN (0x1) of {shown!r}: only the terminal, ":tt", can be opened')


def _write(host: Host, machine: Any, argument: int) -> int:
    handle, address, length = _words(machine, argument, 3)
    if handle not in (_STDOUT, _STDERR):
        raise EmulationFault(f"semihosting call SYS_WRITE (0x5) to handle {handle}, which was not opened for writing")
    host.put(_read(machine, address, length))
    return 0  # bytes not written


def _write_text(host: Host, machine: Any, argument: int) -> int:
    host.put(_text(machine, argument))
    return machine.register(0)


def _write_character(host: Host, machine: Any, argument: int) -> int:
    host.put(_read(machine, argument, 1))
    return machine.register(0)


def _is_error(_: Host, machine: Any, argument: int) -> int:
    return _words(machine, argument, 1)[0] >> 31


def _command_line(_: Host, machine: Any, argument: int) -> int:
    address, length = _words(machine, argument, 2)
    if not length:
        return _MINUS_ONE
    _store(machine, address, b"\0")
    _store(machine, argument + 4, struct.pack("<I", 0))
    return 0


def _heap(_: Host, machine: Any, argument: int) -> int:
    """Heap base and limit, stack base and limit; zeros for the heap, which leave it to the program."""
    low, top = machine.plan.stack
    _store(machine, _words(machine, argument, 1)[0], struct.pack("<4I", 0, 0, top, low))
    return 0


def _elapsed(_: Host, machine: Any, argument: int) -> int:
    _store(machine, argument, bytes(8))
    return 0


def _zero(_: Host, __: Any, ___: int) -> int:
    return 0


def _one(_: Host, __: Any, ___: int) -> int:
    return 1


_SERVICES: dict[int, Callable[[Host, Any, int], int]] = {
    0x01: _open,
    0x02: _zero,  # close
    0x03: _write_character,
    0x04: _write_text,
    0x05: _write,
    0x08: _is_error,
    0x09: _one,  # every handle is a terminal
    0x0C: _zero,  # length of a terminal
    0x10: _zero,  # clock and time stand still
    0x11: _zero,
    0x13: _zero,  # errno: no call fails
    0x15: _command_line,
    0x16: _heap,
    0x30: _elapsed,
}
