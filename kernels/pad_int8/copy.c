/* ---
operator: Pad_int8
variant: copy
idea: rows are copied by words; what lies between two of them (the right and the left frame) is one fill
registers: four words, two pointers, the count
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"
#include "copy.h"

void pad_int8_copy(const bnn_layer *layer)
{
    const uint8_t *from = layer->input;
    uint8_t *to = layer->output, *end = to + layer->out_h * layer->out_w * layer->out_c;
    int32_t row_bytes = layer->in_w * layer->in_c, out_row_bytes = layer->out_w * layer->out_c;
    int32_t fill_bytes = layer->pad_top * out_row_bytes + layer->pad_left * layer->in_c;

    for (int32_t y = 0; y < layer->in_h; y++) {
        bnn_fill_bytes(to, layer->output_offset, fill_bytes);
        to += fill_bytes;
        bnn_copy_bytes(to, from, row_bytes);
        to += row_bytes;
        from += row_bytes;
        fill_bytes = out_row_bytes - row_bytes;
    }
    bnn_fill_bytes(to, layer->output_offset, (int32_t)(end - to));
}
