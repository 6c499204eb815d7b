        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_load_accumulate
        iterate
        vldr    s0, [r2]
        vmla.f32 s1, s2, s3
        done    vfp_load_accumulate
