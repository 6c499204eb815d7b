/* ---
operator: Conv2D_int8
variant: sdot4_strips
idea: >-
  as sdot4_blocked, but windows are not copied one by one. The bytes that a kernel row meets are copied once per image
  row for every column of outputs, into strips of three columns in which the windows of the following rows of outputs
  are neighbouring words, too. For few channels, where copies of a window would be short and crooked.
registers: six sums, three inputs, two weights, two pointers, the turns; the rest on the stack
needs: [sdot4, dsp]
fixed_time: true
weights: int8 O/2 Y XC/4 O%2 XC%4
scratch_bytes: 56 * ((out_c + 1) // 2) + (out_w + 2) // 3 * 24 * kernel_h * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#include "bnn_layer.h"
#include "byte_strips.h"
#include "sdot4_threes.h"

void conv2d_int8_sdot4_strips(const bnn_layer *layer)
{
    const int32_t run_words = bnn_run_words(layer), words = run_words * layer->kernel_h;
    const int32_t pairs = (layer->out_c + 1) / 2;
    bnn_smlad_row *rows = layer->scratch;
    int32_t *const spare = (int32_t *)(void *)(rows + pairs);
    int8_t *output = layer->output;
    int32_t fits;
    bnn_smlad_job job = sdot4_start(layer, rows, words, &fits);
    bnn_strips s =
        bnn_start_strips(layer, spare + 2 * BNN_PIXELS * pairs, BNN_PIXELS, run_words, -layer->input_offset);

    for (int32_t y = 0; y < layer->out_h; y++) {
        const int32_t row = y * layer->stride_h - layer->pad_top;

        job.patch = bnn_windows(layer, &s, row, row + layer->kernel_h, BNN_PIXELS, 0);
        for (int32_t rest = layer->out_w; rest > 0; rest -= BNN_PIXELS, job.patch += s.strip_words) {
            const int32_t count = rest < BNN_PIXELS ? rest : BNN_PIXELS;

            bnn_smlad_pixels(layer, &sdot4_kind, &job, words, fits, spare, count, output);
            output += count * layer->out_c;
        }
    }
    if (fits)
        bnn_clamp_output(layer);
}
