/* Binary layers whose taps outside the image count as +1 read a copy of the input with a frame of ones. */
#ifndef BNN_PAD_H
#define BNN_PAD_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

/* Pixels of ones at `to`, pad channels 0; returns what follows them. last: the last word of a pixel. Here, and where
 * pixels are copied, BNN_KEEP stops compilers from unrolling: a frame is to be small, it need not be fast. */
BNN_NOINLINE uint32_t *bnn_frame_ones(uint32_t *to, int32_t pixels, int32_t words, uint32_t last)
{
    for (; pixels > 0; pixels--) {
        for (int32_t n = words; n > 1; n--) {
            *to++ = ~0u;
            BNN_KEEP(to);
        }
        *to++ = last;
        BNN_KEEP(to);
    }
    return to;
}

/* framed: the layer without padding, its input a copy at the start of the scratch memory. */
BNN_NOINLINE void bnn_frame_input(const bnn_layer *layer, bnn_layer *framed)
{
    const int32_t words = layer->in_words, channels = layer->in_c & 31;
    const uint32_t last = channels ? (1u << channels) - 1 : ~0u;
    const int32_t width = (layer->out_w - 1) * layer->stride_w + layer->kernel_w;
    const int32_t height = (layer->out_h - 1) * layer->stride_h + layer->kernel_h;
    const int32_t room = width - layer->pad_left, inside = room < layer->in_w ? room : layer->in_w;
    uint32_t *to = layer->scratch;

    *framed = *layer;
    framed->in_h = height;
    framed->in_w = width;
    framed->pad_top = framed->pad_left = framed->pad_one = framed->frame_bytes = 0;
    framed->input = to;
    framed->scratch = (uint8_t *)layer->scratch + layer->frame_bytes;
    for (int32_t y = -layer->pad_top; y < height - layer->pad_top; y++) {
        if (y < 0 || y >= layer->in_h) {
            to = bnn_frame_ones(to, width, words, last);
            continue;
        }
        const uint32_t *from = (const uint32_t *)layer->input + y * layer->in_w * words;

        to = bnn_frame_ones(to, layer->pad_left, words, last);
        for (int32_t n = inside * words; n > 0; n--) {
            *to++ = *from++;
            BNN_KEEP(to);
        }
        to = bnn_frame_ones(to, room - inside, words, last);
    }
}

/* The layer itself, or with pad_one `framed`: the same layer without padding, whose input is a framed copy in the
 * first frame_bytes of the scratch memory. A kernel adds frame_bytes to its scratch_bytes and starts with
 * layer = bnn_framed(layer, &framed). */
BNN_INLINE const bnn_layer *bnn_framed(const bnn_layer *layer, bnn_layer *framed)
{
    if (!layer->pad_one)
        return layer;
    bnn_frame_input(layer, framed);
    return framed;
}
#endif
