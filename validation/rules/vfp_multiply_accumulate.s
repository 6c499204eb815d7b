        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_multiply_accumulate
        iterate
        vmla.f32 s0, s1, s2
        done    vfp_multiply_accumulate
