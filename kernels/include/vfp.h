/* What kernels in assembly for the FPU share: products, sums and clamps of single-precision registers. On a Cortex-M4
 * an instruction that uses the result of the one before it waits a cycle, on a Cortex-M7 two: the macros for four put
 * independent ones between. */
#ifndef BNN_VFP_H
#define BNN_VFP_H
#include <stdint.h>
#include "float32.h"

/* Clamp of a fused activation, as assembly reads it. */
typedef struct {
    uint32_t clamps; /* 0: bit 0 by min, bit 1 by max */
    float min, max;  /* 4, 8 */
} bnn_vfp_clamp;

BNN_INLINE bnn_vfp_clamp bnn_vfp_clamp_of(const bnn_layer *layer)
{
    const bnn_vfp_clamp c = {bnn_clamps(layer), layer->act_min, layer->act_max};
    return c;
}

/* Registers are named by their numbers. Four products; four sums; four products added to sums, both rounded. */
#define BNN_VFP_PRODUCTS(p0, p1, p2, p3, a0, a1, a2, a3, b0, b1, b2, b3)                  \
    "vmul.f32 s" #p0 ", s" #a0 ", s" #b0 "\n\tvmul.f32 s" #p1 ", s" #a1 ", s" #b1 "\n\t" \
    "vmul.f32 s" #p2 ", s" #a2 ", s" #b2 "\n\tvmul.f32 s" #p3 ", s" #a3 ", s" #b3 "\n\t"
#define BNN_VFP_MLA_FOUR(p0, p1, p2, p3, a0, a1, a2, a3, b0, b1, b2, b3)                  \
    "vmla.f32 s" #p0 ", s" #a0 ", s" #b0 "\n\tvmla.f32 s" #p1 ", s" #a1 ", s" #b1 "\n\t" \
    "vmla.f32 s" #p2 ", s" #a2 ", s" #b2 "\n\tvmla.f32 s" #p3 ", s" #a3 ", s" #b3 "\n\t"
#define BNN_VFP_ADD_FOUR(a0, a1, a2, a3, b0, b1, b2, b3)                                   \
    "vadd.f32 s" #a0 ", s" #a0 ", s" #b0 "\n\tvadd.f32 s" #a1 ", s" #a1 ", s" #b1 "\n\t" \
    "vadd.f32 s" #a2 ", s" #a2 ", s" #b2 "\n\tvadd.f32 s" #a3 ", s" #a3 ", s" #b3 "\n\t"

/* s16 in place of a number that is less (mi) or greater (gt). */
#define BNN_VFP_LIMIT(condition, s)                                    \
    "vcmp.f32 s" #s ", s16\n\tvmrs APSR_nzcv, fpscr\n\t"               \
    "it " condition "\n\tvmov" condition ".f32 s" #s ", s16\n\t"
#define BNN_VFP_LIMIT_TWO(condition, a, b) BNN_VFP_LIMIT(condition, a) BNN_VFP_LIMIT(condition, b)
#define BNN_VFP_LIMIT_FOUR(condition, a, b, c, d) \
    BNN_VFP_LIMIT_TWO(condition, a, b) BNN_VFP_LIMIT_TWO(condition, c, d)
#define BNN_VFP_LIMIT_EIGHT(condition, a, b, c, d, e, f, g, h) \
    BNN_VFP_LIMIT_FOUR(condition, a, b, c, d) BNN_VFP_LIMIT_FOUR(condition, e, f, g, h)
/* clamp: register of a bnn_vfp_clamp's address; below, above: limits. Changes r0 and s16. */
#define BNN_VFP_CLAMP(clamp, below, above)                                             \
    "ldr.w r0, [" clamp "]\n\t"                                                        \
    "tst.w r0, #1\n\tbeq.w 8f\n\tvldr s16, [" clamp ", #4]\n\t" below "\n"             \
    "8:\n\ttst.w r0, #2\n\tbeq.w 9f\n\tvldr s16, [" clamp ", #8]\n\t" above "\n"       \
    "9:\n\t"
#define BNN_VFP_CLAMP_EIGHT(clamp)                                                     \
    BNN_VFP_CLAMP(clamp, BNN_VFP_LIMIT_EIGHT("mi", 0, 1, 2, 3, 4, 5, 6, 7),            \
                  BNN_VFP_LIMIT_EIGHT("gt", 0, 1, 2, 3, 4, 5, 6, 7))

#define BNN_VFP_CLOBBERS                                                                                        \
    "cc", "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",     \
        "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", \
        "s29", "s30", "s31"
#endif
