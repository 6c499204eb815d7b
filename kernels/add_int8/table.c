/* ---
operator: Add_int8
variant: table
idea: >-
  the input of the larger scale is scaled by exactly 1/2, so a shift does; what the other one adds is a constant of 256
  entries. Then one product for the sum, SMMLAR where the core has it, four elements from words.
registers: two words, an element, the sum, four constants, the table, three pointers, the count
needs: []
fixed_time: true
looks_up_in: weights
constants: table
supports: out_exponent < 0 and out_exponent > -24
--- */
#include "int8_pair.h"

/* layer->operands */
typedef struct {
    int32_t second_exact; /* whether the second input is the one of the larger scale, */
    int32_t base;         /* minus whose zero point * 2^20 */
    int32_t one_pixel;    /* of the second input */
    int32_t unused;
    int32_t addend[256];  /* twice what the other input adds, by its byte */
} add_table;

/* exact and other: the inputs of the larger and of the smaller scale */
BNN_NOINLINE void add_elements(const bnn_layer *layer, const int8_t *exact, const int8_t *other, int8_t *output,
                               int32_t count)
{
    const add_table *table = (const add_table *)(const void *)layer->operands;
    const bnn_output_scale scale = bnn_output_scale_of(layer);
    const uint8_t *index = (const uint8_t *)other;
    int32_t base = table->base;

#ifdef __thumb2__
#define ADD_BYTE(n)                                                                                                  \
    BNN_INSERT_BYTE(x, n, bnn_scaled_output(scale, base + (int32_t)((uint32_t)(int8_t)(x >> (8 * (n))) << 20)        \
                                                       + table->addend[y >> (8 * (n)) & 0xff]))
    for (; count >= BNN_LANES; count -= BNN_LANES, exact += BNN_LANES, index += BNN_LANES, output += BNN_LANES) {
        uint32_t x = bnn_load_lanes(exact), y = bnn_load_lanes((const int8_t *)index);

        ADD_BYTE(0);
        ADD_BYTE(1);
        ADD_BYTE(2);
        ADD_BYTE(3);
        bnn_store_lanes(output, x);
    }
#endif
    for (; count > 0; count--) {
        int32_t u = base + (int32_t)((uint32_t)*exact++ << 20) + table->addend[*index++];

        *output++ = (int8_t)bnn_scaled_output(scale, u);
    }
}

static void add_run(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count)
{
    if (((const add_table *)(const void *)layer->operands)->second_exact)
        add_elements(layer, b, a, output, count);
    else
        add_elements(layer, a, b, output, count);
}

void add_int8_table(const bnn_layer *layer)
{
    bnn_pair(layer, ((const add_table *)(const void *)layer->operands)->one_pixel, add_run);
    bnn_limit_output(layer);
}
