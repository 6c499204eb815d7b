"""Small programs that stress counting: IT blocks, block splits, switch tables, calls, divides, misalignment."""

C_PROGRAMS = {
    "it_heavy": """
        #include <stdint.h>
        int test(int n) {
            uint32_t s = 1, a = 0, b = 0;
            for (int i = 0; i < n; i++) {
                s = s * 1664525u + 1013904223u;
                a += (s >> 31) ? 3 : 0;
                b = (s & 64) ? b ^ s : b + 1;
                if ((int32_t)s < 0) a -= b;
            }
            return (int)(a + b);
        }""",
    "switch_table": """
        int f(int x, int y) {
            switch (x & 7) {
            case 0: return y + 1; case 1: return y * 3; case 2: return y - 7; case 3: return y ^ 5;
            case 4: return y << 2; case 5: return y | 9; case 6: return y & 77; default: return -y;
            }
        }
        int test(int n) { int y = 0; for (int i = 0; i < n; i++) y = f(i * 5 + 1, y); return y; }""",
    "recursion": """
        __attribute__((noinline)) int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
        int test(int n) { return f(n & 15); }""",
    "function_pointers": """
        __attribute__((noinline)) static int a(int x) { return x + 1; }
        __attribute__((noinline)) static int b(int x) { return x * 2; }
        int (*const table[2])(int) = {a, b};
        int test(int n) { int x = 1; for (int i = 0; i < n; i++) x = table[i & 1](x) & 0xffff; return x; }""",
    "divides": """
        int test(int n) {
            int s = 0;
            for (int i = 1; i <= n; i++) s += (1000000 / i) + (-77777 / i) + (int)((unsigned)s / 3u) + i / 1000;
            return s;
        }""",
    "early_exit": """
        int test(int n) {
            for (int i = 0; i < n; i++) { if (i == 37) return i; if (i % 11 == 10) continue; }
            return n;
        }""",
}

# 1.5 KiB of straight-line code: Unicorn splits such blocks
LONG_BLOCK = (
    "    .syntax unified\n    .thumb\n    .global test\n    .type test, %function\n    .thumb_func\ntest:\n"
    + "    add.w r1, r1, r0\n    adds r2, r2, #1\n" * 260
    + "    subs r0, #1\n    it ne\n    movne r3, #1\n    cmp r0, #0\n    beq 1f\n    b.w test\n"
    + "1:  bx lr\n    .size test, . - test\n"
)

# flags change inside the IT block: each instruction's own condition outcome counts
FLAGS_IN_IT = """
    .syntax unified
    .thumb
    .global test
    .type test, %function
    .thumb_func
test:
    movs r1, #0
1:  cmp r0, #5
    itte hi
    subhi r1, r1, #1
    cmphi r0, #9
    addls r1, r1, #2
    itt eq
    pusheq {r4, r5}
    popeq {r4, r5}
    subs r0, #1
    bne 1b
    mov r0, r1
    bx lr
    .size test, . - test
"""
