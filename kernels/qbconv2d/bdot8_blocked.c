/* ---
operator: QBConv2D
variant: bdot8_blocked
idea: >-
  for an instruction that adds or subtracts four bytes. A pixel by four outputs: eight words of activations and four of
  weights, which have the signs of 32 taps each, are 14 cycles of loads for 32 operations. Weights are put in the order
  of the loads at the start of every call. The bytes that a kernel row meets are filled up with zeros to four words, and
  copied once per image row for every column of outputs, into strips in which the windows of the
  following rows of outputs are neighbouring words, too.
registers: four sums, four words of weights, four of activations, two pointers; the rest on the stack
needs: [bdot8, thumb2]
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 + (out_c + 3) // 4 * 16 * (2 + (kernel_h * ((kernel_w * in_c + 15) // 16) + 1) // 2)
  + out_w * 32 * kernel_h * ((kernel_w * in_c + 15) // 16)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#include "bnn_layer.h"
#include "byte_strips.h"
#include "subset_sums.h"
#include "weight_stream.h"

#define DOT(sum, x, w, k) "bnnsim_bdot8 " #sum ", " #x ", " #w ", " #k "\n\t"

extern const char qbconv2d_bdot8_top[];

__attribute__((naked, noinline)) static void run(stream_job *job __attribute__((unused)))
{
    STREAM_ROUTINE("qbconv2d_bdot8_top", DOT);
}

/* The signs of each kernel row, 16 for each four words, so that the last ones end a weight word. */
static void pack_signs(const bnn_layer *layer, uint32_t *stream, int32_t words, int32_t row_halves)
{
    const int32_t run_taps = layer->kernel_w * layer->in_c, halves = layer->kernel_h * row_halves;
    int32_t at = 0;

    for (int32_t o = 0; o < layer->out_c; o++) {
        int32_t half = halves & 1;

        if (half)
            *stream_weight(stream, words, o, 0) = 0;
        for (int32_t ky = 0; ky < layer->kernel_h; ky++)
            for (int32_t tap = 0; tap < run_taps; tap += 16, half++) {
                const int32_t taps = run_taps - tap < 16 ? run_taps - tap : 16;
                const uint32_t signs = weight_bits(layer->weights, at, taps);
                uint32_t *const to = stream_weight(stream, words, o, half >> 1);

                *to = half & 1 ? *to | signs << 16 : signs;
                at += taps;
            }
    }
}

void qbconv2d_bdot8_blocked(const bnn_layer *layer)
{
    const int32_t row_halves = (layer->kernel_w * layer->in_c + 15) / 16, halves = layer->kernel_h * row_halves;
    const int32_t words = (halves + 1) / 2;
    uint32_t *const stream = layer->scratch, *out = layer->output;
    bnn_strips s =
        bnn_start_strips(layer, stream + (layer->out_c + 3) / 4 * record_words(words) + 8, 1, 4 * row_halves, 0);
    stream_job job = {.entry = stream_entry(qbconv2d_bdot8_top, halves), .strip_bytes = 4 * (uint32_t)s.strip_words};

    stream_thresholds(layer, stream, words);
    pack_signs(layer, stream, words, row_halves);
    for (int32_t y = 0; y < layer->out_h; y++, out += layer->out_w * layer->out_words) {
        const int32_t row = y * layer->stride_h - layer->pad_top;
        const uint32_t *const window = bnn_windows(layer, &s, row, row + layer->kernel_h, 1, 1);

        for (int32_t word = 0; word < layer->out_words; word++) {
            stream_outputs(layer, &job, stream, words, word);
            job.window = window;
            job.end = window + 4 * halves;
            job.pixels = layer->out_w;
            job.out = out + word;
            run(&job);
        }
    }
}
