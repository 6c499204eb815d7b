/* kernels/bbconv2d/faithful.c on a small layer. */
#include "bbconv2d_call.h"

void bbconv2d_faithful(const bnn_layer *layer);
void call_faithful(void *buffer, uint32_t n);

void call_faithful(void *buffer, uint32_t n)
{
    (void)n;
    call_bbconv2d(bbconv2d_faithful, buffer);
}
