/* ---
operator: DepthwiseConv2D_int8
variant: quads
idea: >-
  four channels at a time: their plane is copied into scratch with a frame of zero points, one word per pixel. Per tap
  one word of activations and one of weights are widened to pairs of 16 bits (SXTB16), then SMLABB and SMLATT: 11
  cycles for four products. The input offset is folded into the bias once per channel. 3×3 kernels are unrolled.
registers: four sums, up to three activations and weights, two widened ones, two pointers
needs: [dsp]
fixed_time: true
weights: int8 O/4 Y X O%4 C
scratch_bytes: 4 * ((out_h - 1) * stride_h + kernel_h) * ((out_w - 1) * stride_w + kernel_w)
supports: depth_multiplier == 1
--- */
#include "bnn_layer.h"
#include "int8.h"

enum { CHANNELS = 4 };

typedef struct {
    const bnn_layer *layer;
    uint32_t *plane; /* [height][width] words of four channels */
    int32_t height, width;
    const uint32_t *weights;
    int32_t first, count; /* channels */
    int32_t bias[CHANNELS], multiplier[CHANNELS], add[CHANNELS], right[CHANNELS];
    int32_t fits; /* requantization: y = (h + add - (h < 0)) >> right, h = (2 * acc * multiplier + 2^31) >> 32 */
} plan;

