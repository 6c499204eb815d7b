/* Binary layers whose taps outside the image count as +1 read a copy of the input with a frame of ones. */
#ifndef BNN_PAD_H
#define BNN_PAD_H
#include <stdint.h>
#include "bnn_layer.h"

/* The layer itself, or with pad_one the same layer without padding: `framed`, whose input is a copy in the first
 * frame_bytes of the scratch memory. Pad channels stay 0. A kernel adds frame_bytes to its scratch_bytes and
 * starts with layer = bnn_framed(layer, &framed). */
static inline const bnn_layer *bnn_framed(const bnn_layer *layer, bnn_layer *framed)
{
    const uint32_t *from = layer->input;
    uint32_t *to = layer->scratch;
    int32_t words = layer->in_words;

    if (!layer->pad_one)
        return layer;
    *framed = *layer;
    framed->in_h = (layer->out_h - 1) * layer->stride_h + layer->kernel_h;
    framed->in_w = (layer->out_w - 1) * layer->stride_w + layer->kernel_w;
    framed->pad_top = framed->pad_left = framed->pad_one = framed->frame_bytes = 0;
    framed->input = to;
    framed->scratch = (uint8_t *)layer->scratch + layer->frame_bytes;
    for (int32_t y = -layer->pad_top; y < framed->in_h - layer->pad_top; y++)
        for (int32_t x = -layer->pad_left; x < framed->in_w - layer->pad_left; x++)
            for (int32_t n = 0; n < words; n++) {
                int32_t rest = layer->in_c - 32 * n;

                if (y >= 0 && y < layer->in_h && x >= 0 && x < layer->in_w)
                    *to++ = from[(y * layer->in_w + x) * words + n];
                else
                    *to++ = rest >= 32 ? ~0u : (1u << rest) - 1;
            }
    return framed;
}
#endif
