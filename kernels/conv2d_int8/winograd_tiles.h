/* Assembly of Winograd's F(2x2, 3x3): a tile's inputs transformed, the sums of one element, a tile's outputs. */
#ifndef BNN_WINOGRAD_TILES_H
#define BNN_WINOGRAD_TILES_H
#include <stdint.h>
#include "int8_smlad.h"

/* Sums lie [element][OUTPUTS][BNN_PIXELS]; the assembly has SUMS, times four bytes, in its offsets. */
enum { OUTPUTS = 32, SUMS = OUTPUTS * BNN_PIXELS };

/* The transform of a tile; the assembly knows the offsets. */
typedef struct {
    const uint32_t *tile; /*  0: [words / 2][4][4] */
    uint32_t offset;      /*  4: the input offset in both halves */
    uint32_t *to;         /*  8: of the first element */
    uint32_t step;        /* 12: bytes from element to element */
    const uint32_t *end;  /* 16: of the tile */
} input_job;

#define WIDEN(x, rotation) "sxtab16 " x ", r12, " x rotation "\n\t"
/* a - c, b + c, c - b, b - d of a row, for four elements. */
#define MIX_ROW                                    \
    "ssub16 r1, r1, r3\n\t"                        \
    "str.w r1, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "sadd16 r1, r2, r3\n\t"                        \
    "str.w r1, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "ssub16 r3, r3, r2\n\t"                        \
    "str.w r3, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "ssub16 r2, r2, lr\n\t"                        \
    "str.w r2, [r0]\n\tadd.w r0, r0, r12\n\t"
/* Two of four channels. The second and third row stay in r4 to r11. */
#define TRANSFORM_PAIR(rotation)                                                                        \
    "ldr.w r0, [sp]\n\tldr.w r12, [sp, #4]\n\t"                                                         \
    "ldr.w r1, [r0]\n\tldr.w r2, [r0, #4]\n\tldr.w r3, [r0, #8]\n\tldr.w lr, [r0, #12]\n\t"             \
    "ldr.w r4, [r0, #16]\n\tldr.w r5, [r0, #20]\n\tldr.w r6, [r0, #24]\n\tldr.w r7, [r0, #28]\n\t"      \
    "ldr.w r8, [r0, #32]\n\tldr.w r9, [r0, #36]\n\tldr.w r10, [r0, #40]\n\tldr.w r11, [r0, #44]\n\t"    \
    WIDEN("r1", rotation) WIDEN("r2", rotation) WIDEN("r3", rotation) WIDEN("lr", rotation)             \
    WIDEN("r4", rotation) WIDEN("r5", rotation) WIDEN("r6", rotation) WIDEN("r7", rotation)             \
    WIDEN("r8", rotation) WIDEN("r9", rotation) WIDEN("r10", rotation) WIDEN("r11", rotation)           \
    "ldr.w r0, [sp, #8]\n\tldr.w r12, [sp, #12]\n\t"                                                    \
    "ssub16 r1, r1, r8\n\tssub16 r2, r2, r9\n\tssub16 r3, r3, r10\n\tssub16 lr, lr, r11\n\t" MIX_ROW    \
    "sadd16 r1, r4, r8\n\tsadd16 r2, r5, r9\n\tsadd16 r3, r6, r10\n\tsadd16 lr, r7, r11\n\t" MIX_ROW    \
    "ssub16 r1, r8, r4\n\tssub16 r2, r9, r5\n\tssub16 r3, r10, r6\n\tssub16 lr, r11, r7\n\t" MIX_ROW    \
    "ldr.w r1, [sp]\n\tldr.w r12, [sp, #4]\n\t"                                                         \
    "ldr.w r8, [r1, #48]\n\tldr.w r9, [r1, #52]\n\tldr.w r10, [r1, #56]\n\tldr.w r11, [r1, #60]\n\t"    \
    WIDEN("r8", rotation) WIDEN("r9", rotation) WIDEN("r10", rotation) WIDEN("r11", rotation)           \
    "ldr.w r12, [sp, #12]\n\t"                                                                          \
    "ssub16 r1, r4, r8\n\tssub16 r2, r5, r9\n\tssub16 r3, r6, r10\n\tssub16 lr, r7, r11\n\t" MIX_ROW    \
    "ldr.w r1, [sp, #8]\n\t"                                                                            \
    "ldr.w r2, [sp]\n\t"                                                                                \
    "ldr.w r3, [sp, #16]\n\t"                                                                           \
    "add.w r1, r1, #12\n\t"                                                                             \
    "str.w r1, [sp, #8]\n\t"

__attribute__((naked, noinline)) static void transform_tile(__attribute__((unused)) const input_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r8}\n\t"
        "sub sp, #20\n\t"
        "stm sp, {r4-r8}\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "1:\n\t"
        TRANSFORM_PAIR("")
        TRANSFORM_PAIR(", ror #8")
        "add.w r2, r2, #64\n\t"
        "str.w r2, [sp]\n\t"
        "cmp.w r2, r3\n\t"
        "bne.w 1b\n\t"
        "add sp, #20\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Sums of one element; the assembly knows the offsets. */
