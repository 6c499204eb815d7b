/* ---
operator: MaxPool2D_int8
variant: words
idea: rows of the window first, over the whole width, then its columns; four channels per word, which bytes are
  greater is told by the carries of one subtraction
registers: two words, three of the comparison, three pointers, the count
needs: []
fixed_time: true
scratch_bytes: in_w * in_c
supports: in_c % 4 == 0
--- */
#include <stdint.h>
#include "int8_lanes.h"

/* Not inline, so that all registers of Armv6-M are free for it. */
BNN_NOINLINE void max_bytes(int8_t *to, const int8_t *a, const int8_t *b, int32_t bytes)
{
    uint32_t *words = (uint32_t *)(void *)to;
    const uint32_t *x = (const uint32_t *)(const void *)a, *y = (const uint32_t *)(const void *)b;

    for (; bytes > 0; bytes -= BNN_LANES)
        *words++ = bnn_max8(*x++, *y++);
}

#include "separable.h"

void maxpool2d_int8_words(const bnn_layer *layer)
{
    pool_rows_then_columns(layer);
}
