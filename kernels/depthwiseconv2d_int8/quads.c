/* ---
operator: DepthwiseConv2D_int8
variant: quads
idea: >-
  four channels at a time: their plane is copied into scratch with a frame of zero points, one word per pixel. Per tap
  one word of activations and one of weights are widened to pairs of 16 bits (SXTB16), then SMLABB and SMLATT: 31
  cycles for twelve products. The input offset is folded into the bias once per channel. 3×3 kernels and their
  requantization (SMMLAR) are assembly; other kernels, and what is left of the channels, are C.
registers: four sums, three activations and weights, two widened ones, two pointers
needs: [dsp]
fixed_time: true
weights: int8 O/4 Y X O%4 C
scratch_bytes: 4 * ((out_h - 1) * stride_h + kernel_h) * ((out_w - 1) * stride_w + kernel_w)
supports: depth_multiplier == 1
--- */
#include "bnn_layer.h"
#include "dsp.h"
#include "int8.h"
#include "int8_rescale.h"

enum { CHANNELS = 4 };

/* Of four channels, in the order in which the assembly reads it. */
typedef struct {
    int32_t bias[CHANNELS];
    uint32_t weights[9];
    bnn_rescale rescale[CHANNELS];
} quad;

/* A row of outputs; the assembly knows the offsets. */
typedef struct {
    const uint32_t *x;   /*  0: the first window's first word */
    const quad *q;       /*  4 */
    int32_t pitch;       /*  8: bytes of a row of the plane */
    int8_t *output;      /* 12 */
    int32_t out_step;    /* 16: bytes from pixel to pixel */
    const int8_t *end;   /* 20 */
    int32_t back;        /* 24: bytes from the fourth row of a window to the next window */
} row_job;

typedef struct {
    const bnn_layer *layer;
    uint32_t *plane; /* [height][width] words of four channels */
    int32_t height, width;
    const uint32_t *weights;
    int32_t first, count; /* channels */
    quad q;
    int32_t fits; /* whether all of them can be rescaled in assembly */
} plan;

#define TAP(x, w)                     \
    "sxtb16 r11, " x "\n\t"           \
    "sxtb16 r10, " w "\n\t"           \
    "smlabb r0, r11, r10, r0\n\t"     \
    "smlatt r2, r11, r10, r2\n\t"     \
    "sxtb16 " x ", " x ", ror #8\n\t" \
    "sxtb16 " w ", " w ", ror #8\n\t" \
    "smlabb r1, " x ", " w ", r1\n\t" \
    "smlatt r3, " x ", " w ", r3\n\t"
/* Three taps: adjacent loads overlap, the last one moves r12 to the plane's next row. */
#define ROW                        \
    "ldr.w r4, [r12]\n\t"          \
    "ldr.w r5, [r12, #4]\n\t"      \
    "ldr.w r6, [r12, #8]\n\t"      \
    "ldr.w r8, [lr, #4]\n\t"       \
    "ldr.w r9, [lr, #8]\n\t"       \
    "ldr.w r7, [lr], #12\n\t"      \
    "ldr.w r10, [sp, #8]\n\t"      \
    "add.w r12, r12, r10\n\t"      \
    TAP("r4", "r7") TAP("r5", "r8") TAP("r6", "r9")

/* One row of outputs of a 3x3 kernel, four channels. */
__attribute__((naked, noinline)) static void row_3x3(__attribute__((unused)) const row_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r10}\n\t"
        "sub sp, #28\n\t"
        "stm sp, {r4-r10}\n\t"
        "mov r12, r4\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "1:\n\t"
        "ldr.w lr, [sp, #4]\n\t"
        "ldm.w lr!, {r0-r3}\n\t"
        ROW ROW ROW
        "ldm.w lr!, {r4-r9}\n\t"
        BNN_RESCALE("r0", "r4", "r5", "r6", "r10")
        BNN_RESCALE("r1", "r7", "r8", "r9", "r10")
        "ldm.w lr!, {r4-r9}\n\t"
        BNN_RESCALE("r2", "r4", "r5", "r6", "r10")
        BNN_RESCALE("r3", "r7", "r8", "r9", "r10")
        "ldr.w r4, [sp, #12]\n\t"
        "ldr.w r5, [sp, #16]\n\t"
        "ldr.w r6, [sp, #20]\n\t"
        "ldr.w r7, [sp, #24]\n\t"
        "strb.w r1, [r4, #1]\n\t"
        "strb.w r2, [r4, #2]\n\t"
        "strb.w r3, [r4, #3]\n\t"
        "strb.w r0, [r4]\n\t"
        "add.w r4, r4, r5\n\t"
        "str.w r4, [sp, #12]\n\t"
        "add.w r12, r12, r7\n\t"
        "cmp.w r4, r6\n\t"
        "bne.w 1b\n\t"
        "add sp, #28\n\t"
        "pop {r4-r11, pc}\n\t");
}

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

