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

/* Pixels of whole words. */
BNN_NOINLINE void copy_words(uint32_t *to, const uint32_t *from, int32_t words, int32_t skip_words, int32_t pixels)
{
    for (; pixels > 0; pixels--, to += skip_words) {
        int32_t n = words;

        for (; n >= 4; n -= 4)
            BNN_COPY4(to, from);
        for (; n > 0; n--) {
            *to++ = *from++;
            BNN_KEEP_LOOP();
        }
    }
}

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

        output += bytes;
        if ((((uintptr_t)to | (uintptr_t)from | (uint32_t)bytes | (uint32_t)out_bytes) & 3) == 0) {
            copy_words((uint32_t *)(void *)to, (const uint32_t *)(const void *)from, bytes >> 2,
                       (out_bytes - bytes) >> 2, pixels);
            continue;
        }
        for (int32_t pixel = 0; pixel < pixels; pixel++, from += bytes, to += out_bytes)
            bnn_copy_bytes(to, from, bytes);
    }
}
