/* ---
operator: Conv2D_int8
variant: winograd_words
idea: >-
  winograd for cores without DSP instructions: 3×3 kernels with stride 1 in 16 instead of 36 products per 2×2 outputs,
  exact in integers, transformed inputs and weights as words. 16 outputs at a time have their weights transformed into
  scratch. Two tiles by four outputs per channel with MLA (Armv7-M), by two outputs with MUL (Armv6-M), in assembly.
registers: eight sums, two inputs, two weights, two pointers (Armv6-M, four sums and a product)
needs: []
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 1152 * ((in_c + 3) // 4 * 4) + 2048 + (in_c + 3) // 4 * 4
supports: kernel_h == 3 and kernel_w == 3 and stride_h == 1 and stride_w == 1 and in_c <= 512
--- */
#include "bnn_layer.h"
#include "int8.h"

enum { OUTPUTS = 16, TILES = 2, ELEMENTS = 16, TAPS = 9, SUMS = OUTPUTS * TILES };

#ifdef __thumb2__
enum { GROUP = 4 };
#define TWO_OUTPUTS(s0, s1, s2, s3)     \
    "mla " s0 ", r10, r12, " s0 "\n\t"  \
    "mla " s1 ", r11, r12, " s1 "\n\t"  \
    "mla " s2 ", r10, lr, " s2 "\n\t"   \
    "mla " s3 ", r11, lr, " s3 "\n\t"
/* A channel: r0 the inputs, r1 the weights; the last load of each base moves it. */
#define CHANNEL                                                             \
    "ldr.w r11, [r0, #4]\n\tldr.w r10, [r0], #8\n\t"                         \
    "ldr.w lr, [r1, #4]\n\tldr.w r12, [r1], #16\n\t"                         \
    TWO_OUTPUTS("r2", "r3", "r4", "r5")                                     \
    "ldr lr, [r1, #-4]\n\tldr r12, [r1, #-8]\n\t"                           \
    TWO_OUTPUTS("r6", "r7", "r8", "r9")

/* sums[GROUP][TILES] over the channels inputs .. end, a multiple of four of them. */
__attribute__((naked, noinline)) static void sum_group(const int32_t *inputs __attribute__((unused)),
                                                       const int32_t *weights __attribute__((unused)),
                                                       const int32_t *end __attribute__((unused)),
                                                       int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r2-r11, lr}\n\t"
        "movs r2, #0\n\tmovs r3, #0\n\tmovs r4, #0\n\tmovs r5, #0\n\t"
        "movs r6, #0\n\tmovs r7, #0\n\tmov.w r8, #0\n\tmov.w r9, #0\n\t"
        ".p2align 3\n"
        "1:\n\t" CHANNEL CHANNEL CHANNEL CHANNEL
        "ldr.w r10, [sp]\n\t"
        "cmp.w r0, r10\n\t"
        "bne.w 1b\n\t"
        "ldr.w r10, [sp, #4]\n\t"
        "stm.w r10, {r2-r9}\n\t"
        "add sp, #8\n\t"
        "pop {r4-r11, pc}");
}
#else
enum { GROUP = 2 };
#define PRODUCT(x, w, sum) "muls " w ", " x ", " w "\n\tadd " sum ", " w "\n\t"
#define CHANNEL                                                       \
    "ldmia r0!, {r2, r3}\n\tldmia r1!, {r4, r5}\n\t"                  \
    "mov r6, r4\n\t" PRODUCT("r2", "r6", "r8") PRODUCT("r3", "r4", "r9") \
    "mov r6, r5\n\t" PRODUCT("r2", "r6", "r10") PRODUCT("r3", "r5", "r11")

__attribute__((naked, noinline)) static void sum_group(const int32_t *inputs __attribute__((unused)),
                                                       const int32_t *weights __attribute__((unused)),
                                                       const int32_t *end __attribute__((unused)),
                                                       int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r3-r7}\n\t"
        "mov r12, r2\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        ".p2align 3\n"
        "1:\n\t" CHANNEL CHANNEL CHANNEL CHANNEL
        "cmp r0, r12\n\t"
        "bne 1b\n\t"
        "pop {r0}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "stmia r0!, {r4-r7}\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}
#endif

typedef struct {
    const bnn_layer *layer;
    int32_t *weights;     /* [ELEMENTS][OUTPUTS / GROUP][channels][GROUP] */
    int32_t *inputs;      /* [ELEMENTS][channels][TILES] */
    int32_t *sums;        /* [ELEMENTS][OUTPUTS][TILES] */
    int8_t *nothing;      /* a pixel outside the image: zero points */
    int32_t channels;     /* with zeros up to a multiple of four */
    int32_t first, count; /* outputs whose weights are transformed */
} plan;

/* Four from three weights: 2 a, a + b + c, a - b + c, 2 c. */
BNN_INLINE void widen_weights(int32_t a, int32_t b, int32_t c, int32_t *to, int32_t step)
{
    to[0] = 2 * a;
    to[step] = a + c + b;
    to[2 * step] = a + c - b;
    to[3 * step] = 2 * c;
}

static void transform_weights(const plan *p)
{
    const bnn_layer *layer = p->layer;
    const int32_t in_c = layer->in_c, element_step = OUTPUTS * p->channels;

    for (int32_t o = 0; o < OUTPUTS; o++) {
        const int8_t *w = (const int8_t *)layer->weights + (p->first + o) * TAPS * in_c;
        int32_t *to = p->weights + o / GROUP * GROUP * p->channels + o % GROUP;

        for (int32_t c = 0; c < p->channels; c++, w++, to += GROUP) {
            int32_t columns[12];

            for (int32_t j = 0; j < 3; j++) {
                int32_t real = o < p->count && c < in_c, top = real ? w[j * in_c] : 0;

                widen_weights(top, real ? w[(3 + j) * in_c] : 0, real ? w[(6 + j) * in_c] : 0, columns + j, 3);
            }
            for (int32_t i = 0; i < 4; i++)
                widen_weights(columns[3 * i], columns[3 * i + 1], columns[3 * i + 2], to + 4 * i * element_step,
                              element_step);
        }
    }
}