/* Four bytes from any address, and the first of them, `count`. */
BNN_INLINE uint32_t load4(const int8_t *from)
{
    uint32_t word;
    __asm__("ldr %0, [%1]" : "=r"(word) : "r"(from), "m"(*(const uint32_t(*)[1])(const void *)from));
    return word;
}

BNN_INLINE uint32_t load_some(const int8_t *from, int32_t count)
{
    uint32_t word = 0;

    for (int32_t c = 0; c < count; c++)
        word |= (uint32_t)(uint8_t)from[c] << (8 * c);
    return word;
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
        if (y >= 0 && y < layer->in_h) {
            const int32_t last = layer->in_w < end ? layer->in_w : end;

            if (p->count == CHANNELS)
                for (; x + 4 <= last; x += 4, from += 4 * layer->in_c, to += 4) {
                    to[0] = load4(from);
                    to[1] = load4(from + layer->in_c);
                    to[2] = load4(from + 2 * layer->in_c);
                    to[3] = load4(from + 3 * layer->in_c);
                }
            for (; x < last; x++, from += layer->in_c)
                *to++ = p->count == CHANNELS ? load4(from) : load_some(from, p->count);
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

    p->fits = 1;
    for (int32_t c = 0; c < CHANNELS; c++) {
        int32_t sum = 0;

        for (int32_t n = 0; n < taps; n++)
            sum += ((const int8_t *)p->weights)[CHANNELS * n + c];
        p->q.bias[c] = (c < p->count ? layer->bias[p->first + c] : 0) + layer->input_offset * sum;
        p->fits &= bnn_rescale_of(layer, p->first + c, &p->q.rescale[c]);
    }
    for (int32_t n = 0; n < 9 && n < taps; n++)
        p->q.weights[n] = p->weights[n];
}

/* All rows of a 3x3 kernel. */
static void pixels_3x3(const plan *p)
{
    const bnn_layer *layer = p->layer;
    row_job j;

    j.q = &p->q;
    j.pitch = 4 * p->width;
    j.output = (int8_t *)layer->output + p->first;
    j.out_step = layer->out_c;
    j.back = 4 * layer->stride_w - 3 * j.pitch;
    for (int32_t y = 0; y < layer->out_h; y++) {
        j.x = p->plane + y * layer->stride_h * p->width;
        j.end = j.output + layer->out_w * layer->out_c;
        row_3x3(&j);
        j.output += layer->out_w * layer->out_c;
    }
}

/* Any kernel, any number of channels. */
static void pixels(const plan *p)
{
    const bnn_layer *layer = p->layer;
    int8_t *output = (int8_t *)layer->output + p->first;

    for (int32_t y = 0; y < layer->out_h; y++) {
        const uint32_t *row = p->plane + y * layer->stride_h * p->width;

        for (int32_t x = 0; x < layer->out_w; x++, output += layer->out_c, row += layer->stride_w) {
            int32_t acc[CHANNELS] = {p->q.bias[0], p->q.bias[1], p->q.bias[2], p->q.bias[3]};
            const uint32_t *in = row, *w = p->weights;

            for (int32_t i = 0; i < layer->kernel_h; i++, in += p->width, w += layer->kernel_w)
                for (int32_t j = 0; j < layer->kernel_w; j++)
                    tap(acc, in[j], w[j]);
            for (int32_t c = 0; c < p->count; c++)
                output[c] = bnn_int8_output(layer, p->first + c, acc[c]);
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
        if (layer->kernel_h == 3 && layer->kernel_w == 3 && p.fits && p.count == CHANNELS)
            pixels_3x3(&p);
        else
            pixels(&p);
    }
    bnn_clamp_output(layer);
}
