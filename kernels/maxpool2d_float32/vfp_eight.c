/* ---
operator: MaxPool2D_float32
variant: vfp_eight
idea: eight channels of a tap at a time, loaded by one instruction; the rest one by one
registers: s0 to s7 greatest values, s8 to s15 a tap's
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"

#define GREATER(y, x)                                                   \
    "vcmp.f32 s" #x ", s" #y "\n\tvmrs APSR_nzcv, fpscr\n\t"            \
    "it gt\n\tvmovgt.f32 s" #y ", s" #x "\n\t"
#define BNN_POOL_START                                                                          \
    "mvn.w r0, #0\n\tlsl.w r0, r0, #23\n\t" /* minus infinity */                                  \
    "vmov s0, r0\n\tvmov s1, r0\n\tvmov s2, r0\n\tvmov s3, r0\n\t"                              \
    "vmov s4, r0\n\tvmov s5, r0\n\tvmov s6, r0\n\tvmov s7, r0\n\t"
#define BNN_POOL_TAP                                                    \
    GREATER(0, 8) GREATER(1, 9) GREATER(2, 10) GREATER(3, 11)           \
    GREATER(4, 12) GREATER(5, 13) GREATER(6, 14) GREATER(7, 15)
#define BNN_POOL_END ""

#include "vfp_pool.h"

static float bnn_pool_start(void)
{
    return bnn_float_of(0xff800000u);
}

static float bnn_pool_tap(float y, float x)
{
    return bnn_if_greater(x, y, x, y);
}

static float bnn_pool_end(float y, float count)
{
    (void)count;
    return y;
}

void maxpool2d_float32_vfp_eight(const bnn_layer *layer)
{
    bnn_pool_channels(layer);
}