typedef struct {
    const uint32_t *patch;   /*  0: [words][BNN_PIXELS] */
    int32_t turns;           /*  4: of the unrolled loop */
    int32_t skip_bytes;      /*  8: code that the first turn leaves out */
    int32_t *sums;           /* 12 */
    const int32_t *end;      /* 16: of the sums */
    const uint32_t *weights; /* 20 */
} sum_job;

__attribute__((naked, noinline)) static void sum_element(__attribute__((unused)) const sum_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr r12, [r0, #20]\n\t"
        "ldm r0, {r4-r8}\n\t"
        "adr.w r1, 2f\n\t"
        "add r6, r1\n\t"
        "orr r6, #1\n\t"
        "sub sp, #20\n\t"
        "stm sp, {r4-r8}\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "2:\n\t"
        BNN_SMLAD_LOOP
        "ldr.w r6, [sp, #12]\n\t"
        "ldr.w r7, [sp, #16]\n\t"
        "stm.w r6!, {r0-r5}\n\t"
        "cmp.w r6, r7\n\t"
        "beq.w 3f\n\t"
        "str.w r6, [sp, #12]\n"
        "1:\n\t"
        "movs r0, #0\n\t"
        "movs r1, #0\n\t"
        "movs r2, #0\n\t"
        "movs r3, #0\n\t"
        "movs r4, #0\n\t"
        "movs r5, #0\n\t"
        "ldr.w lr, [sp, #4]\n\t"
        "ldr.w r11, [sp]\n\t"
        "ldr.w pc, [sp, #8]\n"
        "3:\n\t"
        "add sp, #20\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* All outputs of a tile; the assembly knows the offsets. */
typedef struct {
    const int32_t *sums; /*  0: of the first output */
    const void *table;   /*  4: twice_bias, rescale of each output */
    int8_t *output;      /*  8: the first of 2 x 2 */
    int32_t count;       /* 12 */
    int32_t out_c;       /* 16: bytes from column to column */
    int32_t out_row;     /* 20: bytes from row to row */
} tile_job;

/* Two of four: a + b + c and b - c - d in the places of a and b; r0 moves to the next row of elements. */
#define FINISH_ROW(a, b, c, d)               \
    "ldr.w " a ", [r0]\n\t"                  \
    "ldr.w " b ", [r0, #384]\n\t"            \
    "ldr.w " c ", [r0, #768]\n\t"            \
    "ldr.w " d ", [r0, #1152]\n\t"           \
    "add.w r0, r0, #1536\n\t"                \
    "add.w " a ", " a ", " b "\n\t"          \
    "sub.w " b ", " b ", " c "\n\t"          \
    "add.w " a ", " a ", " c "\n\t"          \
    "sub.w " b ", " b ", " d "\n\t"
#define FINISH_COLUMN(a, b, c, d)            \
    "add.w " a ", " a ", " b "\n\t"          \
    "sub.w " b ", " b ", " c "\n\t"          \
    "add.w " a ", " a ", " c "\n\t"          \
    "sub.w " b ", " b ", " d "\n\t"
/* Four times a sum to its output, as BNN_RESCALE. */
#define FINISH_OUTPUT(sum)                     \
    "add.w " sum ", r10, " sum ", asr #1\n\t"  \
    "add.w r9, r7, " sum ", asr #31\n\t"       \
    "smmlar " sum ", " sum ", r11, r9\n\t"     \
    "asr.w " sum ", " sum ", r8\n\t"           \
    "ssat " sum ", #8, " sum "\n\t"

__attribute__((naked, noinline)) static void finish_tile(__attribute__((unused)) const tile_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r9}\n\t"
        "push {r8, r9}\n\t"
        "mov r0, r4\n\t"
        "mov r1, r5\n\t"
        "mov r12, r6\n\t"
        "mov lr, r7\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "1:\n\t"
        FINISH_ROW("r2", "r3", "r10", "r11")
        FINISH_ROW("r4", "r5", "r10", "r11")
        FINISH_ROW("r6", "r7", "r10", "r11")
        FINISH_ROW("r8", "r9", "r10", "r11")
        FINISH_COLUMN("r2", "r4", "r6", "r8")
        FINISH_COLUMN("r3", "r5", "r7", "r9")
        "ldr.w r10, [r1]\n\t"
        "ldr.w r11, [r1, #4]\n\t"
        "ldr.w r7, [r1, #8]\n\t"
        "ldr.w r8, [r1, #12]\n\t"
        "add.w r1, r1, #16\n\t"
        "sub.w r0, r0, #6144\n\t"
        FINISH_OUTPUT("r2") FINISH_OUTPUT("r3") FINISH_OUTPUT("r4") FINISH_OUTPUT("r5")
        "ldr.w r8, [sp]\n\t"
        "ldr.w r7, [sp, #4]\n\t"
        "add.w r0, r0, #12\n\t"
        "add.w r8, r8, r12\n\t"
        "strb.w r3, [r8]\n\t"
        "add.w r8, r8, r7\n\t"
        "add.w r7, r7, r12\n\t"
        "strb.w r2, [r12], #1\n\t"
        "strb.w r5, [r8]\n\t"
        "strb.w r4, [r7]\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w 1b\n\t"
        "pop {r0, r1}\n\t"
        "pop {r4-r11, pc}\n\t");
}
#endif
