/* Binary convolutions that start each output's sums where one comparison makes its bit, as xpopa_spans explains. */
#ifndef BBCONV2D_XPOPA_SPANS_H
#define BBCONV2D_XPOPA_SPANS_H
#include "bnn_layer.h"
#include "inline.h"
#include "pad.h"
#include "patch_spans.h"
#include "patch_xpopa.h"
#include "patches.h"

BNN_DEFINE_ROUTINE(bbconv2d_spans_two)
{
    BNN_ROUTINE("bbconv2d_spans_two_top", "bbconv2d_spans_two_change_row",
                BNN_XPOPA_TWO, BNN_SPANS_START_TWO, BNN_SPANS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_spans_one)
{
    BNN_ROUTINE("bbconv2d_spans_one_top", "bbconv2d_spans_one_change_row",
                BNN_XPOPA_ONE, BNN_SPANS_START_ONE, BNN_SPANS_ONE, BNN_STORE_ONE);
}

BNN_INLINE void bbconv2d_convolve_spans(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_XPOPA_TWO_NAMED(bbconv2d_spans_two);
    static const bnn_routine one = BNN_XPOPA_ONE_NAMED(bbconv2d_spans_one);
    bnn_convolve_blocks_by(layer, &two, &one, BNN_SPANS);
}
#endif