/* acc + low half * low half, acc + high half * high half */
BNN_INLINE int32_t multiply_low(int32_t acc, uint32_t a, uint32_t b)
{
    __asm__("smlabb %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
    return acc;
}

BNN_INLINE int32_t multiply_high(int32_t acc, uint32_t a, uint32_t b)
{
    __asm__("smlatt %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
    return acc;
}

BNN_INLINE void tap(int32_t *acc, uint32_t x, uint32_t w)
{
    uint32_t even = bnn_sxtb16(x), w_even = bnn_sxtb16(w), odd = bnn_sxtb16_ror8(x), w_odd = bnn_sxtb16_ror8(w);

    acc[0] = multiply_low(acc[0], even, w_even);
    acc[2] = multiply_high(acc[2], even, w_even);
    acc[1] = multiply_low(acc[1], odd, w_odd);
    acc[3] = multiply_high(acc[3], odd, w_odd);
}

/* Three taps: adjacent loads overlap. */
BNN_INLINE void three_taps(int32_t *acc, const uint32_t *x, const uint32_t *w)
{
    uint32_t x0, x1, x2, w0, w1, w2;

    __asm__("ldr %0, [%6]\n\tldr %1, [%6, #4]\n\tldr %2, [%6, #8]\n\t"
            "ldr %3, [%7]\n\tldr %4, [%7, #4]\n\tldr %5, [%7, #8]"
            : "=&r"(x0), "=&r"(x1), "=&r"(x2), "=&r"(w0), "=&r"(w1), "=&r"(w2)
            : "r"(x), "r"(w), "m"(*(const uint32_t(*)[3])x), "m"(*(const uint32_t(*)[3])w));
    tap(acc, x0, w0);
    tap(acc, x1, w1);
    tap(acc, x2, w2);
}

/* The four channels from `first` on, with a frame of zero points. */
static void copy_plane(const plan *p)
{
    const bnn_layer *layer = p->layer;
    const uint32_t nothing = ((uint32_t)-layer->input_offset & 0xffu) * 0x01010101u;
    uint32_t *to = p->plane;

    for (int32_t y = -layer->pad_top; y < p->height - layer->pad_top; y++) {
        const int8_t *from = (const int8_t *)layer->input + y * layer->in_w * layer->in_c + p->first;
        int32_t x = -layer->pad_left, end = p->width - layer->pad_left;

        for (; x < 0; x++)
            *to++ = nothing;
        if (y >= 0 && y < layer->in_h)
            for (; x < layer->in_w && x < end; x++, from += layer->in_c) {
                uint32_t word = 0;

                if (p->count == CHANNELS)
                    __asm__("ldr %0, [%1]" : "=r"(word) : "r"(from), "m"(*(const uint32_t(*)[1])(const void *)from));
                else
                    for (int32_t c = 0; c < p->count; c++)
                        word |= (uint32_t)(uint8_t)from[c] << (8 * c);
                *to++ = word;
            }
        for (; x < end; x++)
            *to++ = nothing;
    }
}

/* Biases with the input offset's share, and what requantization needs. */
static void prepare(plan *p)
{
    const bnn_layer *layer = p->layer;
    int32_t taps = layer->kernel_h * layer->kernel_w;

    p->fits = !layer->single_rounding;
    for (int32_t c = 0; c < CHANNELS; c++) {
        int32_t real = c < p->count, o = p->first + c, right = real ? -layer->exponent[o] : 1, sum = 0;

        for (int32_t n = 0; n < taps; n++)
            sum += ((const int8_t *)p->weights)[CHANNELS * n + c];
        p->bias[c] = (real ? layer->bias[o] : 0) + layer->input_offset * sum;
        if (right < 1 || right > 22) {
            p->fits = 0;
            right = 1;
        }
        p->multiplier[c] = real ? layer->multiplier[o] : 0;
        p->add[c] = (1 << (right - 1)) + layer->output_offset * (1 << right);
        p->right[c] = right;
    }
}

BNN_INLINE int32_t requantize(const plan *p, int32_t c, int32_t acc)
{
    int32_t h;

    __asm__("smmulr %0, %1, %2" : "=r"(h) : "r"(acc * 2), "r"(p->multiplier[c]));
    h = (h + p->add[c] + (h >> 31)) >> p->right[c];
    h = h < p->layer->out_min ? p->layer->out_min : h;
    return h > p->layer->out_max ? p->layer->out_max : h;
}

BNN_INLINE void store(const plan *p, const int32_t *acc, int8_t *output)
{
    if (p->fits && p->count == CHANNELS) {
        for (int32_t c = 0; c < CHANNELS; c++)
            output[c] = (int8_t)requantize(p, c, acc[c]);
        return;
    }
    for (int32_t c = 0; c < p->count; c++)
        output[c] = bnn_int8_output(p->layer, p->first + c, acc[c]);
}

/* All pixels; the size of the kernel is known where this is inlined with constants. */
BNN_INLINE void pixels(const plan *p, int32_t kernel_h, int32_t kernel_w)
{
    const bnn_layer *layer = p->layer;
    int8_t *output = (int8_t *)layer->output + p->first;

    for (int32_t y = 0; y < layer->out_h; y++) {
        const uint32_t *row = p->plane + y * layer->stride_h * p->width;

        for (int32_t x = 0; x < layer->out_w; x++, output += layer->out_c, row += layer->stride_w) {
            int32_t acc[CHANNELS] = {p->bias[0], p->bias[1], p->bias[2], p->bias[3]};
            const uint32_t *in = row, *w = p->weights;

            for (int32_t i = 0; i < kernel_h; i++, in += p->width, w += kernel_w) {
                if (kernel_w == 3)
                    three_taps(acc, in, w);
                else
                    for (int32_t j = 0; j < kernel_w; j++)
                        tap(acc, in[j], w[j]);
            }
            store(p, acc, output);
        }
    }
}

void depthwiseconv2d_int8_quads(const bnn_layer *layer)
{
    plan p = {.layer = layer, .plane = layer->scratch, .weights = layer->weights};

    p.height = (layer->out_h - 1) * layer->stride_h + layer->kernel_h;
    p.width = (layer->out_w - 1) * layer->stride_w + layer->kernel_w;
    for (; p.first < layer->in_c; p.first += CHANNELS, p.weights += layer->kernel_h * layer->kernel_w) {
        p.count = layer->in_c - p.first;
        p.count = p.count < CHANNELS ? p.count : CHANNELS;
        copy_plane(&p);
        prepare(&p);
        if (layer->kernel_h == 3 && layer->kernel_w == 3)
            pixels(&p, 3, 3);
        else
            pixels(&p, layer->kernel_h, layer->kernel_w);
    }
}
