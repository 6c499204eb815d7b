/* ---
operator: MaxPool2D_int8
variant: simd
idea: rows of the window first, over the whole width, then its columns; SSUB8 and SEL compare four channels, sixteen
  per turn with all loads in a row; the last four bytes of a run overlap those before them
registers: eight words, a difference, three pointers, the count
needs: [dsp]
fixed_time: true
scratch_bytes: in_w * in_c
supports: in_c >= 4
--- */
#include <stdint.h>
#include "int8_lanes.h"

/* Sixteen bytes per turn; words may lie at any address. */
#define MAX_OF_SIXTEENS(to, a, b, turns)                                                                             \
    do {                                                                                                             \
        uint32_t a0, a1, a2, a3, b0, b1, b2, b3, difference;                                                         \
        __asm__ volatile(".balign 8\n"                                                                               \
                         "1:\n\t"                                                                                    \
                         "ldr.w %[a1], [%[a], #4]\n\tldr.w %[a2], [%[a], #8]\n\tldr.w %[a3], [%[a], #12]\n\t"        \
                         "ldr.w %[b1], [%[b], #4]\n\tldr.w %[b2], [%[b], #8]\n\tldr.w %[b3], [%[b], #12]\n\t"        \
                         "ldr.w %[a0], [%[a]], #16\n\tldr.w %[b0], [%[b]], #16\n\t"                                  \
                         "ssub8 %[t], %[a1], %[b1]\n\tsel %[a1], %[a1], %[b1]\n\t"                                   \
                         "ssub8 %[t], %[a2], %[b2]\n\tsel %[a2], %[a2], %[b2]\n\t"                                   \
                         "ssub8 %[t], %[a3], %[b3]\n\tsel %[a3], %[a3], %[b3]\n\t"                                   \
                         "ssub8 %[t], %[a0], %[b0]\n\tsel %[a0], %[a0], %[b0]\n\t"                                   \
                         "str.w %[a1], [%[to], #4]\n\tstr.w %[a2], [%[to], #8]\n\tstr.w %[a3], [%[to], #12]\n\t"     \
                         "str.w %[a0], [%[to]], #16\n\t"                                                             \
                         "subs.w %[n], %[n], #1\n\tbgt.w 1b"                                                         \
                         : [to] "+r"(to), [a] "+r"(a), [b] "+r"(b), [n] "+r"(turns), [a0] "=&r"(a0),                 \
                           [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1),           \
                           [b2] "=&r"(b2), [b3] "=&r"(b3), [t] "=&r"(difference)                                     \
                         :                                                                                           \
                         : "cc", "memory");                                                                          \
    } while (0)

/* At least four bytes. */
BNN_NOINLINE void max_bytes(int8_t *to, const int8_t *a, const int8_t *b, int32_t bytes)
{
    int32_t turns = bytes >> 4;

    if (turns)
        MAX_OF_SIXTEENS(to, a, b, turns);
    for (bytes &= 15; bytes >= BNN_LANES; bytes -= BNN_LANES, to += BNN_LANES, a += BNN_LANES, b += BNN_LANES)
        bnn_store_lanes(to, bnn_max8(bnn_load_lanes(a), bnn_load_lanes(b)));
    if (bytes) {
        int32_t back = BNN_LANES - bytes;

        bnn_store_lanes(to - back, bnn_max8(bnn_load_lanes(a - back), bnn_load_lanes(b - back)));
    }
}

#include "separable.h"

void maxpool2d_int8_simd(const bnn_layer *layer)
{
    pool_rows_then_columns(layer);
}
