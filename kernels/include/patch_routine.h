/* Assembly that counts for blocks: two pixels that see the same taps, or one, by four outputs.
 *
 * For kernels whose counting is one assembly routine of this shape: a body of equal steps (one word of a patch by
 * four outputs each), entered so that the last steps of a turn are executed; r0 walks through the gathered
 * words, r1 through the weights of four outputs side by side. Sums start at K/2 - synapses/2 (rounded
 * down both), where the patch has `synapses` of the kernel's K, so that one table of thresholds serves all patches. */
#ifndef BNN_PATCH_ROUTINE_H
#define BNN_PATCH_ROUTINE_H
#include <stdint.h>
#include "bnn_layer.h"

/* What a region's counting needs. Assembly knows the offsets. */
typedef struct {
    const uint32_t *end; /* 0: of the words */
    uint32_t gap;        /* 4: bytes that the weights skip after a turn */
    uint32_t next;       /* 8: where all turns but the first enter */
    uint32_t first;      /* 12: where the first turn enters */
    uint32_t *words;     /* 16: in-image taps, in order, those of two pixels side by side */
    uint32_t after;      /* 20: bytes from the weights' end to those of the next four outputs */
    uint32_t sums;       /* 24: where sums start */
    void *self;          /* 28: this struct */
    uint32_t *row_end;   /* 32: for rows that take more than one turn: end of the current one, */
    uint32_t row_bytes;  /* 36: its length */
    uint32_t row_gap;    /* 40: and the weights' gap behind it */
    const uint32_t *table, *table_end; /* 44, 48: thresholds of the first group of outputs */
    uint32_t skip;       /* words of weights before the first turn */
    int32_t rows, run;   /* rows and words per row, of one pixel */
} bnn_patch;

/* Stack of a routine; from BNN_END on the first eight words of bnn_patch. */
#define BNN_TABLE "0"
#define BNN_TABLE_END "4"
#define BNN_BITS0 "8"
#define BNN_BITS1 "12"
#define BNN_OUT0 "16"
#define BNN_OUT1 "20"
#define BNN_END "24"
#define BNN_GAP "28"
#define BNN_NEXT "32"
#define BNN_FIRST "36"
#define BNN_WORDS "40"
#define BNN_AFTER "44"
#define BNN_SUMS "48"
#define BNN_SELF "52"
#define BNN_STACK(at) "[sp, #" at "]"

#define BNN_ENTER                               \
    "push.w {r4-r11, lr}\n\t"                   \
    "ldm.w r0, {r4-r11}\n\t"                    \
    "push.w {r4-r11}\n\t"                       \
    "ldrd r4, r5, [r0, #44]\n\t"                \
    "push.w {r2-r3}\n\t"                        \
    "push.w {r4-r7}\n\t"                        \
    "ldr.w r0, " BNN_STACK(BNN_WORDS) "\n\t"    \
    "ldr.w r7, " BNN_STACK(BNN_SUMS) "\n\t"     \
    "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"
#define BNN_LEAVE             \
    "add.w sp, sp, #56\n\t"   \
    "pop.w {r4-r11, pc}\n\t"

/* The word of a group of outputs: bits of its channels only, polarity, store. */
#define BNN_STORE(bits, out)                             \
    "lsr.w " #bits ", " #bits ", r4\n\t"                 \
    "eor.w " #bits ", " #bits ", r8\n\t"                 \
    "and.w " #bits ", " #bits ", r10\n\t"                \
    "ldr.w r9, " BNN_STACK(out) "\n\t"                   \
    "str.w " #bits ", [r9], #4\n\t"                      \
    "str.w r9, " BNN_STACK(out) "\n\t"
#define BNN_STORE_ONE BNN_STORE(r2, BNN_OUT0)
#define BNN_STORE_TWO BNN_STORE_ONE BNN_STORE(r3, BNN_OUT1)

/* Between two turns; continues at label 2 when all words are counted. r2, r3 and lr are free. */
#define BNN_END_OF_TURN                         \
    "ldr.w r2, " BNN_STACK(BNN_END) "\n\t"      \
    "ldr.w r3, " BNN_STACK(BNN_GAP) "\n\t"      \
    "ldr.w lr, " BNN_STACK(BNN_NEXT) "\n\t"     \
    "cmp.n r0, r2\n\t"                          \
    "beq.n 2f\n\t"                              \
    "add.n r1, r3\n\t"                          \
    "bx.n lr\n\t"

