/* ---
operator: Concatenation_int8
variant: copy
idea: each input's pixels are copied by words to their places between those of the others; words of the
  destination are put together from two of the source where they lie at different alignments
registers: four words, two pointers, the count
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"
#include "copy.h"

void concatenation_int8_copy(const bnn_layer *layer)
{
    const uint8_t *const *inputs = (const uint8_t *const *)layer->inputs;
    int32_t pixels = layer->out_h * layer->out_w;
    int32_t out_bytes = layer->out_words ? 4 * layer->out_words : layer->out_c * layer->out_bytes;
    uint8_t *output = layer->output;

    for (int32_t n = 0; n < layer->input_count; n++) {
        const uint8_t *from = inputs[n];
        int32_t bytes = layer->operands[n];
        uint8_t *to = output;

        for (int32_t pixel = 0; pixel < pixels; pixel++, from += bytes, to += out_bytes)
            bnn_copy_bytes(to, from, bytes);
        output += bytes;
    }
}
