/* ---
operator: QBConv2D
variant: bsdot_planes
idea: >-
  for a bit-serial dot product. Every window is turned into bit planes, 32 taps by eight bits at a time in three rounds
  of exchanges; an output subtracts the bits in which each plane differs from its weights, at the plane's place, from
  255 times the number of its weights that are +1. Then as bdot8_blocked: a pixel by four outputs, eight planes and four
  words of weights are 14 cycles of loads for 32 operations. The number of operations is bdot8's when weights fill their
  words; the planes come on top.
registers: four sums, four words of weights, four of planes, two pointers; the rest on the stack
needs: [bsdot, thumb2]
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 + (out_c + 3) // 4 * 16 * (2 + (kernel_h * ((kernel_w * in_c + 3) // 4) + 7) // 8)
  + out_w * 32 * ((kernel_h * ((kernel_w * in_c + 3) // 4) + 7) // 8)
  + out_w * 8 * kernel_h * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#include "bnn_layer.h"
#include "byte_strips.h"
#include "tap_bits.h"
#include "weight_stream.h"

enum { SUBTRACT = 8, DIFFERING = 16, BLOCK = 8 /* words of a window whose bits make planes of 32 taps */ };

#define DOT(sum, x, w, k) "bnnsim_bsdot " #sum ", " #x ", " #w ", 24+" #k "\n\t" /* SUBTRACT + DIFFERING + k */

extern const char qbconv2d_bsdot_top[];

__attribute__((naked, noinline)) static void run(stream_job *job __attribute__((unused)))
{
    STREAM_ROUTINE("qbconv2d_bsdot_top", DOT);
}

/* Byte b of word i: its bit p becomes bit 8 * b + i of plane p. words: of the input, zeros follow. */
BNN_INLINE void make_block(const uint32_t *in, int32_t words, uint32_t *planes)
{
    uint32_t x[BLOCK];

    for (int32_t i = 0; i < BLOCK; i++)
        x[i] = i < words ? in[i] : 0;
    for (int32_t i = 0; i < BLOCK; i += 2)
        EXCHANGE(x[i], x[i + 1], 1, 0x55555555u);
    for (int32_t i = 0; i < BLOCK; i++)
        if (!(i & 2))
            EXCHANGE(x[i], x[i + 2], 2, 0x33333333u);
    for (int32_t i = 0; i < BLOCK / 2; i++)
        EXCHANGE(x[i], x[i + 4], 4, 0x0f0f0f0fu);
    for (int32_t i = 0; i < BLOCK; i++)
        planes[i] = x[i];
}

/* A window's planes; returns where the next ones go. */
BNN_NOINLINE uint32_t *make_planes(const uint32_t *in, int32_t words, uint32_t *planes)
{
    for (; words >= BLOCK; words -= BLOCK, in += BLOCK, planes += BLOCK)
        make_block(in, BLOCK, planes);
    if (words <= 0)
        return planes;
    make_block(in, words, planes);
    return planes + BLOCK;
}

typedef struct {
    uint32_t *stream;
    int32_t words;
} plane_weights;

/* The weights of word i of a window, in the order of the planes' bits. Sums start with 255 for each that is +1. */
static inline void put_signs(void *context, int32_t output, int32_t i, uint32_t taps __attribute__((unused)),
                             uint32_t signs)
{
    const plane_weights *const w = context;

    *stream_weight(w->stream, w->words, output, i / BLOCK) |= signs << i % BLOCK;
    w->stream[(output >> 2) * record_words(w->words) + (output & 3)] += 255 * (signs * 0x01010101u >> 24);
}

void qbconv2d_bsdot_planes(const bnn_layer *layer)
{
    const int32_t row_words = bnn_run_words(layer), window_words = layer->kernel_h * row_words;
    const int32_t words = (window_words + BLOCK - 1) / BLOCK;
    uint32_t *const stream = layer->scratch, *const planes = stream + (layer->out_c + 3) / 4 * record_words(words) + 8;
    bnn_strips s = bnn_start_strips(layer, planes + layer->out_w * BLOCK * words, 1, row_words, 0);
    stream_job job = {.entry = stream_entry(qbconv2d_bsdot_top, 2 * words), .strip_bytes = 4 * BLOCK * (uint32_t)words};
    plane_weights w = {stream, words};
    uint32_t *out = layer->output;

    bnn_fill_bytes((uint8_t *)stream, 0, (layer->out_c + 3) / 4 * 4 * record_words(words));
    stream_thresholds(layer, stream, words);
    for_each_word(layer, &w, put_signs);
    for (int32_t y = 0; y < layer->out_h; y++, out += layer->out_w * layer->out_words) {
        const int32_t row = y * layer->stride_h - layer->pad_top;
        const uint32_t *window = bnn_windows(layer, &s, row, row + layer->kernel_h, 1, 1);
        uint32_t *to = planes;

        for (int32_t x = 0; x < layer->out_w; x++, window += s.strip_words)
            to = make_planes(window, window_words, to);
        for (int32_t word = 0; word < layer->out_words; word++) {
            stream_outputs(layer, &job, stream, words, word);
            job.window = planes;
            job.end = planes + BLOCK * words;
            job.pixels = layer->out_w;
            job.out = out + word;
            run(&job);
        }
    }
}