/* Where turns continue if the rows of a patch are apart and take more than one turn. */
#define BNN_CHANGE_ROW(top)                     \
    "ldr.w r2, " BNN_STACK(BNN_SELF) "\n\t"     \
    "ldr.w r3, [r2, #32]\n\t"                   \
    "cmp.w r0, r3\n\t"                          \
    "bne.w " top "\n\t"                         \
    "ldr.w lr, [r2, #36]\n\t"                   \
    "add.w r3, r3, lr\n\t"                      \
    "ldr.w lr, [r2, #0]\n\t"                    \
    "cmp.w r3, lr\n\t" /* the last row ends the patch: prepare the first one of the next four */ \
    "bne.n 3f\n\t"                              \
    "ldr.w r3, [r2, #16]\n\t"                   \
    "ldr.w lr, [r2, #36]\n\t"                   \
    "add.w r3, r3, lr\n\t"                      \
    "3: str.w r3, [r2, #32]\n\t"                \
    "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"    \
    "ldr.w r3, [r2, #40]\n\t"                   \
    "add.w r1, r1, r3\n\t"                      \
    "bx.n lr\n\t"

/* Starts the thresholds: r0 the table, r2 and r3 the bits so far. */
#define BNN_BEGIN_THRESHOLDS                         \
    "ldr.w r0, " BNN_STACK(BNN_TABLE) "\n\t"         \
    "ldr.w r2, " BNN_STACK(BNN_BITS0) "\n\t"         \
    "ldr.w r3, " BNN_STACK(BNN_BITS1) "\n\t"

#define BNN_SIXTEEN_STEPS(step) step step step step step step step step step step step step step step step step

/* A whole routine, the body of a naked function. top, change_row: names of labels. steps: r0 and r1 end at the next
 * words. start: sums from r7. thresholds: leave r0 behind the table's entries, the bits in r2 and r3. store: of the
 * bits, at the end of a group. */
#define BNN_ROUTINE(top, change_row, steps, start, thresholds, store) \
    __asm__ volatile(                                          \
        BNN_ENTER                                              \
        start                                                  \
        "bx.n lr\n\t"                                          \
        ".p2align 3\n"                                         \
        top ":\n\t"                                            \
        steps                                                  \
        BNN_END_OF_TURN                                        \
        ".p2align 2\n"                                         \
        "2:\n\t"                                               \
        thresholds                                             \
        "ldr.w r12, " BNN_STACK(BNN_TABLE_END) "\n\t"          \
        "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"               \
        "ldr.w r5, " BNN_STACK(BNN_AFTER) "\n\t"               \
        "ldr.w r6, " BNN_STACK(BNN_WORDS) "\n\t"               \
        "ldr.w r7, " BNN_STACK(BNN_SUMS) "\n\t"                \
        "cmp.w r0, r12\n\t"                                    \
        "beq.w 4f\n\t"                                         \
        "str.w r2, " BNN_STACK(BNN_BITS0) "\n\t"               \
        "str.w r3, " BNN_STACK(BNN_BITS1) "\n"                 \
        "5: str.w r0, " BNN_STACK(BNN_TABLE) "\n\t"            \
        "add.n r1, r5\n\t"                                     \
        "mov.n r0, r6\n\t"                                     \
        start                                                  \
        "bx.n lr\n\t"                                          \
        ".p2align 2\n"                                         \
        "4:\n\t"                                               \
        "ldm.w r0!, {r4, r8, r10, r12}\n\t"                    \
        store                                                  \
        "str.w r12, " BNN_STACK(BNN_TABLE_END) "\n\t"          \
        "cmp.w r12, #0\n\t"                                    \
        "bne.w 5b\n\t"                                         \
        BNN_LEAVE                                              \
        change_row ":\n\t"                                     \
        BNN_CHANGE_ROW(top))

/* What is known of a routine: where its body begins, how long a step is, where it changes rows. It counts for one
 * pixel or two and writes their packed outputs. */
typedef struct {
    void (*count)(const bnn_patch *p, const uint32_t *weights, uint32_t *out0, uint32_t *out1);
    uint32_t top, steps, step_bytes, change_row;
    uint32_t sums_unit; /* 1, or 65537 if two sums share a register */
} bnn_routine;
#define BNN_UNUSED __attribute__((unused))
#define BNN_DEFINE_ROUTINE(name)                                                           \
    extern const char name##_top[], name##_change_row[];                                   \
    static __attribute__((naked, noinline)) void name(                                     \
        const bnn_patch *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED,                  \
        uint32_t *out0 BNN_UNUSED, uint32_t *out1 BNN_UNUSED)
#define BNN_ROUTINE_NAMED(name, steps, step_bytes, sums_unit) \
    {name, (uint32_t)name##_top, steps, step_bytes, (uint32_t)name##_change_row, sums_unit}
#endif
