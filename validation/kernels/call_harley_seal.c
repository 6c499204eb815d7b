/* kernels/bbconv2d/harley_seal.c on a small layer. */
#include "bbconv2d_call.h"

void bbconv2d_harley_seal(const bnn_layer *layer);
void call_harley_seal(void *buffer, uint32_t n);

void call_harley_seal(void *buffer, uint32_t n)
{
    (void)n;
    call_bbconv2d(bbconv2d_harley_seal, buffer);
}
