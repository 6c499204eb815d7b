/* ---
operator: Reshape_int8
variant: copy
idea: one copy of all bytes, by words; also of packed tensors, whose words stay the same
registers: four words, two pointers, the count
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"
#include "copy.h"

void reshape_int8_copy(const bnn_layer *layer)
{
    int32_t pixel_bytes = layer->in_words ? 4 * layer->in_words : layer->in_c * layer->in_bytes;

    bnn_copy_bytes(layer->output, layer->input, layer->in_h * layer->in_w * pixel_bytes);
}
