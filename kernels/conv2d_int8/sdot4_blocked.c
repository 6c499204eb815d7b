/* ---
operator: Conv2D_int8
variant: sdot4_blocked
idea: >-
  for a dot product of four bytes. Windows of three output pixels are copied, word by word side by side, taps outside
  the image as zero points; then three pixels by two outputs per step, five adjacent loads for six operations (24
  products), unrolled 32 steps, entered in the middle for the remainder. The zero point is taken out of the sums, as its
  product with the sum of a filter's weights, which is part of the bias. Requantization by SMMLAR in the same assembly.
  Weights are 8 bits in flash.
registers: six sums, three inputs, two weights, two pointers, the turns; the rest on the stack
needs: [sdot4, dsp]
fixed_time: true
weights: int8 O/2 Y XC/4 O%2 XC%4
scratch_bytes: 12 * kernel_h * ((kernel_w * in_c + 3) // 4) + 56 * ((out_c + 1) // 2)
--- */
#include "bnn_layer.h"
#include "int8_bytes.h"
#include "sdot4_threes.h"

void conv2d_int8_sdot4_blocked(const bnn_layer *layer)
{
    const int32_t run_words = (layer->kernel_w * layer->in_c + 3) / 4, words = run_words * layer->kernel_h;
    uint32_t *patch = layer->scratch;
    bnn_smlad_row *rows = (bnn_smlad_row *)(void *)(patch + BNN_PIXELS * words);
    void *spare = rows + (layer->out_c + 1) / 2;
    int8_t *output = layer->output;
    int32_t filled = 0, fits;
    bnn_smlad_job job = sdot4_start(layer, rows, words, &fits);

    job.patch = patch;
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            bnn_put_window(layer, patch + filled, y, x, run_words, BNN_PIXELS);
            if (++filled == BNN_PIXELS) {
                bnn_smlad_pixels(layer, &sdot4_kind, &job, words, fits, spare, filled, output);
                output += BNN_PIXELS * layer->out_c;
                filled = 0;
            }
        }
    if (filled > 0)
        bnn_smlad_pixels(layer, &sdot4_kind, &job, words, fits, spare, filled, output);
    if (fits)
        bnn_clamp_output(layer);
}
