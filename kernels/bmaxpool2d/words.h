/* Binary max pooling, 32 channels at a time, of a kernel whose function is WORDS. OR_FOUR(a, b, c, d) is how it joins
 * the four words of a window. */
#ifndef BMAXPOOL2D_WORDS_H
#define BMAXPOOL2D_WORDS_H
#include "bnn_layer.h"

/* The four words of a window, `words` apart; the loads stand together because consecutive loads overlap. */
#ifdef __thumb2__
#define LOAD4(a, b, c, d, upper, lower, words)                                                       \
    __asm__ volatile("ldr %0, [%4]\n\tldr %1, [%5]\n\tldr %2, [%4, %6, lsl #2]\n\tldr %3, [%5, %6, lsl #2]" \
                     : "=&r"(a), "=&r"(b), "=&r"(c), "=r"(d)                                         \
                     : "r"(upper), "r"(lower), "r"(words)                                            \
                     : "memory")
#else
#define LOAD4(a, b, c, d, upper, lower, words) \
    ((a) = (upper)[0], (b) = (lower)[0], (c) = (upper)[words], (d) = (lower)[words])
#endif

/* One output row of 2x2 windows that lie inside the image. */
static void pool_row_2x2(const uint32_t *top, int32_t row_words, uint32_t *output, const bnn_layer *layer)
{
    int32_t words = layer->in_words, step = layer->stride_w * words;
    const uint32_t *bottom = top + row_words;
    uint32_t *end = output + layer->out_w * words;

    for (int32_t n = 0; n < words; n++, top++, bottom++, output++) {
        const uint32_t *upper = top, *lower = bottom;

        for (uint32_t *to = output; to < end; to += words, upper += step, lower += step) {
            uint32_t a, b, c, d;

            LOAD4(a, b, c, d, upper, lower, words);
            *to = OR_FOUR(a, b, c, d);
        }
    }
}

/* One output pixel; the window is clipped to the image. */
static void pool_pixel(const bnn_layer *layer, int32_t y, int32_t x, uint32_t *output)
{
    const uint32_t *input = layer->input;
    int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    int32_t bottom = top + layer->kernel_h, right = left + layer->kernel_w;

    top = top < 0 ? 0 : top;
    left = left < 0 ? 0 : left;
    bottom = bottom > layer->in_h ? layer->in_h : bottom;
    right = right > layer->in_w ? layer->in_w : right;
    for (int32_t n = 0; n < layer->in_words; n++) {
        uint32_t word = 0;

        for (int32_t row = top; row < bottom; row++)
            for (int32_t column = left; column < right; column++)
                word |= input[(row * layer->in_w + column) * layer->in_words + n];
        output[n] = word;
    }
}

void WORDS(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    uint32_t *output = layer->output;
    int32_t row_words = layer->in_w * layer->in_words;
    int straight = layer->kernel_h == 2 && layer->kernel_w == 2 && layer->pad_left == 0
                   && (layer->out_w - 1) * layer->stride_w + 2 <= layer->in_w;

    for (int32_t y = 0; y < layer->out_h; y++) {
        int32_t row = y * layer->stride_h - layer->pad_top;

        if (straight && row >= 0 && row + 2 <= layer->in_h)
            pool_row_2x2(input + row * row_words, row_words, output, layer);
        else
            for (int32_t x = 0; x < layer->out_w; x++)
                pool_pixel(layer, y, x, output + x * layer->out_words);
        output += layer->out_w * layer->out_words;
    }
}
#endif
