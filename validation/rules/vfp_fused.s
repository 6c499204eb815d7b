        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_fused
        iterate
        vfma.f32 s0, s1, s2
        done    vfp_fused
