/* kernels/bbconv2d/bitsliced_tables.c on a small layer. */
#include "bbconv2d_call.h"

void bbconv2d_bitsliced_tables(const bnn_layer *layer);
void call_bitsliced_tables(void *buffer, uint32_t n);

void call_bitsliced_tables(void *buffer, uint32_t n)
{
    (void)n;
    call_bbconv2d(bbconv2d_bitsliced_tables, buffer);
}
