        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_square_root
        iterate
        vsqrt.f32 s0, s1
        done    vfp_square_root
