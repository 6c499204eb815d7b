/* ---
operator: Mul_float32
variant: plain
idea: one element at a time, in C; an input of one pixel starts anew with each pixel
registers: pointers and counts
needs: []
fixed_time: true
--- */
#include "float32_pair.h"

void mul_float32_plain(const bnn_layer *layer)
{
    BNN_FLOAT_PAIR(layer, *);
}
