/* ---
operator: AveragePool2D_float32
variant: vfp_eight
idea: eight channels of a tap at a time, loaded by one instruction; the rest one by one; windows whose number of taps
  is a power of two are multiplied by its inverse, which is the same
registers: s0 to s7 sums, s8 to s15 a tap's values
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"

#define BNN_POOL_START                                                                          \
    "mov.w r0, #0\n\t"                                                                          \
    "vmov s0, r0\n\tvmov s1, r0\n\tvmov s2, r0\n\tvmov s3, r0\n\t"                              \
    "vmov s4, r0\n\tvmov s5, r0\n\tvmov s6, r0\n\tvmov s7, r0\n\t"
#define BNN_POOL_TAP BNN_VFP_ADD_FOUR(0, 1, 2, 3, 8, 9, 10, 11) BNN_VFP_ADD_FOUR(4, 5, 6, 7, 12, 13, 14, 15)
#define DIVIDE(y) "vdiv.f32 s" #y ", s" #y ", s8\n\t"
#define BNN_POOL_END                                                                            \
    "ldr.w r0, [%0, #28]\n\t"                                                                   \
    "cmp.w r0, #0\n\tbeq.w 3f\n\tvmov s8, r0\n\t"                                               \
    BNN_VFP_PRODUCTS(0, 1, 2, 3, 0, 1, 2, 3, 8, 8, 8, 8)                                        \
    BNN_VFP_PRODUCTS(4, 5, 6, 7, 4, 5, 6, 7, 8, 8, 8, 8)                                        \
    "b.w 4f\n"                                                                                  \
    "3:\n\tvldr s8, [%0, #24]\n\t"                                                              \
    DIVIDE(0) DIVIDE(1) DIVIDE(2) DIVIDE(3) DIVIDE(4) DIVIDE(5) DIVIDE(6) DIVIDE(7) "\n"        \
    "4:\n\t"

#include "vfp_pool.h"

static float bnn_pool_start(void)
{
    return 0;
}

static float bnn_pool_tap(float y, float x)
{
    return y + x;
}

static float bnn_pool_end(float y, float count)
{
    return y / count;
}

void averagepool2d_float32_vfp_eight(const bnn_layer *layer)
{
    bnn_pool_channels(layer);
}
