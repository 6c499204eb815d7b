        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_divide
        iterate
        vdiv.f32 s0, s1, s2
        done    vfp_divide
