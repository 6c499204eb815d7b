/* ---
operator: QQConv2D
variant: mla_blocked
idea: for cores without DSP instructions; four outputs share each input byte, weights of the four interleaved;
  the window is clipped to the image once per pixel, so the inner loop runs over contiguous bytes
registers: four sums, two pointers, the bytes left, one input and four weights
needs: []
fixed_time: true
weights: int8 O/4 Y X C O%4
--- */
#include "bnn_layer.h"
#include "threshold.h"

/* The in-image part of one output pixel's window. */
typedef struct window {
    const uint8_t *input; /* first byte */
    int32_t weights;      /* offset of its weights, bytes */
    int32_t rows, run;    /* rows, bytes per row */
    int32_t input_step, weights_step;
} window;

static window clip(const bnn_layer *layer, int32_t y, int32_t x)
{
    int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    int32_t first_row = top < 0 ? 0 : top, first_column = left < 0 ? 0 : left;
    int32_t end_row = top + layer->kernel_h, end_column = left + layer->kernel_w;
    window w;

    end_row = end_row > layer->in_h ? layer->in_h : end_row;
    end_column = end_column > layer->in_w ? layer->in_w : end_column;
    w.rows = end_row - first_row;
    w.run = (end_column - first_column) * layer->in_c;
    w.rows = w.run > 0 ? w.rows : 0;
    w.input = (const uint8_t *)layer->input + (first_row * layer->in_w + first_column) * layer->in_c;
    w.weights = 4 * ((first_row - top) * layer->kernel_w + first_column - left) * layer->in_c;
    w.input_step = layer->in_w * layer->in_c - w.run;
    w.weights_step = 4 * (layer->kernel_w * layer->in_c - w.run);
    return w;
}

/* One input byte times four weights. The loads stand together because consecutive loads overlap. */
#ifdef __thumb2__
#define STEP()                                                                                        \
    do {                                                                                              \
        int32_t x, w0, w1, w2, w3;                                                                    \
                                                                                                      \
        __asm__ volatile("ldrb %0, [%5], #1\n\tldrsb %1, [%6, #1]\n\tldrsb %2, [%6, #2]\n\t"           \
                         "ldrsb %3, [%6, #3]\n\tldrsb %4, [%6], #4"                                   \
                         : "=&r"(x), "=&r"(w1), "=&r"(w2), "=&r"(w3), "=&r"(w0), "+&r"(input),        \
                           "+&r"(weights)                                                             \
                         :                                                                            \
                         : "memory");                                                                 \
        s0 += x * w0;                                                                                 \
        s1 += x * w1;                                                                                 \
        s2 += x * w2;                                                                                 \
        s3 += x * w3;                                                                                 \
    } while (0)
#else
#define STEP()                   \
    do {                         \
        int32_t x = *input++;    \
                                 \
        s0 += x * weights[0];    \
        s1 += x * weights[1];    \
        s2 += x * weights[2];    \
        s3 += x * weights[3];    \
        weights += 4;            \
    } while (0)
#endif

/* Four dot products of one window, then their bits, highest channel first. */
static inline uint32_t four_outputs(const window *w, const int8_t *weights, const int32_t *bias,
                                    const uint32_t *width, uint32_t bits)
{
    const uint8_t *input = w->input;
    int32_t s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];

    weights += w->weights;
    for (int32_t row = w->rows; row > 0; row--) {
        int32_t left = w->run;

        for (; left >= 4; left -= 4) {
            STEP();
            STEP();
            STEP();
            STEP();
        }
        for (; left > 0; left--)
            STEP();
        input += w->input_step;
        weights += w->weights_step;
    }
    bits = bnn_push_threshold(bits, (uint32_t)s3, width[3]);
    bits = bnn_push_threshold(bits, (uint32_t)s2, width[2]);
    bits = bnn_push_threshold(bits, (uint32_t)s1, width[1]);
    return bnn_push_threshold(bits, (uint32_t)s0, width[0]);
}

void qqconv2d_mla_blocked(const bnn_layer *layer)
{
    uint32_t *output = layer->output;
    int32_t filter_bytes = layer->kernel_h * layer->kernel_w * layer->in_c;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            window w = clip(layer, y, x);

            for (int32_t word = 0; word < layer->out_words; word++) {
                int32_t left = layer->out_c - 32 * word;
                uint32_t valid = left >= 32 ? 0xffffffffu : (1u << left) - 1;
                uint32_t bits = 0;

                for (int32_t o = ((left > 32 ? 32 : left) - 1) & ~3; o >= 0; o -= 4)
                    bits = four_outputs(&w, (const int8_t *)layer->weights + (32 * word + o) * filter_bytes,
                                        layer->bias + 32 * word + o, layer->width + 32 * word + o, bits);
                *output++ = (bits ^ layer->polarity[word]) & valid;
            }
        }
}
