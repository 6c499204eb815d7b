/* Dense binary layers by an instruction that adds the dot product of two words of ±1: 10 cycles for four words on a
 * Cortex-M4. Sums are dot products; pad bits agree, so each has added 1. */
#ifndef BNN_DENSE_XNDOTA_H
#define BNN_DENSE_XNDOTA_H
#include <stdint.h>
#include "bnn_layer.h"
#include "dense_steps.h"
#include "inline.h"
#include "isa.h"

#define BNN_DENSE_STEP                   \
    BNN_DENSE_LOADS                      \
    "bnnsim_xndota r8, r3, r4, 31\n\t"   \
    "bnnsim_xndota r9, r3, r5, 31\n\t"   \
    "bnnsim_xndota r10, r3, r6, 31\n\t"  \
    "bnnsim_xndota r11, r3, r7, 31\n\t"
#define BNN_DENSE_SPLIT ""
#define BNN_DENSE_CONSTANT "0"
enum { BNN_DENSE_STEP_BYTES = 36, BNN_DENSE_OUTPUTS = 4 };

/* Pad bits of the input. */
BNN_INLINE int32_t bnn_dense_pads(const bnn_layer *layer)
{
    return layer->in_h * layer->in_w * (32 * layer->in_words - layer->in_c);
}

#include "dense_count.h"
#endif
