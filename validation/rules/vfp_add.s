        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_add
        iterate
        vadd.f32 s0, s1, s2
        done    vfp_add
