"""Bare-metal programs for `bnnsim time`, built with nothing of bnnsim's: own linker scripts and startup code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LINKER_SCRIPT = """
MEMORY {{ CODE (rwx) : ORIGIN = {code:#x}, LENGTH = 64K  DATA (rw) : ORIGIN = {data:#x}, LENGTH = 19K }}
ENTRY(start)
SECTIONS {{
  .vectors : {{ LONG({data:#x} + 19K) LONG(start | 1) }} > CODE
  .text : {{ *(.text*) *(.rodata*) }} > CODE
  .data : {{ data_start = .; *(.ram_code) *(.data*) . = ALIGN(4); data_end = .; }} > DATA AT > CODE
  data_load = LOADADDR(.data);
  stack_top = {data:#x} + 19K;
  .bss : {{ *(.bss*) }} > DATA
  /DISCARD/ : {{ *(.ARM.*) *(.comment) }}
}}
"""

STARTUP = """
    .syntax unified
    .thumb
    .text
    .type start, %function
    .global start
start:
    mov r0, sp
    ldr r1, =stack_top
    cmp r0, r1
    beq 1f
    udf #0
1:  push {r0, r1}
    pop {r0, r1}
    ldr r0, =data_load
    ldr r1, =data_start
    ldr r2, =data_end
1:  cmp r1, r2
    bhs 2f
    ldr r3, [r0]
    str r3, [r1]
    adds r0, #4
    adds r1, #4
    b 1b
2:  ldr r0, =table
    movs r1, #8
count_begin:
    bl sum
count_end:
    nop
    bkpt #0
    b .
"""

C = """
typedef unsigned uint32_t; typedef int int32_t;
int table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
int zeros[16];
__attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__attribute__((noinline)) static int a(int x) { return x + 1; }
__attribute__((noinline)) static int b(int x) { return x * 2; }
int (*const pointers[2])(int) = {a, b};
int through(int n) { int x = 1; for (int i = 0; i < n; i++) x = pointers[i & 1](x) & 0xffff; return x; }
int switched(int n) {
    int y = 0;
    for (int i = 0; i < n; i++) switch ((i * 5 + 1) & 7) {
        case 0: y += 1; break; case 1: y *= 3; break; case 2: y -= 7; break; case 3: y ^= 5; break;
        case 4: y <<= 2; break; case 5: y |= 9; break; case 6: y &= 77; break; default: y = -y;
    }
    return y;
}
int it_heavy(int n) {
    uint32_t s = 1, p = 0, q = 0;
    for (int i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        p += (s >> 31) ? 3 : 0;
        q = (s & 64) ? q ^ s : q + 1;
        if ((int32_t)s < 0) p -= q;
    }
    return p + q;
}
__attribute__((noinline)) int sum(const int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }
void check_six(int p, int q, int r, int s, int t, int u) {
    if (p + 10 * q + 100 * r + 1000 * s + 10000 * t + 100000 * u != -345679) __builtin_trap();
}
void check_sum(const int *p, int n, int expected) { if (sum(p, n) != expected) __builtin_trap(); }
void check_data(void) { if (table[7] != 8 || zeros[15]) __builtin_trap(); }
int read(const int *p) { return *p; }
void endless(void) { for (;;) __asm__ volatile("nop"); }
"""

TARGETS = {
    "cortex-m4": ("-target", "thumbv7em-none-eabi", "-mcpu=cortex-m4"),
    "cortex-m0plus": ("-target", "thumbv6m-none-eabi", "-mcpu=cortex-m0plus"),
}


def build(folder: Path, core: str = "cortex-m4", code: int = 0x0001_0000, data: int = 0x2000_4000, extra: str = "",
          debug: bool = True, strip: bool = False) -> Path:  # fmt: skip
    """Compile and link the program for a core at two addresses; `extra`: more assembly; strip: without symbols.

    Returns the ELF's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.c").write_text(C)
    (folder / "startup.s").write_text(STARTUP + extra)
    (folder / "link.ld").write_text(LINKER_SCRIPT.format(code=code, data=data))
    zig = (sys.executable, "-m", "ziglang")
    flags = ("-O2", "-ffreestanding", "-mfloat-abi=soft", "-mthumb", *(("-g",) if debug else ()))

    def run(*command: str) -> None:
        subprocess.run([*zig, *command], cwd=folder, check=True, capture_output=True)

    run("clang", *TARGETS[core], *flags, "-c", "program.c", "-o", "program.o")
    run("clang", *TARGETS[core], "-c", "startup.s", "-o", "startup.o")
    flags = ("-s",) if strip else ()
    run("ld.lld", "-T", "link.ld", *flags, "startup.o", "program.o", "-o", "program.elf")
    return folder / "program.elf"
