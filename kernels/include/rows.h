/* One patch by four outputs with a population count instruction and low registers, as in BBConv2D's popcount_rows. */
#ifndef BNN_ROWS_H
#define BNN_ROWS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "primitives.h"

#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
#define BNN_ROWS_COUNT(sum, w) "bnnsim_xor_popcount_accumulate " #sum ", " #w ", r2\n\t"
#else
#define BNN_ROWS_COUNT(sum, w) "eors " #w ", r2\n\tbnnsim_popcount " #w ", " #w "\n\tadd " #sum ", " #w "\n\t"
#endif

typedef struct {
    const uint32_t *run_end, *end;  /* of the words of a patch */
    uint32_t run_bytes, skip_bytes; /* skip: weights from the end of a run to the next one */
} bnn_rows_window;

/* sums[0 .. 3]: bits in which the words differ from the weights of four outputs. */
static __attribute__((naked, noinline, unused)) void bnn_count_four(const uint32_t *words __attribute__((unused)),
                                                                    const uint32_t *weights __attribute__((unused)),
                                                                    const bnn_rows_window *w __attribute__((unused)),
                                                                    uint32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r3-r7}\n\t"
        "ldmia r2!, {r4-r7}\n\t"
        "mov r12, r4\n\tmov lr, r7\n\t"
        "push {r5, r6}\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldmia r0!, {r2}\n\t"
        "ldmia r1!, {r4-r7}\n\t"
        BNN_ROWS_COUNT(r8, r4) BNN_ROWS_COUNT(r9, r5) BNN_ROWS_COUNT(r10, r6) BNN_ROWS_COUNT(r11, r7)
        "cmp r0, r12\n\t"
        "bne 1b\n\t"
        "ldr r2, [sp]\n\t"
        "cmp r0, r2\n\t"
        "beq 2f\n\t"
        "add r1, lr\n\t"
        "ldr r2, [sp, #4]\n\t"
        "add r12, r2\n\t"
        "b 1b\n"
        "2:\n\t"
        "add sp, sp, #8\n\t"
        "pop {r3}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "stmia r3!, {r4-r7}\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}
#endif
