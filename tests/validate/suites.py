"""A small suite with one program of each fate, written into a folder."""

from __future__ import annotations

from pathlib import Path

PROGRAM = """
    .syntax unified
    .thumb
    .section .text.{name}, "ax", %progbits
    .balign 16
    .global {name}
    .type {name}, %function
    .thumb_func
{name}:
    .balign 8
1:  {body}
    subs r1, #1
    bne 1b
    bx lr
    .size {name}, . - {name}
"""

SUITE = """\
name: small
tolerance: 1
reference: {kind: manual, source: by hand}
arguments: [buffer, iterations]
iterations: 10
programs:
  - name: add
    sources: [add.s]
    cycles: {cortex-m4: 4, cortex-m0plus: 4}
  - name: load
    sources: [load.s]
    cycles: {cortex-m4: 4, cortex-m0plus: {cycles: 5, kind: measured, source: a board}}
    tolerance: 25
  - name: unmeasured
    sources: [add.s]
    call: add
    arguments: [buffer, 3]
    cycles: {cortex-m4: null}
"""


def write(folder: Path, suite: str = SUITE) -> Path:
    """Write suite.yaml with its sources; returns its path."""
    for name, body in (("add", "adds r2, r2, r3"), ("load", "ldr r2, [r0]"), ("fault", ".short 0xde00")):
        (folder / f"{name}.s").write_text(PROGRAM.format(name=name, body=body))
    path = folder / "suite.yaml"
    path.write_text(suite)
    return path