/* a - c, b + c, c - b, b - d */
BNN_INLINE void mix_inputs(int32_t a, int32_t b, int32_t c, int32_t d, int32_t *to, int32_t step)
{
    to[0] = a - c;
    to[step] = b + c;
    to[2 * step] = c - b;
    to[3 * step] = b - d;
}

/* Tile `place` of two, whose first output is (y, x). */
static void transform_inputs(const plan *p, int32_t place, int32_t y, int32_t x)
{
    const bnn_layer *layer = p->layer;
    const int32_t element_step = TILES * p->channels, offset = layer->input_offset;
    const int8_t *pixels[16];
    int32_t *to = p->inputs + place;

    for (int32_t n = 0; n < 16; n++) {
        const int32_t row = y - layer->pad_top + (n >> 2), column = x - layer->pad_left + (n & 3);
        const int32_t inside = row >= 0 && row < layer->in_h && column >= 0 && column < layer->in_w;

        pixels[n] = inside ? (const int8_t *)layer->input + (row * layer->in_w + column) * layer->in_c : p->nothing;
    }
    for (int32_t c = 0; c < layer->in_c; c++, to += TILES) {
        int32_t t[16], *row = to;

        for (int32_t j = 0; j < 4; j++)
            mix_inputs(pixels[j][c] + offset, pixels[4 + j][c] + offset, pixels[8 + j][c] + offset,
                       pixels[12 + j][c] + offset, t + j, 4);
        for (int32_t i = 0; i < 4; i++, row += 4 * element_step)
            mix_inputs(t[4 * i], t[4 * i + 1], t[4 * i + 2], t[4 * i + 3], row, element_step);
    }
}

static void multiply(const plan *p)
{
    for (int32_t e = 0; e < ELEMENTS; e++) {
        const int32_t *inputs = p->inputs + e * TILES * p->channels, *weights = p->weights + e * OUTPUTS * p->channels;
        int32_t *sums = p->sums + e * SUMS;

        for (int32_t o = 0; o < p->count; o += GROUP) {
            sum_group(inputs, weights, inputs + TILES * p->channels, sums);
            weights += GROUP * p->channels;
            sums += GROUP * TILES;
        }
    }
}

/* Outputs of tile `place`, whose first is (y, x). */
static void finish_tile(const plan *p, int32_t place, int32_t y, int32_t x)
{
    const bnn_layer *layer = p->layer;
    const int32_t out_c = layer->out_c, out_row = layer->out_w * out_c;
    int8_t *output = (int8_t *)layer->output + y * out_row + x * out_c + p->first;
    const int32_t right = x + 1 < layer->out_w, down = y + 1 < layer->out_h;

    for (int32_t o = 0; o < p->count; o++, output++) {
        const bnn_channel after = bnn_channel_of(layer, p->first + o);
        const int32_t bias = layer->bias[p->first + o], *m = p->sums + TILES * o + place;
        int32_t a[4], b[4];

        for (int32_t i = 0; i < 4; i++, m += 4 * SUMS) {
            a[i] = m[0] + m[SUMS] + m[2 * SUMS];
            b[i] = m[SUMS] - m[2 * SUMS] - m[3 * SUMS];
        }
        output[0] = bnn_channel_output(&after, ((a[0] + a[1] + a[2]) >> 2) + bias);
        if (right)
            output[out_c] = bnn_channel_output(&after, ((b[0] + b[1] + b[2]) >> 2) + bias);
        if (down)
            output[out_row] = bnn_channel_output(&after, ((a[1] - a[2] - a[3]) >> 2) + bias);
        if (right && down)
            output[out_row + out_c] = bnn_channel_output(&after, ((b[1] - b[2] - b[3]) >> 2) + bias);
    }
}

/* Two tiles side by side; a row's last may be alone. */
static void tiles_of_row(const plan *p, int32_t y)
{
    const int32_t out_w = p->layer->out_w;

    for (int32_t x = 0; x < out_w; x += 2 * TILES) {
        transform_inputs(p, 0, y, x);
        if (x + 2 < out_w)
            transform_inputs(p, 1, y, x + 2);
        multiply(p);
        finish_tile(p, 0, y, x);
        if (x + 2 < out_w)
            finish_tile(p, 1, y, x + 2);
    }
}

void conv2d_int8_winograd_words(const bnn_layer *layer)
{
    plan p = {.layer = layer, .channels = (layer->in_c + 3) & ~3};

    p.sums = layer->scratch;
    p.weights = p.sums + ELEMENTS * SUMS;
    p.inputs = p.weights + ELEMENTS * OUTPUTS * p.channels;
    p.nothing = (int8_t *)(p.inputs + ELEMENTS * TILES * p.channels);
    for (int32_t c = 0; c < layer->in_c; c++)
        p.nothing[c] = (int8_t)-layer->input_offset;
    for (int32_t n = 0; n < ELEMENTS * TILES * p.channels; n++)
        p.inputs[n] = 0;
    for (; p.first < layer->out_c; p.first += OUTPUTS) {
        p.count = layer->out_c - p.first;
        p.count = p.count < OUTPUTS ? p.count : OUTPUTS;
        transform_weights(&p);
        for (int32_t y = 0; y < layer->out_h; y += 2)
            tiles_of_row(&p, y);
    }
}
